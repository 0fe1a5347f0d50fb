/** Where nobody listens, where an answer points elsewhere, and where it is about somebody else. */
import assert from "node:assert/strict";
import { fastClock } from "../../support/fast_clock.ts";
import { type Fault, head, right } from "../../support/faulty.ts";
import { makeSigner } from "../../support/keys.ts";
import { atSite } from "../../support/site.ts";
import { type Route, ROUTES } from "../../support/upstreams.ts";

const CLOCK = fastClock(5);
const NAMES: Record<Route, string> = { user: "auth", jwks: "auth", plan: "plan", mint: "behest" };
const OTHER = "5b0f9a52-3f0d-4b5c-9a5e-6a3c0d5f7e10";

for (const route of ROUTES) {
  Deno.test(`${route}: a port where nobody listens is ${NAMES[route]}_unavailable, until somebody does`, async () => {
    await atSite(CLOCK, async ({ ask, refused, tries, faulty }) => {
      refused.add(route);
      const answer = await ask();
      assert.equal(answer.code, `${NAMES[route]}_unavailable`, answer.text);
      assert.equal(answer.status, 503);
      assert.match(answer.headers.get("Retry-After") ?? "", /^[1-9]\d*$/);
      assert.equal(tries[route], route === "mint" ? 3 : 2);
      assert.equal(faulty.connections[route], 0);
      if (route !== "mint") assert.equal(tries.mint, 0);
      refused.clear();
      assert.equal((await ask()).code, "ok");
    });
  });

  for (const status of [301, 302, 303, 307, 308]) {
    Deno.test(`${route}: a ${status} leads neither to another host nor back to the same one`, async () => {
      await atSite(CLOCK, async ({ ask, tries, faulty }) => {
        const code = route === "mint" ? "behest_rejected" : "supabase_rejected";
        for (const target of [faulty.elsewhere, faulty.url]) {
          const before = faulty.connections[route];
          faulty.set(route, async (wire) => {
            const { url } = await wire.request();
            const there = head(`Location: ${target}${url}`, "Content-Length: 0");
            await wire.send(there.replace("200 OK", `${status} Elsewhere`));
          });
          const answer = await ask();
          assert.equal(answer.code, code, answer.text);
          assert.equal(answer.status, 502);
          assert.equal(faulty.connections[route], before + 1, "asked once, and not again");
          assert.equal(faulty.connections.elsewhere, 0, "the other host is never visited");
          if (route !== "mint") assert.equal(tries.mint, 0);
        }
      });
    });
  }
}

const WRONG: [Route, string, string, Fault][] = [
  ["user", "another user's account", "invalid_session", async (wire) => {
    const account = JSON.parse(await right(await wire.request()));
    const text = JSON.stringify({ ...account, id: OTHER });
    await wire.send(head(`Content-Length: ${text.length}`) + text);
  }],
  ["mint", "another user's token", "behest_rejected", async (wire) => {
    const call = await wire.request();
    const body = JSON.stringify({ ...JSON.parse(call.body ?? ""), user_id: OTHER });
    const text = await right({ ...call, body });
    await wire.send(head(`Content-Length: ${text.length}`) + text);
  }],
  ["jwks", "another project's keys", "invalid_token", async (wire) => {
    await wire.request();
    const text = JSON.stringify({ keys: [(await makeSigner("ES256")).jwk] });
    await wire.send(head(`Content-Length: ${text.length}`) + text);
  }],
];

for (const [route, what, code, fault] of WRONG) {
  Deno.test(`${route}: ${what} is ${code}, and no token comes of it`, async () => {
    await atSite(CLOCK, async ({ ask, tries, faulty }) => {
      faulty.set(route, fault);
      const answer = await ask();
      assert.equal(answer.code, code, answer.text);
      assert.equal(answer.text.includes("eyJ"), false);
      assert.equal(tries[route], 1);
      assert.equal(tries.mint, route === "mint" ? 1 : 0);
    });
  });
}
