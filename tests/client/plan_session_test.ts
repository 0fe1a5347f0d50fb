/** `watchPlan` where tokens have the plan from the session, into which an access token hook writes it. */
import assert from "node:assert/strict";
import { refused } from "../support/client_function.ts";
import { inMinimal, sessionOf } from "../support/client_minimal.ts";
import { inWatch, mintsOf, type Watched } from "../support/client_plan.ts";
import { offline } from "../support/client_session.ts";
import { rejects } from "../support/client_world.ts";

const IN_SESSION = { inSession: true };

/** Each refresh makes another session. */
function renewing({ supabase }: Watched): void {
  supabase.onRefresh = () => {
    const session = sessionOf("ada");
    supabase.session = { ...session, access_token: `${session.access_token}${supabase.refreshes}` };
    supabase.tell("TOKEN_REFRESHED", supabase.session);
    return supabase.answer();
  };
}

Deno.test("a change of the plan refreshes the session once, and the next token is minted by the new one", async () => {
  await inWatch(async (watched) => {
    const { supabase } = watched;
    renewing(watched);
    for (const plan of ["pro", "max", "free"]) {
      const { refreshes } = supabase;
      supabase.realtime.write("ada", plan);
      const before = supabase.function.mints.length;
      assert.equal(await mintsOf(watched), before + 1);
      assert.equal(await mintsOf(watched), before + 1);
      assert.equal(supabase.refreshes, refreshes + 1);
      const { headers } = supabase.function.last;
      assert.equal(headers.get("Authorization"), `Bearer ${supabase.session?.access_token}`);
    }
  }, IN_SESSION);
});

Deno.test("without inSession, and for what is no change of the plan, no session is refreshed", async () => {
  await inWatch(async (watched) => {
    watched.supabase.realtime.write("ada", "pro");
    await mintsOf(watched);
    assert.equal(watched.supabase.refreshes, 0);
  });
  await inWatch(async (watched) => {
    watched.supabase.realtime.last.tell({ id: "ada", plan: "free", name: "Ada" });
    watched.behest.invalidate();
    watched.behest.newSession();
    await mintsOf(watched);
    assert.equal(watched.supabase.refreshes, 0);
  }, IN_SESSION);
});

Deno.test("a plan that changed while the session cannot be refreshed is in the token as soon as it can be", async () => {
  await inWatch(async (watched) => {
    const { supabase, behest } = watched;
    supabase.onRefresh = () => Promise.resolve(offline());
    supabase.realtime.write("ada", "pro");
    for (let nth = 0; nth < 20; nth++) await rejects(behest.getToken(), "network");
    assert.equal(supabase.refreshes, 1);
    assert.equal(supabase.function.mints.length, 1);
    renewing(watched);
    supabase.clock.advance(2);
    assert.equal(await mintsOf(watched), 2);
    assert.equal(supabase.refreshes, 2);
  }, IN_SESSION);
});

Deno.test("a plan that changes while the session is refreshed has it refreshed once more", async () => {
  await inWatch(async (watched) => {
    const { supabase, behest } = watched;
    renewing(watched);
    const renew = supabase.onRefresh;
    supabase.onRefresh = () => {
      supabase.onRefresh = renew;
      supabase.realtime.write("ada", "max");
      return renew();
    };
    supabase.realtime.write("ada", "pro");
    await behest.getToken();
    assert.equal(supabase.refreshes, 2);
  }, IN_SESSION);
});

Deno.test("a function that fails after the refresh is asked again without another one", async () => {
  await inWatch(async (watched) => {
    const { supabase, behest } = watched;
    renewing(watched);
    supabase.realtime.write("ada", "pro");
    supabase.function.always(() => refused(503, "auth_unavailable"));
    for (let nth = 0; nth < 5; nth++) {
      await rejects(behest.getToken(), "auth_unavailable");
      supabase.clock.advance(31);
    }
    supabase.function.always((mint) => supabase.function.good(mint));
    await behest.getToken();
    assert.equal(supabase.refreshes, 1);
  }, IN_SESSION);
});

Deno.test("another user's sign-in asks for no refresh of theirs", async () => {
  await inWatch(async (watched) => {
    const { supabase, behest } = watched;
    supabase.realtime.write("ada", "pro");
    supabase.become("bob");
    assert.equal((await behest.getToken()).token, "bt.bob.2");
    assert.equal(supabase.refreshes, 0);
  }, IN_SESSION);
});

Deno.test("where no refresh is asked for, a session without a refresh token goes on minting", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.onRefresh = () => Promise.reject(new Error("none"));
    behest.invalidate();
    await behest.getToken();
    supabase.gateway.refuse("bt.ada.1");
    assert.equal((await behest.fetch("https://amber-fox-042.behest.app/v1/models")).status, 200);
    assert.equal(supabase.refreshes, 0);
  });
});
