/** Every way in which an upstream can misbehave on the wire, at each of the four upstreams. */
import assert from "node:assert/strict";
import { STATUS } from "../../support/expect.ts";
import { fastClock } from "../../support/fast_clock.ts";
import { atSite, type Site } from "../../support/site.ts";
import { type Route, ROUTES } from "../../support/upstreams.ts";
import { ENDS, FAULTS } from "../../support/wire_faults.ts";

/** Ten seconds pass in two, which a machine at work has to spare. */
const CLOCK = fastClock(5);

for (const [what, end, fault, times] of FAULTS) {
  const [codes, tries] = ENDS[end];
  Deno.test(`an upstream that ${what} ends ${said(end)}, whichever it is, and harms no later request`, async () => {
    const stages = ROUTES.map((route, index) =>
      atSite(CLOCK, async (site) => {
        site.faulty.set(route, fault, times);
        await expect(site, route, codes[index] ?? "", tries[index] ?? 0);
        site.faulty.heal();
        // A fetch of keys that hung may be in its last moments still, and the next request share it.
        if (end === "late" && route === "jwks") await site.ask();
        const next = await site.ask();
        assert.equal(next.code, "ok", `${route}: afterwards: ${next.text}`);
      })
    );
    // Every stage is cleared up before one that failed is told.
    await Promise.allSettled(stages);
    await Promise.all(stages);
  });
}

function said(end: keyof typeof ENDS): string {
  return ENDS[end][0][3] === "ok" ? "well" : `in ${ENDS[end][0].slice(1).join(", ")}`;
}

/** Asks once, and looks at code, calls and time. */
async function expect(site: Site, route: Route, code: string, tries: number): Promise<void> {
  const answer = await site.ask();
  assert.equal(answer.code, code, `${route}: ${answer.text}`);
  assert.equal(answer.status, STATUS[code], route);
  assert.deepEqual(site.tries, callsOf(route, code === "ok", tries), `${route}: calls`);
  assert.equal(site.faulty.connections[route], tries, `${route}: connections`);
  assert.equal(/hunter2/.test(answer.text + JSON.stringify(site.log)), false, `${route}: a leak`);
  if (answer.status === 503) assert.match(answer.headers.get("Retry-After") ?? "", /^[1-9]\d*$/);
  // Two tries of five seconds at the least, where nothing came; a whole request has ten.
  if (answer.status === 504) assert.ok(answer.ms > 9_500, `${route}: ${answer.ms} ms`);
  assert.ok(answer.ms < 15_000, `${route}: ${answer.ms} ms`);
}

/** Keys, then the user and the plan together, then the token. */
function callsOf(route: Route, ok: boolean, tries: number): Record<Route, number> {
  const calls = { jwks: 1, user: 1, plan: 1, mint: 1 };
  if (!ok && route === "jwks") calls.user = calls.plan = 0;
  if (!ok && route !== "mint") calls.mint = 0;
  return { ...calls, [route]: tries };
}
