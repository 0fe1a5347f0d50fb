/** A call of the OpenAI SDK is its caller's, from the call on to its last try, and costs no more than it must. */
import assert from "node:assert/strict";
import OpenAI from "openai";
import { codeOf, microtasks, settle, until, valueOf, watch } from "../support/client_calls.ts";
import { inMinimal, type Minimal } from "../support/client_minimal.ts";
import { ask, codeIn, inChat, PROMPT, REPLY, withoutBackoff } from "../support/client_openai.ts";
import {
  decide,
  freeSession,
  holdSession,
  sessionAnswer,
  tellElsewhere,
} from "../support/client_session.ts";
import { CHAT, signIn, signOut } from "../support/client_world.ts";
import type { Behest } from "../support/client_module.ts";

const ADA = { user: "ada" };

/** A file that is downloaded while it is uploaded. */
function slowFile(): { file: Response; arrive(): void } {
  let source!: ReadableStreamDefaultController;
  const file = new Response(new ReadableStream({ start: (it) => void (source = it) }));
  const arrive = () => {
    source.enqueue(new TextEncoder().encode("ada's diary"));
    source.close();
  };
  return { file, arrive };
}

for (const next of ["bob", undefined]) {
  for (const minted of [true, false]) {
    Deno.test(`a file that is still read when ${next ?? "nobody"} is signed in never goes out, with a token at hand: ${minted}`, async () => {
      await inChat(ADA, async (world, openai) => {
        if (minted) await world.token();
        const { file, arrive } = slowFile();
        const waiting = watch(openai.files.create({ file, purpose: "assistants" }));
        await settle();
        await (next ? signIn(world.tab, next) : signOut(world.tab));
        arrive();
        await until("an end", () => waiting.outcome !== undefined);
        assert.equal(world.sent.length, 0);
        assert.match(
          String(codeIn(waiting)),
          next ? /^user_changed$/ : /^(user_changed|no_session)$/,
        );
      });
    });
  }
}

Deno.test("a file that is read at its leisure goes out where its user stays", async () => {
  await inChat(ADA, async (world, openai) => {
    const { file, arrive } = slowFile();
    const waiting = watch(openai.files.create({ file, purpose: "assistants" }));
    await settle();
    await signIn(world.tab, "ada");
    arrive();
    await until("an end", () => waiting.outcome !== undefined);
    assert.ok(valueOf(waiting));
    assert.equal(world.gateway.last.owner, "ada");
  });
});

type Call = (openai: OpenAI, options: Record<string, unknown>) => Promise<unknown>;

const CALLS: [string, Record<string, unknown>, Call][] = [
  [
    "request()",
    { method: "post", path: "/chat/completions", body: PROMPT },
    (openai, options) => openai.request(options as unknown as Parameters<OpenAI["request"]>[0]),
  ],
  ["get()", { headers: { a: "b" } }, (openai, options) => openai.get("/models", options)],
  ["post()", { body: PROMPT }, (openai, options) => openai.post("/chat/completions", options)],
  [
    "create()",
    { fetchOptions: { cache: "no-store" } },
    (openai, options) => openai.chat.completions.create(PROMPT, options),
  ],
];

for (const [what, options, call] of CALLS) {
  Deno.test(`one options object of ${what} serves one user after the other`, async () => {
    await inChat(ADA, async (world, openai) => {
      for (const user of ["ada", "bob", "ada"]) {
        await signIn(world.tab, user);
        await call(openai, options);
        assert.equal(world.gateway.last.owner, user);
      }
      assert.deepEqual(Object.getOwnPropertySymbols(Object(options.fetchOptions)), []);
    });
  });
}

/** More than the steps from a call to its request. */
const STEPS = 60;

async function inSteps(test: (supabase: Minimal, behest: Behest, step: number) => Promise<void>) {
  for (let step = 0; step < STEPS; step++) {
    await inMinimal("ada", (supabase, behest) => test(supabase, behest, step));
  }
}

