import assert from "node:assert/strict";
import { assertCode, expectCode } from "../support/expect.ts";
import {
  authRefusal,
  type Behaviour,
  failing,
  hang,
  hangInBody,
  inTurn,
  json,
  type Route,
  ROUTES,
  slow,
  tooMany,
  unreachable,
} from "../support/upstreams.ts";
import { signerOf } from "../support/keys.ts";
import { boundedBytes, call } from "../../supabase/functions/behest-token/upstream.ts";
import { SUPABASE_URL, World } from "../support/world.ts";

const { jwk } = await signerOf("ES256");
const NAMES: Record<Route, string> = { user: "auth", jwks: "auth", plan: "plan", mint: "behest" };

/** A world in which every upstream is called, and this one first behaves so. */
async function worldWith(route: Route, ...first: Behaviour[]): Promise<World> {
  const world = await World.make({ SUPABASE_JWKS: undefined }, { jwks: json({ keys: [jwk] }) });
  const healthy = world.routes[route];
  world.routes[route] = inTurn(...first, healthy);
  return world;
}

/** A world in which this upstream behaves so for ever. */
async function worldOf(route: Route, behaviour: Behaviour): Promise<World> {
  return await World.make({ SUPABASE_JWKS: undefined }, {
    jwks: json({ keys: [jwk] }),
    [route]: behaviour,
  });
}

for (const route of ROUTES) {
  Deno.test(`${route}: an upstream that hangs within its body is ${NAMES[route]}_timeout within 10 seconds`, async () => {
    const world = await worldOf(route, hangInBody);
    await expectCode(world, {}, `${NAMES[route]}_timeout`);
    assert.ok(world.clock.tick() >= 5000, `at ${world.clock.tick()}`);
    assert.ok(world.clock.tick() <= 10_000, `at ${world.clock.tick()}`);
  });

  Deno.test(`${route}: a byte order mark before an answer is passed over`, async () => {
    const world = await World.make({ SUPABASE_JWKS: undefined }, { jwks: json({ keys: [jwk] }) });
    const healthy = world.routes[route];
    world.routes[route] = async (call, scene) => {
      const body = await (await healthy(call, scene)).bytes();
      return new Response(new Blob([Uint8Array.of(0xef, 0xbb, 0xbf), body]));
    };
    await expectCode(world, {}, "ok");
    assert.ok(world.to(route).length > 0);
  });

  Deno.test(`${route}: what comes too late is called off`, async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const world = await worldOf(route, (_, { signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    });
    await expectCode(world, {}, `${NAMES[route]}_timeout`);
    // What falls due at the very same moment.
    world.clock.advance(0);
    assert.ok(signals.length > 0 && signals.every((signal) => signal?.aborted));
  });

  Deno.test(`${route}: an answer without end is read no further than it must be`, async () => {
    let [sent, cancelled] = [0, 0];
    const endless: Behaviour = () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            sent += 1024;
            controller.enqueue(new Uint8Array(1024).fill(0x20));
            // An end after all, lest a reader that never stops should stop this test.
            if (sent > 1024 * 1024) controller.close();
          },
          cancel: () => void cancelled++,
        }),
      );
    const world = await worldOf(route, endless);
    const answer = await world.ask();
    assertCode(answer, route === "mint" ? "behest_rejected" : `${NAMES[route]}_unavailable`);
    assert.ok(sent <= 80 * 1024, `${sent} bytes`);
    assert.equal(cancelled, world.to(route).length, "the connection is let go of");
  });
}

Deno.test("a hanging Auth server is auth_timeout within 11 seconds", async () => {
  for (const routes of [{ user: hang }, { user: hang, plan: hang, mint: hang }]) {
    const world = await World.make({}, routes);
    await expectCode(world, {}, "auth_timeout");
    assert.ok(world.clock.tick() <= 11_000);
    assert.equal(world.to("mint").length, 0);
  }
});

Deno.test("a whole request has 10 seconds, though each of its calls is in time", async () => {
  const world = await worldWith("user");
  for (const route of ROUTES) world.routes[route] = slow(4000, world.routes[route]);
  await expectCode(world, {}, "behest_timeout");
  assert.ok(world.clock.tick() <= 10_000, `at ${world.clock.tick()}`);
});

Deno.test("an upstream that fails slowly is not retried beyond the request's time", async () => {
  for (const route of ROUTES) {
    const world = await worldOf(route, slow(4900, failing(500)));
    const answer = await world.ask();
    assert.match(answer.code, new RegExp(`^${NAMES[route]}_(unavailable|timeout)$`));
    assert.ok(world.clock.tick() <= 10_000, `${route} at ${world.clock.tick()}`);
  }
});

