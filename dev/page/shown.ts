/** The token that the page shows, and how long it still lives. */

import type { BehestToken } from "../../client/mod.ts";
import { type Claims, nameOf, readClaims } from "./claims.ts";
import type { PlanSwitch } from "./plan.ts";
import type { Way } from "./settings.ts";
import { find, formatLeft, make, shorten, showFacts, type Step } from "./view.ts";

/** The token of one page. */
export interface ShownToken {
  /** Nothing while none is shown. */
  readonly claims: Claims | undefined;
  show(token: BehestToken, way: Way): Promise<void>;
  /** Whatever it had led to goes with it. */
  forget(): void;
}

/**
 * @param plans by tier
 * @param planSwitch shows the plan that the token is of
 */
export function makeShownToken(step: Step, plans: string[], planSwitch: PlanSwitch): ShownToken {
  const revoke = find<HTMLButtonElement>("revoke");
  let shown: { token: string; claims: Claims } | undefined;
  let countdown: ReturnType<typeof setInterval> | undefined;

  function showClaims(claims: Claims, ttl: number, way: Way): void {
    const { uid, tier, plan, exp, sid, role, iss, kid } = claims;
    const direct = way === "direct";
    planSwitch.show(tier ?? plans.indexOf(String(plan)) + 1);
    const left = make("span", "", "left");
    const tick = () => {
      const seconds = exp - Date.now() / 1000;
      left.textContent = seconds > 0 ? `in ${formatLeft(seconds)}` : "over";
      left.style.setProperty("--share", String(Math.max(0, seconds / ttl)));
    };
    clearInterval(countdown);
    countdown = setInterval(tick, 1000);
    tick();
    showFacts("claims", [
      [nameOf("uid", way), make("code", uid)],
      [nameOf(direct ? "plan" : "tier", way), make("span", `${direct ? plan : tier}`, "tier")],
      ["exp", left],
      [nameOf("sid", way), make("code", sid)],
      ["role", make("code", role)],
      ["iss", make("code", iss)],
      ["kid", make("code", kid)],
    ]);
  }

  return {
    get claims() {
      return shown?.claims;
    },

    async show({ token, ttl }, way) {
      if (token === shown?.token) return;
      const what = way === "direct" ? "Session token" : "Behest token";
      showFacts("minted", [[what, make("code", shorten(token))]]);
      await step.run(() => {
        const claims = readClaims(token, way);
        shown = { token, claims };
        // A session's token has no id by which it could be revoked alone.
        revoke.disabled = !claims.jti;
        showClaims(claims, ttl, way);
      });
    },

    forget() {
      clearInterval(countdown);
      shown = undefined;
      revoke.disabled = true;
      step.reset();
      planSwitch.show(undefined);
      for (const id of ["minted", "claims"]) showFacts(id, []);
      find("timings").replaceChildren();
    },
  };
}
