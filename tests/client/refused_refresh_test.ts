/** A refresh that is refused, or brings what nobody asked for: no sign-out, no storm, no other user. */
import assert from "node:assert/strict";
import OpenAI from "openai";
import { inBrowser } from "../support/client_browser.ts";
import { settle, until } from "../support/client_calls.ts";
import { refused } from "../support/client_function.ts";
import { inMinimal, sessionOf } from "../support/client_minimal.ts";
import { withoutBackoff } from "../support/client_openai.ts";
import { inWorld, rejects, signIn, signOut } from "../support/client_world.ts";

const REFUSALS: [what: string, status: number, body: object][] = [
  ["a session that ended elsewhere", 400, { code: 400, error_code: "refresh_token_not_found" }],
  ["a key that was rotated away", 401, { message: "Invalid API key" }],
  ["a firewall", 403, { message: "blocked" }],
  ["another tab's refresh that came first", 409, { code: 409, msg: "discarded" }],
];

for (const [what, status, body] of REFUSALS) {
  Deno.test(`a refresh refused for ${what} is told as the function's own error, pauses, and signs nobody out`, async () => {
    await withoutBackoff(() =>
      inWorld({ user: "ada" }, async (world) => {
        const { sessionId } = await world.behest.getToken();
        const openai = world.behest.openai(OpenAI);
        world.behest.invalidate();
        world.auth.onRefresh = () => Response.json(body, { status });
        world.function.always(() => refused(401, "expired_token"));
        for (let nth = 0; nth < 100; nth++) await rejects(world.behest.getToken(), "expired_token");
        for (let nth = 0; nth < 10; nth++) {
          await rejects(openai.models.list() as Promise<unknown>, "expired_token");
        }
        assert.equal(world.mints.length, 2);
        assert.deepEqual(world.tab.user, "ada");
        assert.equal(world.behest.getSnapshot().status, "failed");
        world.function.always((mint) => world.function.good(mint));
        world.clock.advance(1);
        assert.equal((await world.behest.getToken()).sessionId, sessionId);
      })
    );
  });
}

Deno.test("a listener that asks again at each change keeps no mints going", async () => {
  await inWorld({ user: "ada" }, async (world) => {
    world.auth.onRefresh = () => Response.json({ code: 400 }, { status: 400 });
    world.function.always(() => refused(401, "expired_token"));
    world.behest.subscribe(() => void world.behest.getToken().catch(() => {}));
    await rejects(world.behest.getToken(), "expired_token");
    await settle(100);
    assert.equal(world.mints.length, 1);
  });
});

Deno.test("where another tab has refreshed meanwhile, its session is the one to mint with", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    const next = { ...sessionOf("ada"), access_token: `${sessionOf("ada").access_token}2` };
    supabase.onRefresh = () => {
      supabase.session = next;
      const error = Object.assign(new Error("discarded"), { status: 409 });
      return Promise.resolve({ data: { session: null }, error });
    };
    supabase.function.always((mint) =>
      mint.headers.get("Authorization")?.endsWith("2")
        ? supabase.function.good(mint)
        : refused(401, "expired_token")
    );
    assert.equal((await behest.getToken()).token, "bt.ada.2");
  });
});

Deno.test("a refresh that brings another user than the storage has mints for neither, and pauses", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.onRefresh = () => supabase.answer(sessionOf("bob"));
    supabase.function.always(() => refused(401, "expired_token"));
    for (let nth = 0; nth < 100; nth++) await rejects(behest.getToken(), "expired_token");
    assert.deepEqual(supabase.function.mints.map(({ user }) => user), ["ada"]);
  });
});

Deno.test("a refresh that the storage does not keep, and that flips is_anonymous, makes no mint after mint", async () => {
  await inMinimal(undefined, async (supabase, behest) => {
    supabase.session = sessionOf("ada", true);
    supabase.onRefresh = () => supabase.answer(sessionOf("ada", false));
    supabase.function.always(() => refused(401, "expired_token"));
    await rejects(behest.getToken(), "expired_token");
    assert.equal(supabase.function.mints.length, 1);
  });
});

Deno.test("a mint that is overtaken again and again ends in timeout and its pause, after a handful", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.function.always((mint) => {
      behest.newSession();
      return supabase.function.good(mint);
    });
    for (let nth = 0; nth < 20; nth++) await rejects(behest.getToken(), "timeout");
    assert.ok(supabase.function.mints.length <= 10, `${supabase.function.mints.length}`);
  });
});

Deno.test("the pause of one user's fault outlives their signing out and in, and no other user waits for it", async () => {
  await inWorld({ user: "ada" }, async (world) => {
    world.function.always(({ user, ...mint }) =>
      user === "ada"
        ? refused(429, "rate_limited", { "Retry-After": "3600" })
        : world.function.good({ user, ...mint } as Parameters<typeof world.function.good>[0])
    );
    for (let nth = 0; nth < 20; nth++) {
      await rejects(world.behest.getToken(), "rate_limited");
      await signOut(world.tab);
      await rejects(world.behest.getToken(), "no_session");
      assert.equal(world.behest.getSnapshot().error, undefined);
      await signIn(world.tab, "ada");
    }
    assert.equal(world.mints.length, 1);
    await signIn(world.tab, "bob");
    assert.match(await world.token(), /^bt\.bob\./);
  });
});

Deno.test("tabs of one user whose sessions the function finds over do not end one another's pause", async () => {
  await inBrowser(async (browser) => {
    const after = { "Retry-After": "30" };
    for (const headers of [{}, after]) {
      browser.function.always(() => refused(401, "expired_token", headers));
      const tabs = await browser.together();
      await signIn(tabs[0], "ada");
      await until("both know her", () => tabs.every(({ user }) => user === "ada"));
      const [mints, refreshes] = [browser.mints.length, browser.refreshes];
      for (let nth = 0; nth < 40; nth++) {
        await Promise.all(tabs.map(({ behest }) => behest.getToken().catch(() => {})));
        await settle();
      }
      // Each tab's first try with its refresh, and once more for what the other one told.
      assert.ok(browser.mints.length - mints <= 8, `${browser.mints.length - mints}`);
      assert.ok(browser.refreshes - refreshes <= 4, `${browser.refreshes - refreshes}`);
      browser.function.always((mint) => browser.function.good(mint));
      browser.clock.advance(31);
      for (const { behest } of tabs) await behest.getToken();
    }
  });
});
