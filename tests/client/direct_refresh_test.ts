/** The direct way where a refresh fails, or may look needed for ever. */
import assert from "node:assert/strict";
import { settle } from "../support/client_calls.ts";
import { offline } from "../support/client_session.ts";
import { BASE_URL } from "../support/client_function.ts";
import { inMinimal, type Minimal } from "../support/client_minimal.ts";
import {
  CHAT,
  ClientWorld,
  inWorld,
  rejects,
  signIn,
  wholeSecond,
} from "../support/client_world.ts";
import type { SupabaseSession } from "../support/client_module.ts";

const DIRECT = { direct: { baseUrl: BASE_URL } };
const ADA = { user: "ada", options: DIRECT };

Deno.test("a refresh without an answer leaves the token at hand to its end, and is not tried at each use", async () => {
  await inDirect({}, async (supabase, behest) => {
    const { token } = await behest.getToken();
    supabase.onRefresh = () => Promise.resolve(offline());
    supabase.clock.advance(3600 - 30);
    for (let nth = 0; nth < 20; nth++) {
      assert.equal((await behest.getToken()).token, token);
      await behest.fetch(CHAT);
    }
    assert.equal(supabase.refreshes, 1);
    assert.ok(supabase.gateway.sent.every((sent) => sent.token === token));
    supabase.clock.advance(31);
    await rejects(behest.getToken(), "network");
    await rejects(behest.getToken(), "network");
    assert.equal(supabase.refreshes, 2);
    renewing(supabase, 3600);
    supabase.clock.advance(2);
    assert.notEqual((await behest.getToken()).token, token);
  });
});

Deno.test("where the Auth server has ended the session, no request goes out with its token after that", async () => {
  await inWorld(ADA, async (world) => {
    await world.behest.getToken();
    world.auth.endSessions();
    world.behest.invalidate();
    // supabase-js keeps such a session to its end: it is told what to do, and nobody is signed out.
    await rejects(world.behest.getToken(), "expired_token");
    await rejects(world.chat(), "expired_token");
    assert.equal(world.sent.length, 0);
    assert.equal(world.behest.getSnapshot().status, "failed");
    // At once, and not only after the pause.
    await signIn(world.tab, "ada");
    await world.chat();
    assert.equal(world.sent.length, 1);
  });
});

Deno.test("a refresh that is refused where the session stays is expired_token, and waited out", async () => {
  await inDirect({}, async (supabase, behest) => {
    await behest.getToken();
    const refused = Object.assign(new Error("already used"), { name: "AuthApiError", status: 409 });
    supabase.onRefresh = () => Promise.resolve({ data: { session: null }, error: refused });
    supabase.clock.advance(3600 - 30);
    for (let nth = 0; nth < 20; nth++) {
      const error = await rejects(behest.getToken(), "expired_token");
      assert.match(error.message, /sign in again/);
    }
    // Nor at each return to the tab, of which supabase-js tells with the same session.
    for (let nth = 0; nth < 20; nth++) {
      supabase.tell("SIGNED_IN", supabase.session);
      await rejects(behest.getToken(), "expired_token");
    }
    assert.equal(supabase.refreshes, 1);
    // Another tab has refreshed it, and its session has come.
    supabase.session = sessionAt(supabase, { nth: 2 });
    supabase.clock.advance(2);
    assert.equal((await behest.getToken()).token, supabase.session.access_token);
  });
});

for (const [what, behind] of [["two hours ahead", 7200], ["an hour behind", -3600]] as const) {
  Deno.test(`on a device whose date is ${what} a session serves for all of its life, and refreshes are few`, async () => {
    const world = new ClientWorld(wholeSecond());
    world.auth.behind = behind;
    await world.open({ options: DIRECT });
    await signIn(world.tab, "ada");
    await settle(40);
    for (let minute = 0; minute < 55; minute++) {
      await world.chat();
      world.clock.advance(60);
    }
    // Where every session looks over, supabase-js refreshes with every question that it is asked.
    assert.ok(world.refreshes <= 8, `${world.refreshes}`);
    assert.equal(world.sent.length, 55);
    world.assertNobodyElse();
    await world.close();
  });
}

Deno.test("a session of a minute is refreshed once in half of it", async () => {
  await inDirect({ life: 60 }, async (supabase, behest) => {
    renewing(supabase, 60);
    for (let second = 0; second < 300; second++) {
      await behest.getToken();
      supabase.clock.advance(1);
    }
    assert.ok(supabase.refreshes >= 5 && supabase.refreshes <= 10, `${supabase.refreshes}`);
  });
});

