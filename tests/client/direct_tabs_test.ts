/** The direct way in several tabs: what one of them refreshes serves all, and asks nobody. */
import assert from "node:assert/strict";
import { inBrowser } from "../support/client_browser.ts";
import { settle, until } from "../support/client_calls.ts";
import { BASE_URL } from "../support/client_function.ts";
import { inMinimal } from "../support/client_minimal.ts";
import { CHAT, signIn, wholeSecond } from "../support/client_world.ts";
import type { SupabaseSession } from "../support/client_module.ts";

const DIRECT = { direct: { baseUrl: BASE_URL } };

for (
  const [what, life, behind, most] of [
    ["with a date that is right", 3600, 0, 0],
    ["with a date that is two hours ahead", 3600, 7200, 0],
    // Half of such a session's life is what is left for a refresh.
    ["with sessions of 80 s", 80, 0, 8],
  ] as const
) {
  for (const storage of ["together", "apart"] as const) {
    Deno.test(`two tabs of one user ${what}, ${storage}, do not have one another refresh`, async () => {
      await inBrowser(async (browser) => {
        browser.auth.life = life;
        browser.auth.behind = behind;
        const tabs = await browser[storage](DIRECT);
        await signIn(tabs[0], "ada");
        if (storage === "apart") await signIn(tabs[1], "ada");
        await until("both know her", () => tabs.every(({ user }) => user === "ada"));
        for (const { behest } of tabs) await behest.getToken();
        const before = browser.refreshes;
        for (let second = 0; second < 60; second++) {
          await Promise.all(tabs.map(({ behest }) => behest.fetch(CHAT)));
          browser.clock.advance(1);
          await settle(2);
        }
        assert.equal(browser.sent.length, 120);
        assert.ok(browser.refreshes - before <= most, `${browser.refreshes - before}`);
      }, wholeSecond());
    });
  }
}

/** A session of Ada's with these claims. */
function session(claims: Record<string, unknown>): SupabaseSession {
  const payload = btoa(JSON.stringify({ sub: "ada", ...claims })).replace(/=+$/, "");
  return { access_token: `h.${payload}.s`, user: { id: "ada" } };
}

Deno.test("of two tokens of one session the one that lives longer is used, for as long as the server says", async () => {
  await inMinimal(undefined, async (supabase, behest) => {
    const now = Math.floor(supabase.clock.now() / 1000);
    const tell = async (told: SupabaseSession) => {
      supabase.tell("TOKEN_REFRESHED", told);
      await settle();
      return await behest.getToken();
    };
    supabase.session = session({ iat: now, exp: now + 3600 });
    const first = await tell(supabase.session);
    supabase.clock.advance(1000);
    // Another tab's, whose storage is not this one's, and of before.
    const older = session({ iat: now - 600, exp: now + 3000 });
    assert.equal(await tell(older), first);
    const later = session({ iat: now + 900, exp: now + 4500, app_metadata: { tier: 3 } });
    supabase.session = later;
    const { token, ttl, expiresAt, tier, sessionId } = await tell(later);
    assert.equal(token, later.access_token);
    assert.deepEqual([ttl, expiresAt, tier], [3500, now + 4500, 3]);
    assert.equal(sessionId, first.sessionId);
    // In whatever is told there may be nothing that can be used.
    for (const odd of ["opaque", "h.e30.s", "h. .s"]) {
      const told = await tell({ access_token: odd, user: { id: "ada" } });
      assert.equal(told.token, later.access_token);
    }
    assert.equal(supabase.refreshes, 0);
  }, DIRECT);
});
