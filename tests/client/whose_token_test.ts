/** A token is that of who is signed in, through every order of sign-ins and mints. */
import assert from "node:assert/strict";
import { codeOf, settle, watch } from "../support/client_calls.ts";
import { userOfSession } from "../support/client_auth.ts";
import { type ClientWorld, inWorld, rejects, signIn, signOut } from "../support/client_world.ts";

const ADA = { user: "ada" };

/** A second function call that is answered for the user of the first one. */
async function whileMinting(world: ClientWorld, then: () => Promise<void>) {
  world.function.hold();
  const waiting = watch(world.behest.getToken());
  await settle();
  assert.equal(world.mints.length, 1);
  await then();
  return waiting;
}

Deno.test("a client that is made before anybody has signed in serves who signs in later", async () => {
  await inWorld({}, async (world) => {
    await rejects(world.behest.getToken(), "no_session");
    assert.equal(world.mints.length, 0);
    await signIn(world.tab, "ada");
    assert.equal(await world.token(), "bt.ada.1");
    await world.chat();
    assert.equal(world.sent[0]?.owner, "ada");
  });
});

Deno.test("a client that is made when somebody is signed in already serves them", async () => {
  await inWorld(ADA, async (world) => {
    const second = await world.open({ storage: world.tab.storage });
    assert.equal((await second.behest.getToken()).token, "bt.ada.1");
  });
});

Deno.test("a switch without a sign-out takes the token, the Behest session and the mint away", async () => {
  await inWorld(ADA, async (world) => {
    const before = await world.behest.getToken();
    await signIn(world.tab, "bob");
    assert.ok(!world.tab.events.includes("SIGNED_OUT"));
    const after = await world.behest.getToken();
    assert.equal(after.token, "bt.bob.2");
    assert.notEqual(after.sessionId, before.sessionId);
    assert.equal(world.mints[1]?.body.sessionId, undefined);
  });
});

Deno.test("a sign-out takes the token and the Behest session away, also where the same user comes back", async () => {
  await inWorld(ADA, async (world) => {
    await world.token();
    await signOut(world.tab);
    await rejects(world.behest.getToken(), "no_session");
    await rejects(world.chat(), "no_session");
    assert.equal(world.sent.length, 0);
    await signIn(world.tab, "ada");
    await world.token();
    assert.equal(world.mints.length, 2);
    assert.equal(world.mints[1]?.body.sessionId, undefined);
  });
});

Deno.test("who waits for a mint when the user signs out hears no_session at once, and the late token is gone", async () => {
  await inWorld(ADA, async (world) => {
    const waiting = await whileMinting(world, () => signOut(world.tab));
    assert.equal(codeOf(waiting), "no_session");
    assert.ok(world.function.last.signal.aborted);
    world.function.last.answer();
    await settle();
    await rejects(world.behest.getToken(), "no_session");
    assert.equal(world.behest.getSnapshot().status, "signed-out");
  });
});

Deno.test("who waits for a mint when the user switches hears user_changed at once, and the next user never gets it", async () => {
  await inWorld(ADA, async (world) => {
    const waiting = await whileMinting(world, () => signIn(world.tab, "bob"));
    assert.equal(codeOf(waiting), "user_changed");
    const late = world.function.last;
    assert.ok(late.signal.aborted);
    const next = watch(world.behest.getToken());
    await settle();
    late.answer();
    await settle();
    assert.equal(next.outcome, undefined);
    world.function.last.answer();
    await settle();
    assert.deepEqual(next.outcome, { value: await world.behest.getToken() });
    assert.equal(await world.token(), "bt.bob.2");
  });
});

Deno.test("a late token is gone also where its user has come back meanwhile", async () => {
  await inWorld(ADA, async (world) => {
    const waiting = await whileMinting(world, async () => {
      await signIn(world.tab, "bob");
      await signIn(world.tab, "ada");
    });
    assert.equal(codeOf(waiting), "user_changed");
    world.function.last.answer();
    await settle();
    world.function.always((mint) => world.function.good(mint));
    assert.equal(await world.token(), "bt.ada.2");
  });
});