Deno.test("a changed plan makes the next use refresh, so that what a hook has written is in the token", async () => {
  await inDirect({}, async (supabase, behest) => {
    renewing(supabase, 3600);
    supabase.realtime.write("ada", "free");
    await behest.getToken();
    const stop = behest.watchPlan();
    await settle();
    supabase.realtime.last.joined();
    await settle();
    await behest.getToken();
    assert.equal(supabase.refreshes, 0);
    supabase.realtime.write("ada", "pro");
    await settle();
    assert.equal(supabase.refreshes, 0);
    assert.equal((await behest.getToken()).token, supabase.session?.access_token);
    await behest.getToken();
    assert.equal(supabase.refreshes, 1);
    stop();
  });
});

Deno.test("who was anonymous and has signed up gets a token that says so", async () => {
  await inDirect({ anonymous: true }, async (supabase, behest) => {
    renewing(supabase, 3600);
    await behest.getToken();
    const { session } = supabase;
    supabase.session = { ...session!, user: { id: "ada", is_anonymous: false } };
    supabase.tell("USER_UPDATED", supabase.session);
    await settle();
    assert.equal((await behest.getToken()).token, supabase.session.access_token);
    assert.equal(supabase.refreshes, 1);
  });
});

Deno.test("a token that cannot be read is bad_answer, is kept nowhere, and no refresh is tried for it", async () => {
  const claims = (claims: unknown) => `h.${btoa(JSON.stringify(claims))}.s`;
  for (
    const token of [
      "opaque",
      "a.b.c",
      claims(null),
      claims([]),
      claims({ sub: "ada" }),
      claims({ sub: "ada", exp: 4_000_000_000 }),
      claims({ sub: "ada", iat: "0", exp: "4000000000" }),
    ]
  ) {
    await inMinimal("ada", async (supabase, behest) => {
      supabase.session = { access_token: token, user: { id: "ada" } };
      supabase.tell("TOKEN_REFRESHED", supabase.session);
      const error = await rejects(behest.getToken(), "bad_answer", token);
      assert.ok(!JSON.stringify(error).includes(token) && !`${error}`.includes(token));
      await rejects(behest.fetch(`${BASE_URL}/v1/models`), "bad_answer", token);
      assert.equal(supabase.refreshes, 0, token);
      assert.equal(supabase.gateway.sent.length, 0);
    }, DIRECT);
  }
});

Deno.test("where the platform makes no UUID, sessions have ids all the same, each another", async () => {
  const own = Object.getOwnPropertyDescriptor(Crypto.prototype, "randomUUID")!;
  Object.defineProperty(Crypto.prototype, "randomUUID", { value: undefined, configurable: true });
  try {
    await inDirect({}, async (_, behest) => {
      const ids = new Set<string>();
      for (let nth = 0; nth < 50; nth++) {
        behest.newSession();
        const { sessionId } = await behest.getToken();
        assert.match(sessionId, /^[A-Za-z0-9._:-]{1,128}$/);
        ids.add(sessionId);
      }
      assert.equal(ids.size, 50);
    });
  } finally {
    Object.defineProperty(Crypto.prototype, "randomUUID", own);
  }
});

interface Made {
  readonly life?: number;
  readonly nth?: number;
  readonly anonymous?: boolean;
}

/** A session of Ada's that is made now, by the device's date. */
function sessionAt({ clock }: Minimal, { life = 3600, nth = 1, anonymous }: Made): SupabaseSession {
  const iat = Math.floor(clock.now() / 1000);
  const payload = btoa(JSON.stringify({ sub: "ada", iat, exp: iat + life, nth }));
  return {
    access_token: `h.${payload.replace(/=+$/, "")}.s`,
    user: { id: "ada", is_anonymous: anonymous },
  };
}

/** Each refresh makes another session, and tells of it. */
function renewing(supabase: Minimal, life: number): void {
  supabase.onRefresh = () => {
    supabase.session = sessionAt(supabase, { life, nth: supabase.refreshes + 1 });
    supabase.tell("TOKEN_REFRESHED", supabase.session);
    return supabase.answer();
  };
}

/** Ada, on the direct way. */
async function inDirect(made: Made, test: Parameters<typeof inMinimal>[1]): Promise<void> {
  await inMinimal(undefined, async (supabase, behest) => {
    supabase.session = sessionAt(supabase, made);
    supabase.tell("SIGNED_IN", supabase.session);
    await settle();
    await test(supabase, behest);
  }, DIRECT);
}
