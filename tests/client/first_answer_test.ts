/** Whose a request is that was made before supabase-js had said anything: of whoever came first. */
import assert from "node:assert/strict";
import OpenAI from "openai";
import { codeOf, microtasks, settle, watch } from "../support/client_calls.ts";
import { Minimal, sessionOf } from "../support/client_minimal.ts";
import { decide, freeSession, holdSession, sessionAnswer } from "../support/client_session.ts";
import { CHAT, ClientWorld, type Storage } from "../support/client_world.ts";

for (const by of ["fetch", "openai"]) {
  Deno.test(`a request by ${by} at load, whose first answer is late, is not a later user's`, async () => {
    const supabase = new Minimal();
    const behest = supabase.create();
    const openai = behest.openai(OpenAI, { maxRetries: 0 });
    supabase.session = sessionOf("ada");
    const asked = holdSession(supabase);
    const ask = async () => by === "fetch" ? await behest.fetch(CHAT) : await openai.models.list();
    const waiting = watch<unknown>(ask());
    await settle();
    freeSession(supabase);
    supabase.tell("INITIAL_SESSION", supabase.session);
    await settle();
    assert.equal((await behest.getToken()).token, "bt.ada.1");
    supabase.become("bob");
    await settle();
    asked[0]!.answer(sessionAnswer("ada"));
    await decide();
    assert.equal(codeOf(waiting), "user_changed");
    assert.deepEqual(supabase.gateway.sent, []);
    behest.close();
  });

  Deno.test(`a request by ${by} of the page of who was told of is not that of who comes after another tab's sign-out`, async () => {
    const supabase = new Minimal();
    const behest = supabase.create();
    const openai = behest.openai(OpenAI, { maxRetries: 0 });
    supabase.session = sessionOf("ada");
    const asked = holdSession(supabase);
    supabase.tell("INITIAL_SESSION", supabase.session);
    await settle();
    supabase.tell("SIGNED_OUT", null);
    supabase.signedIn = "ada";
    await settle();
    const ask = async () => by === "fetch" ? await behest.fetch(CHAT) : await openai.models.list();
    const waiting = watch<unknown>(ask());
    await settle();
    supabase.become("bob");
    freeSession(supabase);
    for (const each of asked) each.answer(sessionAnswer("bob"));
    await decide();
    assert.equal(codeOf(waiting), "user_changed");
    assert.deepEqual(supabase.gateway.sent, []);
    behest.close();
  });
}

Deno.test("with supabase-js itself, wherever the next user's sign-in begins, a request at load goes out as its own user or not at all", async () => {
  const first = new ClientWorld();
  const storage: Storage = new Map();
  const tab = await first.open({ storage });
  await tab.supabase.auth.signInWithPassword({ email: "ada@example.com", password: "secret" });
  await first.close();
  const kept = [...storage].map(([, session]) => session)[0]!;
  const outcomes: Set<string> = new Set();
  for (let step = 0; step < 120; step++) {
    const world = new ClientWorld();
    const [key] = await keyOf(world);
    const page = await world.open({ storage: new Map([[key, kept]]) });
    const told = page.user;
    const waiting = watch(page.behest.fetch(CHAT, { method: "POST", body: "ada's" }));
    await microtasks(step);
    const next = page.supabase.auth.signInWithPassword({
      email: "bob@example.com",
      password: "secret",
    });
    await next;
    await decide();
    const owner = world.sent[0]?.owner;
    outcomes.add(owner ?? String(codeOf(waiting)));
    if (told) assert.notEqual(owner, "bob", `step ${step}`);
    await world.close();
  }
  assert.ok(outcomes.has("ada"), `${[...outcomes]}`);
});

/** The key that this world's supabase-js keeps its session under. */
async function keyOf(world: ClientWorld): Promise<string[]> {
  const storage: Storage = new Map();
  const tab = await world.open({ storage });
  await tab.supabase.auth.signInWithPassword({ email: "eve@example.com", password: "secret" });
  const keys = [...storage.keys()];
  await world.close();
  world.tabs.length = 0;
  world.sent.length = 0;
  return keys;
}
