/** The direct way: the session's own token goes to Behest, and nobody mints. */
import assert from "node:assert/strict";
import OpenAI from "openai";
import { settle, watch } from "../support/client_calls.ts";
import { ask, REPLY } from "../support/client_openai.ts";
import { BASE_URL } from "../support/client_function.ts";
import { createBehest } from "../support/client_module.ts";
import {
  CHAT,
  type ClientWorld,
  inWorld,
  rejects,
  signIn,
  signOut,
} from "../support/client_world.ts";

const DIRECT = { direct: { baseUrl: BASE_URL } };
const ADA = { user: "ada", options: DIRECT };

/** The session's own token. */
async function sessionToken({ supabase }: ClientWorld): Promise<string | undefined> {
  return (await supabase.auth.getSession()).data.session?.access_token;
}

Deno.test("getToken() gives the session's token, its life, the given URL, and a session that lasts", async () => {
  await inWorld(ADA, async (world) => {
    const answer = await world.behest.getToken();
    assert.equal(answer.token, await sessionToken(world));
    assert.equal(answer.ttl, 3600);
    assert.equal(answer.baseUrl, BASE_URL);
    assert.equal(answer.tier, undefined);
    const claims = JSON.parse(atob(answer.token.split(".")[1]!));
    assert.equal(answer.expiresAt, claims.exp);
    assert.match(answer.sessionId, /^[\w-]{36}$/);
    assert.equal(await world.behest.getToken(), answer);
    assert.equal(world.mints.length, 0);
    assert.equal(world.refreshes, 0);
    const { status, expiresAt, sessionId } = world.behest.getSnapshot();
    assert.deepEqual([status, expiresAt, sessionId], ["ready", answer.expiresAt, answer.sessionId]);
  });
});

Deno.test("tier is a whole number in the token's app_metadata, and nothing else", async () => {
  for (
    const [appMetadata, tier] of [
      [{ tier: 2 }, 2],
      [{ tier: "2" }, undefined],
      [{ tier: 1.5 }, undefined],
      [{ plan: "max" }, undefined],
      [null, undefined],
      ["tier", undefined],
    ]
  ) {
    await inWorld({ ...ADA, appMetadata }, async (world) => {
      assert.equal((await world.behest.getToken()).tier, tier);
    });
  }
});

Deno.test("fetch and openai carry the session's token and the client's own session id", async () => {
  await inWorld(ADA, async (world) => {
    world.gateway.reply = () => Response.json(REPLY);
    await world.chat();
    await ask(world.behest.openai(OpenAI));
    const { sessionId } = await world.behest.getToken();
    assert.equal(world.sent.length, 2);
    for (const { token, headers, url } of world.sent) {
      assert.equal(token, await sessionToken(world));
      assert.equal(headers.get("X-Session-Id"), sessionId);
      assert.equal(url, CHAT);
    }
    await rejects(world.behest.fetch("https://evil.example/v1/models"), "foreign_url");
  });
});

Deno.test("a session that is about to end is refreshed once, however many ask", async () => {
  await inWorld(ADA, async (world) => {
    const before = await world.behest.getToken();
    world.clock.advance(3600 - 61);
    assert.equal(await world.behest.getToken(), before);
    world.clock.advance(2);
    const all = await Promise.all(Array.from({ length: 20 }, () => world.behest.getToken()));
    assert.equal(world.refreshes, 1);
    for (const each of all) assert.equal(each, all[0]);
    assert.notEqual(all[0]!.token, before.token);
    assert.equal(all[0]!.token, await sessionToken(world));
    // Whatever this device takes the date for, it has just been made.
    assert.equal(all[0]!.ttl, 3600);
    assert.equal(all[0]!.sessionId, before.sessionId);
  });
});

Deno.test("of a session that is found in the storage the rest of its life counts", async () => {
  await inWorld(ADA, async (world) => {
    world.clock.advance(1800);
    const { storage } = world.tab;
    const second = await world.open({ storage, options: DIRECT });
    const { ttl, token } = await second.behest.getToken();
    assert.equal(token, await sessionToken(world));
    assert.ok(ttl > 0 && ttl <= 1801, `${ttl}`);
    assert.equal(world.refreshes, 0);
  });
});

