/** Contract, "Upstreams" and the finer points: each upstream's statuses, tries and times. */
import assert from "node:assert/strict";
import { expectCode } from "../../support/expect.ts";
import { signerOf } from "../../support/keys.ts";
import {
  authRefusal,
  type Behaviour,
  failing,
  hang,
  inTurn,
  json,
  padded,
  redirect,
  restRefusal,
  type Route,
  ROUTES,
  slow,
  tooMany,
  unreachable,
} from "../../support/upstreams.ts";
import { World } from "../../support/world.ts";

const { jwk } = await signerOf("ES256");

interface Rule {
  readonly tries: number;
  readonly late: string;
  readonly down: string;
  readonly tooMany: string;
  /** What a refusal of its own with this status leads to. */
  readonly own: Record<number, string>;
  /** An answer of its own, which bears its marks. */
  readonly refusal: (status: number) => Behaviour;
  /** What a redirect leads to, and a refusal with any status of `own` that bears no mark. */
  readonly intercepted?: string;
}

const RULES: Record<Route, Rule> = {
  user: {
    tries: 2,
    late: "auth_timeout",
    down: "auth_unavailable",
    tooMany: "auth_unavailable",
    own: {
      400: "invalid_session",
      401: "invalid_session",
      403: "invalid_session",
      404: "invalid_session",
      422: "invalid_session",
    },
    refusal: (status) => authRefusal(status, "bad_jwt"),
    intercepted: "supabase_rejected",
  },
  jwks: {
    tries: 2,
    late: "auth_timeout",
    down: "auth_unavailable",
    tooMany: "auth_unavailable",
    own: { 401: "auth_unavailable", 404: "auth_unavailable" },
    refusal: (status) => authRefusal(status, "unexpected_failure"),
    intercepted: "supabase_rejected",
  },
  plan: {
    tries: 2,
    late: "plan_timeout",
    down: "plan_unavailable",
    tooMany: "plan_unavailable",
    own: { 400: "ok", 401: "plan_unavailable", 403: "ok", 404: "ok", 409: "plan_unavailable" },
    refusal: (status) => restRefusal(status, "PGRST100"),
    intercepted: "supabase_rejected",
  },
  mint: {
    tries: 3,
    late: "behest_timeout",
    down: "behest_unavailable",
    tooMany: "rate_limited",
    own: {
      400: "behest_rejected",
      401: "behest_rejected",
      402: "quota_exceeded",
      403: "behest_rejected",
      404: "behest_rejected",
      422: "behest_rejected",
    },
    refusal: failing,
  },
};

/** A world that calls every upstream, and in which this one behaves so. */
async function worldOf(route: Route, behave: (healthy: Behaviour) => Behaviour): Promise<World> {
  const world = await World.make({ SUPABASE_JWKS: undefined }, { jwks: json({ keys: [jwk] }) });
  world.routes[route] = behave(world.routes[route]);
  return world;
}

for (const route of ROUTES) {
  const { tries, late, down, own, refusal, intercepted } = RULES[route];

  const faults: [string, Behaviour][] = [
    ["a network error", unreachable],
    ...[500, 502, 503, 504].map((status): [string, Behaviour] => [`${status}`, failing(status)]),
  ];
  for (const [what, fault] of faults) {
    Deno.test(`${route}: ${what} is tried ${tries} times and is then ${down}, with Retry-After`, async () => {
      const world = await worldOf(route, () => fault);
      const { headers } = await expectCode(world, {}, down);
      assert.equal(world.to(route).length, tries);
      assert.match(headers.get("Retry-After") ?? "", /^[1-9]\d*$/);
    });

    Deno.test(`${route}: ${what} on all tries but the last is made good by it`, async () => {
      const faults = Array<Behaviour>(tries - 1).fill(fault);
      const world = await worldOf(route, (healthy) => inTurn(...faults, healthy));
      await expectCode(world, {}, "ok");
      assert.equal(world.to(route).length, tries);
    });
  }

  const refusals: [string, Behaviour, string][] = [
    ["a redirect", redirect(302), intercepted ?? "behest_rejected"],
    ...Object.entries(own).flatMap(([status, code]): [string, Behaviour, string][] => [
      [`its own ${status}`, refusal(Number(status)), code],
      [`somebody's ${status}`, failing(Number(status)), intercepted ?? code],
    ]),
  ];
  for (const [what, answer, code] of refusals) {
    Deno.test(`${route}: ${what} is ${code}, without a second try or a redirect followed`, async () => {
      const world = await worldOf(route, () => answer);
      await expectCode(world, {}, code);
      assert.equal(world.to(route).length, 1);
      assert.deepEqual(world.to("elsewhere"), []);
      assert.ok(world.calls.every(({ redirect }) => redirect === "manual"));
    });
  }

  Deno.test(`${route}: 429 is ${RULES[route].tooMany} with its Retry-After, without a second try`, async () => {
    const world = await worldOf(route, () => tooMany("7"));
    const { headers } = await expectCode(world, {}, RULES[route].tooMany);
    assert.equal(world.to(route).length, 1);
    assert.equal(headers.get("Retry-After"), "7");
  });

  Deno.test(`${route}: a try has 5 seconds`, async () => {
    const inTime = await worldOf(route, (healthy) => slow(4999, healthy));
    await expectCode(inTime, {}, "ok");
    assert.equal(inTime.to(route).length, 1);
    const tooLate = await worldOf(route, (healthy) => slow(5001, healthy));
    await expectCode(tooLate, {}, late);
  });

  Deno.test(`${route}: a silent upstream is ${late}, and the whole request has 10 seconds`, async () => {
    const world = await worldOf(route, () => hang);
    await expectCode(world, {}, late);
    const ms = world.clock.tick();
    assert.ok(ms >= 5000 && ms <= 10_000, `${ms} ms`);
  });

  Deno.test(`${route}: an answer is read up to 64 KiB, and one byte more is unreadable`, async () => {
    const whole = await worldOf(route, (healthy) => padded(healthy, 65_536));
    await expectCode(whole, {}, "ok");
    const longer = await worldOf(route, (healthy) => padded(healthy, 65_537));
    await expectCode(longer, {}, route === "mint" ? "behest_rejected" : down);
    assert.equal(longer.to(route).length, 1, "it would be no shorter the second time");
  });
}

Deno.test("Behest's retries wait: about 100 ms, then about 200 ms, each with jitter of half of it", async () => {
  const gaps = new Set<number>();
  for (let nth = 0; nth < 10; nth++) {
    const world = await worldOf("mint", () => failing(500));
    await expectCode(world, {}, "behest_unavailable");
    const [first = 0, second = 0, third = 0] = world.to("mint").map(({ at }) => at);
    assert.ok(second - first >= 50 && second - first <= 150, `${second - first} ms`);
    assert.ok(third - second >= 100 && third - second <= 300, `${third - second} ms`);
    gaps.add(second - first);
  }
  assert.ok(gaps.size > 5, "callers that failed together do not come back together");
});
