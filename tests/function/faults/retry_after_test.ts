/** `Retry-After` as upstreams may send it (RFC 9110 section 10.2.3), and as callers get it. */
import assert from "node:assert/strict";
import { fastClock } from "../../support/fast_clock.ts";
import { head } from "../../support/faulty.ts";
import { atSite } from "../../support/site.ts";
import { type Route, ROUTES } from "../../support/upstreams.ts";

const CODES: Record<Route, string> = {
  user: "auth_unavailable",
  jwks: "auth_unavailable",
  plan: "plan_unavailable",
  mint: "rate_limited",
};
const now = () => Date.now();
const date = (ms: number) => new Date(ms).toUTCString();

/** The headers, and the seconds that are passed on; none where the header says nothing. */
const ROWS: [string, () => string[], [number, number] | undefined][] = [
  ["none", () => [], undefined],
  ["seconds", () => ["7"], [7, 7]],
  ["no time at all", () => ["0"], [0, 0]],
  ["a day", () => ["86400"], [86_400, 86_400]],
  ["more than a day", () => ["999999999"], [86_400, 86_400]],
  ["more than any number holds", () => ["9".repeat(400)], undefined],
  ["a date to come", () => [date(now() + 90_000)], [60, 91]],
  ["a date in years", () => [date(now() + 1e12)], [86_400, 86_400]],
  ["a date gone by", () => [date(now() - 90_000)], [0, 0]],
  ["the date of another zone", () => ["Fri, 01 Jan 2100 00:00:00 +0200"], undefined],
  ["no such date", () => ["Fri, 99 Foo 2100 00:00:00 GMT"], undefined],
  ["a negative number", () => ["-5"], undefined],
  ["a fraction", () => ["1.5"], undefined],
  ["an exponent", () => ["1e3"], undefined],
  ["hexadecimal", () => ["0x10"], undefined],
  ["nonsense", () => ["soon"], undefined],
  ["an empty header", () => [""], undefined],
  ["several values in one header", () => ["7, 9"], undefined],
  ["several headers", () => ["7", "9"], undefined],
];

for (const [what, values, passedOn] of ROWS) {
  Deno.test(`429 with ${what} for a Retry-After is told with a time that makes sense, or none`, async () => {
    await Promise.all(
      ROUTES.map((route) =>
        atSite(fastClock(5), async ({ ask, tries, faulty }) => {
          faulty.set(route, async (wire) => {
            await wire.request();
            const headers = values().map((value) => `Retry-After: ${value}`);
            await wire.send(head("Content-Length: 0", ...headers).replace("200 OK", "429 Slow"));
          });
          const answer = await ask();
          assert.equal(answer.code, CODES[route], `${route}: ${answer.text}`);
          assert.equal(answer.status, route === "mint" ? 429 : 503);
          assert.equal(tries[route], 1, `${route}: not tried again`);
          const seconds = answer.headers.get("Retry-After");
          // Every 503 says when to try again; a 429 says what Behest says.
          const [least, most] = passedOn ?? [5, 5];
          if (!passedOn && route === "mint") return assert.equal(seconds, null);
          assert.match(seconds ?? "", /^\d+$/, route);
          assert.ok(Number(seconds) >= least && Number(seconds) <= most, `${route}: ${seconds}`);
        })
      ),
    );
  });
}