Deno.test("many who wait all hear of a change, each with an error of its own kind", async () => {
  await inWorld(ADA, async (world) => {
    world.function.hold();
    const waiting = Array.from({ length: 20 }, () => watch(world.behest.getToken()));
    const fetches = Array.from({ length: 20 }, () => watch(world.chat()));
    await settle();
    await signIn(world.tab, "bob");
    for (const each of [...waiting, ...fetches]) assert.equal(codeOf(each), "user_changed");
    assert.equal(world.sent.length, 0);
    assert.equal(world.mints.length, 1);
  });
});

Deno.test("a mint sends the access token of the session it began with, and not the publishable key", async () => {
  await inWorld(ADA, async (world) => {
    await world.token();
    const { data } = await world.supabase.auth.getSession();
    const { headers, body, method, url } = world.function.last;
    assert.equal(headers.get("Authorization"), `Bearer ${data.session?.access_token}`);
    assert.equal(method, "POST");
    assert.ok(url.endsWith("/functions/v1/behest-token"), url);
    assert.deepEqual(body, {});
  });
});

Deno.test("SIGNED_IN again at each return to the tab, and TOKEN_REFRESHED of the same user, mint nothing", async () => {
  await inWorld(ADA, async (world) => {
    const { token } = await world.behest.getToken();
    for (let again = 0; again < 5; again++) {
      await signIn(world.tab, "ada");
      await world.supabase.auth.refreshSession();
      assert.equal(await world.token(), token);
    }
    assert.ok(world.tab.events.filter((event) => event === "TOKEN_REFRESHED").length === 5);
    assert.equal(world.mints.length, 1);
  });
});

Deno.test("a new session token of the same user during a mint does no harm to it", async () => {
  await inWorld(ADA, async (world) => {
    const waiting = await whileMinting(world, async () => {
      await world.supabase.auth.refreshSession();
      await signIn(world.tab, "ada");
    });
    world.function.last.answer();
    await settle();
    assert.ok(waiting.outcome && "value" in waiting.outcome);
    assert.equal(world.mints.length, 1);
  });
});

Deno.test("a guest who signs up gets a new token in the same Behest session, as the plan may be another", async () => {
  await inWorld({}, async (world) => {
    await world.supabase.auth.signInAnonymously();
    await settle();
    const before = await world.behest.getToken();
    await world.supabase.auth.updateUser({ email: "guest@example.com" });
    await settle();
    assert.ok(world.tab.events.includes("USER_UPDATED"));
    const after = await world.behest.getToken();
    assert.notEqual(after.token, before.token);
    assert.equal(after.sessionId, before.sessionId);
    assert.equal(world.mints.length, 2);
  });
});

Deno.test("a guest who signs up during a mint gets the token of a new one", async () => {
  await inWorld({}, async (world) => {
    await world.supabase.auth.signInAnonymously();
    await settle();
    const waiting = await whileMinting(world, async () => {
      await world.supabase.auth.updateUser({ email: "guest@example.com" });
      await settle();
    });
    world.function.last.answer();
    await settle();
    assert.equal(waiting.outcome, undefined);
    assert.equal(world.mints.length, 2);
    world.function.last.answer();
    await settle();
    assert.ok(waiting.outcome && "value" in waiting.outcome);
    assert.equal(await world.token(), `bt.${world.tab.user}.2`);
  });
});

Deno.test("the sessions of the two users of a switch never stand in each other's mints", async () => {
  await inWorld(ADA, async (world) => {
    for (const user of ["bob", "ada", "bob", "cy", "ada"]) {
      await signIn(world.tab, user);
      const { token, sessionId } = await world.behest.getToken();
      assert.equal(token.split(".")[1], user);
      assert.ok(sessionId.startsWith(`sid-${user}-`), sessionId);
      assert.equal(userOfSession(world.function.last.headers.get("Authorization")), user);
      await world.chat();
    }
  });
});