Deno.test("retries wait, longer each time, and not in step with other callers", async () => {
  const gaps: number[][] = [];
  for (let nth = 0; nth < 20; nth++) {
    const world = await worldOf("mint", failing(500));
    await expectCode(world, {}, "behest_unavailable");
    const [first = 0, second = 0, third = 0] = world.to("mint").map(({ at }) => at);
    gaps.push([second - first, third - second]);
  }
  assert.ok(gaps.flat().every((gap) => gap > 0 && gap < 5000));
  assert.ok(new Set(gaps.flat()).size > 30, "jitter");
  const mean = (at: number) => gaps.reduce((sum, gap) => sum + (gap[at] ?? 0), 0) / gaps.length;
  assert.ok(mean(1) > mean(0), `${mean(0)} then ${mean(1)}`);
});

Deno.test("a retried mint asks for the very same token, so that it counts once", async () => {
  const world = await worldOf("mint", failing(500));
  await expectCode(world, {}, "behest_unavailable");
  assert.equal(new Set(world.to("mint").map(({ body }) => body)).size, 1);
});

Deno.test("the Auth server's Retry-After is passed on", async () => {
  for (const route of ["user", "jwks"] as const) {
    const { headers } = await expectCode(
      await worldOf(route, tooMany("7")),
      {},
      "auth_unavailable",
    );
    assert.equal(headers.get("Retry-After"), "7", route);
  }
});

Deno.test("every 503 says when to try again", async () => {
  for (const route of ROUTES) {
    for (const behaviour of [failing(503), failing(500), unreachable]) {
      const answer = await expectCode(
        await worldOf(route, behaviour),
        {},
        `${NAMES[route]}_unavailable`,
      );
      assert.match(answer.headers.get("Retry-After") ?? "", /^[1-9]\d*$/, route);
    }
  }
});

Deno.test("a caller that never ends its body is answered within 10 seconds too", async () => {
  const world = await World.make();
  let called = false;
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(Uint8Array.of(0x7b)),
    cancel: () => void (called = true),
  });
  await expectCode(world, { body }, "invalid_request");
  assert.ok(called, "nobody reads on");
  assert.ok(world.clock.tick() <= 10_000);
  assert.deepEqual(world.calls, []);
});

Deno.test("nothing is left waiting when a request has been answered", async () => {
  for (
    const routes of [{}, { user: authRefusal(), plan: hang }, { mint: hang }, {
      plan: failing(500),
    }]
  ) {
    for (const body of [undefined, "{}", "{", " ".repeat(20_000)]) {
      const world = await World.make({}, routes);
      await world.ask({ body });
      await world.quiet();
      assert.equal(world.clock.waiting, false);
    }
  }
});

Deno.test("a body that comes in crumbs holds no more than its length and a buffer", async () => {
  let [crumbs, fresh] = [0, 0];
  const body = new ReadableStream({
    type: "bytes",
    pull(controller) {
      const view = controller.byobRequest!.view as Uint8Array;
      // A new buffer is empty; one that was here before bears the mark.
      if (view[1] !== 42) fresh++;
      view.set([0x20, 42]);
      crumbs++;
      controller.byobRequest!.respond(1);
      if (crumbs === 5_000) controller.close();
    },
  });
  const bytes = await boundedBytes(body, 16_384);
  assert.deepEqual(bytes, new Uint8Array(5_000).fill(0x20));
  assert.ok(fresh <= 3, `${fresh} buffers`);
});

Deno.test("a body that is too long is let go of", async () => {
  let cancelled = 0;
  const world = await World.make();
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(1024).fill(0x20)),
    cancel: () => void cancelled++,
  });
  await expectCode(world, { body }, "request_too_large");
  assert.equal(cancelled, 1);
});

for (const route of ROUTES) {
  Deno.test(`${route}: the body of an error is let go of unread`, async () => {
    let cancelled = 0;
    const world = await worldOf(
      route,
      () => new Response(new ReadableStream({ cancel: () => void cancelled++ }), { status: 500 }),
    );
    await expectCode(world, {}, `${NAMES[route]}_unavailable`);
    assert.equal(cancelled, world.to(route).length);
  });
}

Deno.test("a call whose time has passed before it begins is not made", async () => {
  const { clock } = await World.make();
  let made = 0;
  const fetch = () => {
    made++;
    return Promise.resolve(Response.json({}));
  };
  for (const [start, deadline] of [[0, 0], [5, 0]] as const) {
    const late = { url: SUPABASE_URL, headers: {}, retries: 2, span: { start, deadline } };
    assert.deepEqual(await call(late, { fetch, clock }), { timedOut: true });
  }
  assert.equal(made, 0);
});

Deno.test("a plan that the token can do without takes half of what is left, and the rest is the mint's", async () => {
  for (const [bodyMs, most] of [[0, 5_000], [6_000, 8_000], [9_000, 9_500]] as const) {
    const settings = { BEHEST_PLAN_ON_ERROR: "default", BEHEST_TIER: "1" };
    const world = await World.make(settings, { plan: hang });
    const body = new ReadableStream({
      start: (controller) => void world.clock.after(bodyMs, () => controller.close()),
    });
    const answer = await expectCode(world, { body }, "ok");
    assert.equal(answer.body.tier, 1);
    assert.equal(world.to("plan").length, 1);
    assert.equal(world.clock.tick(), most);
  }
});