const LISTS: [string, (openai: OpenAI) => Promise<unknown>][] = [
  ["a chat", ask],
  ["a list", (openai) => openai.models.list()],
];

for (const [what, call] of LISTS) {
  Deno.test(`${what} that a user has asked for is never sent with the next user's token, at whatever step they change`, async () => {
    await withoutBackoff(() =>
      inSteps(async (supabase, behest, step) => {
        supabase.gateway.reply = () => Response.json(REPLY);
        if (step % 2) await behest.getToken();
        const waiting = watch(call(behest.openai(OpenAI)));
        await microtasks(step >> 1);
        supabase.become("bob");
        await until("an end", () => waiting.outcome !== undefined);
        for (const { owner } of supabase.gateway.sent) assert.equal(owner, "ada", `step ${step}`);
      })
    );
  });
}

for (const [what, call] of LISTS) {
  for (const known of [true, false]) {
    Deno.test(`a second try of ${what} is still its first one's user's, who was certain at the call: ${known}`, async () => {
      await withoutBackoff(() =>
        inMinimal("ada", async (supabase, behest) => {
          if (!known) tellElsewhere(supabase, "bob");
          supabase.gateway.reply = ({ nth }) => {
            if (nth > 1) return Response.json(REPLY);
            supabase.become("bob");
            return new Response("busy", { status: 503 });
          };
          const waiting = watch(call(behest.openai(OpenAI)));
          await until("an end", () => waiting.outcome !== undefined);
          assert.equal(codeIn(waiting), "user_changed");
          assert.deepEqual(supabase.gateway.sent.map(({ owner }) => owner), ["ada"]);
        })
      );
    });
  }
}

Deno.test("an event of the other tab's user during the SDK's own retry costs no call, where the user stays", async () => {
  await withoutBackoff(() =>
    inMinimal("ada", async (supabase, behest) => {
      await behest.getToken();
      const asked = holdSession(supabase);
      supabase.gateway.reply = ({ nth }) => {
        if (nth > 1) return Response.json(REPLY);
        tellElsewhere(supabase, "bob");
        return new Response("busy", { status: 503 });
      };
      const waiting = watch(ask(behest.openai(OpenAI)));
      await until("the question who is there", () => asked.length > 0);
      await settle(20);
      assert.equal(waiting.outcome, undefined);
      assert.equal(supabase.gateway.sent.length, 1);
      freeSession(supabase);
      for (const each of asked) each.answer(sessionAnswer("ada"));
      await until("an end", () => waiting.outcome !== undefined);
      assert.ok(valueOf(waiting));
      assert.deepEqual(supabase.gateway.sent.map(({ token }) => token), ["bt.ada.1", "bt.ada.1"]);
      assert.equal(supabase.function.mints.length, 1);
    })
  );
});

for (const decided of ["ada", "bob", undefined]) {
  Deno.test(`a 401 in doubt is sent again where its user stays, and never where ${decided ?? "nobody"} is there`, async () => {
    await inMinimal("ada", async (supabase, behest) => {
      await behest.getToken();
      supabase.gateway.hold();
      const waiting = watch(behest.fetch(CHAT, { method: "POST", body: "{}" }));
      await settle();
      const asked = holdSession(supabase);
      tellElsewhere(supabase, "bob");
      supabase.gateway.reply = () => Response.json({});
      supabase.gateway.last.answer(new Response("no", { status: 401 }));
      await settle();
      supabase.session = sessionAnswer(decided).data.session;
      supabase.signedIn = decided;
      freeSession(supabase);
      for (const each of asked) each.answer(sessionAnswer(decided));
      await decide();
      const owners = supabase.gateway.sent.map(({ owner }) => owner);
      if (decided === "ada") {
        assert.equal(valueOf(waiting)?.status, 200);
        assert.deepEqual(owners, ["ada", "ada"]);
        assert.equal(supabase.function.mints.length, 2);
      } else {
        assert.equal(codeOf(waiting), decided ? "user_changed" : "no_session");
        assert.deepEqual(owners, ["ada"]);
      }
    });
  });
}