Deno.test("a 401 of Behest's is one refresh, and the request once more, with what came of it", async () => {
  await inWorld(ADA, async (world) => {
    const { token } = await world.behest.getToken();
    world.gateway.refuse(token);
    const all = await Promise.all(Array.from({ length: 8 }, () => world.chat({ body: "{}" })));
    assert.deepEqual(all.map(({ status }) => status), Array(8).fill(200));
    assert.equal(world.refreshes, 1);
    assert.equal(world.sent.length, 16);
    assert.equal(world.sent.at(-1)!.token, await sessionToken(world));
  });
});

Deno.test("a Behest that takes no session token costs a few refreshes, and then they wait", async () => {
  await inWorld(ADA, async (world) => {
    world.gateway.reply = () => new Response("no", { status: 401 });
    for (let nth = 0; nth < 30; nth++) await world.chat().catch(() => {});
    assert.ok(world.refreshes <= 3, `${world.refreshes}`);
    const error = await rejects(world.behest.getToken(), "behest_rejected");
    assert.match(error.message, /doctor/);
  });
});

Deno.test("invalidate() makes the next use refresh, once; newSession() does not", async () => {
  await inWorld(ADA, async (world) => {
    const first = await world.behest.getToken();
    world.behest.newSession();
    const second = await world.behest.getToken();
    assert.equal(second.token, first.token);
    assert.notEqual(second.sessionId, first.sessionId);
    assert.equal(world.refreshes, 0);
    world.behest.invalidate();
    assert.equal(world.refreshes, 0);
    const third = await world.behest.getToken();
    assert.notEqual(third.token, first.token);
    assert.equal(third.sessionId, second.sessionId);
    await world.behest.getToken();
    assert.equal(world.refreshes, 1);
    world.behest.newSession();
    await world.behest.getToken();
    assert.equal(world.refreshes, 1);
    world.behest.invalidate();
    world.behest.newSession();
    await world.behest.getToken();
    assert.equal(world.refreshes, 2);
  });
});

Deno.test("what supabase-js itself has refreshed is used at once, without another refresh", async () => {
  await inWorld(ADA, async (world) => {
    const before = await world.behest.getToken();
    await world.supabase.auth.refreshSession();
    await settle();
    const after = await world.behest.getToken();
    assert.notEqual(after.token, before.token);
    assert.equal(after.token, await sessionToken(world));
    assert.equal(after.sessionId, before.sessionId);
    assert.equal(world.refreshes, 1);
  });
});

Deno.test("another user has another token and another session, and gets nothing of what was under way", async () => {
  await inWorld(ADA, async (world) => {
    const ada = await world.behest.getToken();
    world.auth.onRefresh = () => new Promise(() => {});
    world.behest.invalidate();
    const waiting = watch(world.behest.getToken());
    await settle();
    world.auth.onRefresh = undefined;
    await signOut(world.tab).catch(() => {});
    await signIn(world.tab, "bob");
    await settle();
    assert.match(
      `${(waiting.outcome as { error: { code: string } }).error.code}`,
      /^(user_changed|no_session)$/,
    );
    const bob = await world.behest.getToken();
    assert.equal(JSON.parse(atob(bob.token.split(".")[1]!)).sub, "bob");
    assert.notEqual(bob.sessionId, ada.sessionId);
    await world.chat();
    assert.equal(world.sent.at(-1)!.owner, "bob");
  });
});

Deno.test("a sign-in of the same user after a sign-out begins another session, and refreshes nothing", async () => {
  await inWorld(ADA, async (world) => {
    const first = await world.behest.getToken();
    world.behest.invalidate();
    await signOut(world.tab);
    await rejects(world.behest.getToken(), "no_session");
    await signIn(world.tab, "ada");
    const second = await world.behest.getToken();
    assert.notEqual(second.sessionId, first.sessionId);
    assert.equal(second.token, await sessionToken(world));
    assert.equal(world.refreshes, 0);
  });
});

Deno.test("a sessionId that is given is the first user's", async () => {
  await inWorld({ user: "ada", options: { ...DIRECT, sessionId: "chat-7" } }, async (world) => {
    assert.equal((await world.behest.getToken()).sessionId, "chat-7");
    await signIn(world.tab, "bob");
    assert.notEqual((await world.behest.getToken()).sessionId, "chat-7");
  });
});

Deno.test("direct without an https URL is a TypeError, whatever baseUrl says", () => {
  const supabase = { auth: {} } as Parameters<typeof createBehest>[0];
  for (const baseUrl of ["http://behest.example", "", "nonsense", undefined]) {
    const direct = { baseUrl: baseUrl as string };
    const make = () => createBehest(supabase, { direct, baseUrl: BASE_URL });
    assert.throws(make, { name: "TypeError", message: /https/ });
  }
});
