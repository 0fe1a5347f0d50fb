/** Sessions without a user, and sessions whose user and token are two people: never a mint. */
import assert from "node:assert/strict";
import { codeOf, settle, valueOf, watch } from "../support/client_calls.ts";
import { inMinimal, Minimal, sessionOf } from "../support/client_minimal.ts";
import type { SupabaseSession } from "../support/client_module.ts";
import { type Answer, decide, freeSession } from "../support/client_session.ts";
import { CHAT, rejects } from "../support/client_world.ts";

const THROWING = {
  access_token: "h.e30.s",
  user: {
    get id(): never {
      throw new Error("created with userStorage, and its user is not there");
    },
  },
};

const NOBODYS: [what: string, session: unknown][] = [
  ["without fields", {}],
  ["without a user", { access_token: "h.e30.s" }],
  ["whose user is null", { access_token: "h.e30.s", user: null }],
  ["whose user has no id", { access_token: "h.e30.s", user: {} }],
  ["whose user's id is empty", { access_token: "h.e30.s", user: { id: "" } }],
  ["whose user throws when it is read", THROWING],
  ["whose token is another's", { ...sessionOf("ada"), user: { id: "bob" } }],
];

for (const [what, session] of NOBODYS) {
  Deno.test(`a session ${what} is nobody's: no_session, no mint, and nothing freezes`, async () => {
    const supabase = new Minimal();
    const behest = supabase.create();
    supabase.session = session as SupabaseSession;
    const waiting = watch(behest.getToken());
    await decide();
    assert.equal(codeOf(waiting), "no_session");
    assert.ok(supabase.asked < 50, `${supabase.asked}`);
    // An event of it throws nothing into supabase-js either.
    supabase.tell("SIGNED_IN", session as SupabaseSession);
    await decide();
    await rejects(behest.getToken(), "no_session");
    assert.equal(supabase.function.mints.length, 0);
    supabase.become("ada");
    assert.equal((await behest.getToken()).token, "bt.ada.1");
    // And who is here does not stay for it.
    supabase.session = session as SupabaseSession;
    supabase.tell("SIGNED_IN", supabase.session);
    const late = watch(behest.fetch(CHAT));
    await decide();
    assert.equal(codeOf(late), "no_session");
    assert.deepEqual(supabase.gateway.sent, []);
    behest.close();
  });
}

const ANSWERS: unknown[] = [undefined, null, {}, { data: null, error: null }, 7, "text"];

for (const answer of ANSWERS) {
  Deno.test(`a getSession() that answers ${JSON.stringify(answer)} is network, and asked again at the next use`, async () => {
    await inMinimal(undefined, async (supabase, behest) => {
      supabase.onGetSession = () => Promise.resolve(answer as Answer);
      await rejects(behest.getToken(), "network");
      supabase.session = sessionOf("ada");
      freeSession(supabase);
      assert.equal((await behest.getToken()).token, "bt.ada.1");
    });
  });
}

Deno.test("while another tab writes user and tokens one after the other, nothing goes out; then the new user's own", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    await behest.getToken();
    // Between its two writes.
    supabase.session = { ...sessionOf("ada"), user: { id: "bob" } };
    supabase.tell("SIGNED_IN", sessionOf("bob"));
    const waiting = watch(behest.getToken());
    const request = watch(behest.fetch(CHAT));
    await settle(3);
    assert.equal(waiting.outcome, undefined);
    supabase.session = sessionOf("bob");
    await decide();
    assert.equal(valueOf(waiting)?.token, "bt.bob.2");
    assert.ok(valueOf(request));
    assert.deepEqual(supabase.gateway.sent.map(({ owner }) => owner), ["bob"]);
  });
});

Deno.test("a session token that is no JWT is the function's to judge", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    for (const access_token of ["opaque", "a.b.c", "a..c", `h.${btoa("{}")}.s`]) {
      supabase.session = { ...sessionOf("ada"), access_token };
      behest.invalidate();
      assert.equal(valueOf(watch(behest.getToken())), undefined);
      await decide();
      assert.equal(supabase.function.last.headers.get("Authorization"), `Bearer ${access_token}`);
    }
  });
});
