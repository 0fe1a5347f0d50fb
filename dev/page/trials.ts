/** The buttons that make something go wrong, to see what the client does about it. */

import { functionState, revokeToken, setFunctionState } from "./control.ts";
import type { FunctionState } from "./control.ts";
import type { Log } from "./log.ts";
import { announce, disableDuring, find, type Step } from "./view.ts";

/** What the trials act on. */
export interface TrialsOptions {
  step: Step;
  log: Log;
  /** The id of the token that is shown; without one there is nothing to revoke. */
  jti(): string | undefined;
  /** Who can sign in, and who is not signed in here comes first. */
  others(): string[];
  /** The function mints in another way from now on. */
  switched(): void;
}

type State = FunctionState["state"];

/** How each state of the function is told. */
const WORDS: Record<State, string> = {
  "api-key": "The function mints with an API key: Behest signs",
  local: "The function mints with a signing key: it signs by itself",
  down: "The function is down",
};

/** Makes the switch of the mode and the trials work. */
export function makeTrials({ step, log, jti, others, switched }: TrialsOptions): void {
  const down = find<HTMLButtonElement>("down");
  const mode = find<HTMLFieldSetElement>("mode");
  /** As the stack last told it; another tab may have changed it since. */
  let known: State = "api-key";
  /** What comes back when the function is brought up. */
  let minting: State = known;
  let reads = 0;
  let busy = false;

  const show = () => {
    const isDown = known === "down";
    if (!isDown) minting = known;
    down.textContent = isDown ? "Bring the function up" : "Take the function down";
    down.ariaPressed = String(isDown);
    for (const radio of mode.querySelectorAll("input")) radio.checked = radio.value === minting;
    mode.disabled = busy || isDown;
  };

  /** Of two reads the later one knows better. A stack that does not answer has changed nothing. */
  const read = async () => {
    const own = ++reads;
    const { state } = await functionState().catch(() => ({ state: known }));
    if (own !== reads) return;
    known = state;
    show();
  };

  /** @returns whether it was done */
  const set = async (state: State) => {
    let done = false;
    busy = true;
    await disableDuring([mode, down], async () => {
      await step.run(async () => {
        await setFunctionState({ state });
        done = true;
        log.add("trial", WORDS[state]);
      });
      if (done) announce(WORDS[state]);
      await read();
    });
    busy = false;
    show();
    return done;
  };

  mode.addEventListener("change", async (event) => {
    const { value } = event.target as HTMLInputElement;
    if (await set(value as State)) switched();
  });

  down.addEventListener("click", () => set(known === "down" ? minting : "down"));

  find("revoke").addEventListener("click", () =>
    step.run(async () => {
      await revokeToken(jti()!);
      log.add("trial", "The gateway refuses this token from now on");
    }).then((done) => done && announce("The token is revoked at the gateway: send a message.")));

  find("second-tab").addEventListener("click", () => {
    const [other] = others();
    log.add("trial", `A second tab signs in as ${other}`);
    // It needs nothing of this tab: they share the storage alone.
    open(`${location.pathname}?as=${encodeURIComponent(other)}`, "_blank", "noopener");
  });

  // Another tab has no other way to tell, and this one may have lain hidden meanwhile. A page that
  // the stack does not serve has no such controls, and says so when they are used.
  const look = () => {
    if (!document.hidden && !busy) read();
  };
  document.addEventListener("visibilitychange", look);
  // Of a window beside another one, which is never hidden.
  addEventListener("focus", look);
  read();
}
