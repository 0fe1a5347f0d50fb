/** The buttons that make something go wrong, to see what the client does about it. */

import { functionState, revokeToken, setFunctionState } from "./control.ts";
import type { FunctionState } from "./control.ts";
import type { Log } from "./log.ts";
import { announce, find, type Step } from "./view.ts";

/** What the trials act on. */
export interface TrialsOptions {
  step: Step;
  log: Log;
  /** One thing at a time. */
  alone(work: () => Promise<void>): Promise<void>;
  /** The id of the token that is shown, if any. */
  jti(): string | undefined;
  /** Who can sign in, and who is not signed in here comes first. */
  others(): string[];
  /** The function mints in another way from now on. */
  switched(): Promise<void>;
}

/** How each state of the function is told. */
const WORDS: Record<FunctionState, string> = {
  "api-key": "The function mints with an API key: Behest signs",
  local: "The function mints with a signing key: it signs by itself",
  down: "The function is down",
};

/** Makes the switch of the mode and the trials work. */
export function makeTrials({ step, log, alone, jti, others, switched }: TrialsOptions): void {
  const down = find<HTMLButtonElement>("down");
  const modes = [...find("mode").querySelectorAll("input")];
  /** What comes back when the function is brought up. */
  let mode: FunctionState = "api-key";

  const show = (state: FunctionState) => {
    if (state !== "down") mode = state;
    down.textContent = state === "down" ? "Bring the function up" : "Take the function down";
    down.ariaPressed = String(state === "down");
    for (const radio of modes) radio.checked = radio.value === mode;
  };

  const set = async (state: FunctionState) => {
    const done = await step.run(() => setFunctionState(state));
    if (!done) return show(mode);
    show(state);
    log.add("trial", WORDS[state]);
    announce(WORDS[state]);
  };

  find("mode").addEventListener("change", (event) => {
    const { value } = event.target as HTMLInputElement;
    alone(async () => {
      await set(value as FunctionState);
      await switched();
    });
  });

  down.addEventListener(
    "click",
    () => alone(() => set(down.ariaPressed === "true" ? mode : "down")),
  );

  find("revoke").addEventListener("click", () =>
    alone(async () => {
      const done = await step.run(async () => {
        const id = jti();
        if (id === undefined) throw new Error("There is no token yet: sign in first.");
        await revokeToken(id);
      });
      if (!done) return;
      log.add("trial", "The gateway refuses this token from now on");
      announce("The token is revoked at the gateway: send a message.");
    }));

  find("second-tab").addEventListener("click", () => {
    const [other] = others();
    log.add("trial", `A second tab signs in as ${other}`);
    // It needs nothing of this tab: they share the storage alone.
    open(`${location.pathname}?as=${encodeURIComponent(other)}`, "_blank", "noopener");
  });

  // A page that the stack does not serve has no such controls, and says so when they are used.
  functionState().then(show, () => {});
}
