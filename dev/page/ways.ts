/** The switch between the ways from a session to Behest, and what each costs, side by side. */

import { type FunctionState, functionState, setFunctionState } from "./control.ts";
import type { Log } from "./log.ts";
import type { Way } from "./settings.ts";
import { announce, disableDuring, find, formatMs, make, type Step } from "./view.ts";
import type { Call } from "./watch.ts";

/** What the switch acts on. */
export interface WaysOptions {
  step: Step;
  log: Log;
  /** Those that this stack has. */
  ways: Way[];
  /** The page's client goes this way from now on. */
  go(way: Way): void;
  /** Gets a token that was not at hand, of a session that is. */
  renew(): Promise<unknown>;
  /** Another way is gone, and its token is to be shown. */
  switched(): void;
}

/** The switch of one page. */
export interface Ways {
  /** The one that is gone. */
  readonly way: Way;
  /** Counts a call of the function. */
  count(call: Call): void;
  /** Nobody is signed in, or somebody is: without a session there is nothing to compare. */
  open(signedIn: boolean): void;
}

/** How often each is gone for the comparison, after once that does not count: it may have to start. */
const ROUNDS = 7;

const WORDS: Record<Way, string> = {
  checked: "The function asks Auth for the user and the table for the plan",
  claims: "The function takes user and plan from the session's claims",
  direct: "No function: the session's own token goes to Behest",
};

/** Makes the switch and the comparison. */
export function makeWays({ step, log, ways, go, renew, switched }: WaysOptions): Ways {
  const choices = find<HTMLFieldSetElement>("way");
  const compare = find<HTMLButtonElement>("compare");
  const mode = find("mode");
  let way: Way = "checked";
  let signedIn = false;
  let calls: Call[] = [];
  choices.hidden = find("ways").hidden = ways.length === 0;

  const show = () => {
    for (const radio of choices.querySelectorAll("input")) radio.checked = radio.value === way;
    mode.hidden = way === "direct";
    const direct = way === "direct";
    const [title, by] = find("step-mint").querySelectorAll("h2, .by");
    title.textContent = direct ? "No mint" : "Mint";
    by.textContent = direct ? "the session's own token" : "Edge Function";
    compare.disabled = !signedIn;
  };

  /** The stack's function is every tab's; whether this one needs it is its own matter. */
  const set = async (wanted: Way) => {
    if (wanted !== "direct") await setFunctionState({ way: wanted });
    way = wanted;
    go(way);
    show();
  };

  choices.addEventListener("change", async (event) => {
    const { value } = event.target as HTMLInputElement;
    await disableDuring([choices, compare], async () => {
      const done = await step.run(() => set(value as Way));
      if (!done) return;
      // How long that took is no matter of the table's.
      step.reset();
      log.add("trial", WORDS[way]);
      announce(WORDS[way]);
      switched();
    });
    show();
  });

  compare.addEventListener("click", async () => {
    await disableDuring([choices, compare], async () => {
      const before = way;
      await step.run(async () => {
        for (const each of ways) {
          await set(each);
          const ms: number[] = [];
          for (let round = 0; round <= ROUNDS; round++) {
            calls = [];
            const begin = performance.now();
            await renew();
            if (round > 0) ms.push(performance.now() - begin);
          }
          showCost(each, hops(calls, (await functionState()).state), median(ms));
        }
      });
      await set(before).catch(() => {});
      switched();
    });
    show();
  });

  show();
  return {
    get way() {
      return way;
    },
    count: (call) => void calls.push(call),
    open(somebody) {
      signedIn = somebody;
      show();
    },
  };
}

/** What was called one after the other, by the steps that the function has told of. */
function hops(calls: Call[], state: FunctionState["state"]): string[] {
  return calls.flatMap(({ timing }) => [
    "function",
    ...(/\b(user|plan);/.test(timing) ? ["Auth and table"] : []),
    ...(state === "api-key" ? ["Behest"] : []),
  ]);
}

function showCost(way: Way, hops: string[], ms: number): void {
  const [calls, count, time] = find("ways").querySelectorAll(`[data-way="${way}"] td`);
  calls.replaceChildren(...(hops.length ? hops : ["none"]).map((hop) => make("span", hop, "hop")));
  count.textContent = String(hops.length);
  time.textContent = formatMs(ms);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
