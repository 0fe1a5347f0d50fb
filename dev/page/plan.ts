/** The switch of the user's plan, which plays the billing webhook: what follows, Realtime tells. */

import { setPlan } from "./control.ts";
import type { Log } from "./log.ts";
import { announce, disableDuring, find, type Step } from "./view.ts";

/** What the switch acts on. */
export interface PlanOptions {
  step: Step;
  log: Log;
  /** The plans there are, the lowest first; none where no billing can be played. */
  plans: string[];
  /** Who is signed in. */
  userId(): string | undefined;
}

/** The switch of one page. */
export interface PlanSwitch {
  /** @param tier of the token that is shown, beginning with 1; without one there is no plan to change */
  show(tier: number | undefined): void;
}

/** Makes the switch. */
export function makePlanSwitch({ step, log, plans, userId }: PlanOptions): PlanSwitch {
  const choices = find<HTMLFieldSetElement>("plan");
  find("upgrade").hidden = plans.length === 0;
  const radios = plans.map((plan) => {
    const label = document.createElement("label");
    const radio = document.createElement("input");
    Object.assign(radio, { type: "radio", name: "plan", value: plan });
    label.append(radio, plan);
    choices.append(label);
    return radio;
  });

  choices.addEventListener("change", async (event) => {
    const { value } = event.target as HTMLInputElement;
    await disableDuring([choices], async () => {
      const done = await step.run(async () => {
        await setPlan(userId()!, value);
        log.add("trial", `Billing writes the plan ${value}`);
      });
      if (done) announce(`Billing has written the plan ${value}.`);
    });
  });

  return {
    show(tier) {
      choices.disabled = tier === undefined;
      radios.forEach((radio, index) => radio.checked = index + 1 === tier);
    },
  };
}
