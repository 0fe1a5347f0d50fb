/** A provider that takes its time, fails, or names another user while it is asked. */
import assert from "node:assert/strict";
import { ownerOf } from "../support/client_auth.ts";
import { codeOf, Held, settle, watch } from "../support/client_calls.ts";
import { BASE_URL } from "../support/client_function.ts";
import { inProvider } from "../support/client_provider.ts";
import { CHAT, rejects } from "../support/client_world.ts";

const DIRECT = { direct: { baseUrl: BASE_URL } };

for (const options of [{}, DIRECT]) {
  const way = "direct" in options ? "direct" : "by the function";

  Deno.test(`${way}: a request whose maker was gone when another was here is nobody's, though they come back`, async () => {
    for (const order of [[0, 1], [1, 0]]) {
      await inProvider("ada", options, async ({ behest, gateway, provider }) => {
        await behest.getToken();
        const held: Held<string | null>[] = [];
        provider.answer = () => {
          const next = new Held<string | null>();
          held.push(next);
          return next.promise;
        };
        const tokens: (string | null)[] = [];
        const waiting = ["bob", "ada"].map((user) => {
          provider.become(user);
          tokens.push(provider.token);
          return watch(behest.fetch(CHAT, { headers: { "X-Made-By": user } }));
        });
        await settle();
        for (const nth of order) {
          held[nth]!.answer(tokens[nth]!);
          await settle();
        }
        provider.answer = undefined;
        for (const each of held) each.answer(provider.token);
        for (let turn = 0; turn < 40 && waiting.some(({ outcome }) => !outcome); turn++) {
          for (const each of held) each.answer(provider.token);
          await settle(20);
        }
        for (const { headers, owner } of gateway.sent) {
          assert.equal(owner, headers.get("X-Made-By"), `${order}`);
        }
        assert.ok(waiting.every(({ outcome }) => outcome));
      });
    }
  });

  Deno.test(`${way}: what the provider fails with is in no error, and is no sign-out`, async () => {
    await inProvider("user_ada", options, async ({ behest, function: edge, provider }) => {
      const { sessionId } = await behest.getToken();
      for (const status of [400, 401, 404, 422, 429, 500, undefined]) {
        const fields = { name: "MfaRequiredError", status, mfa_token: "SECRET" };
        provider.answer = () => Promise.reject(Object.assign(new Error("SECRET"), fields));
        const error = await rejects(behest.getToken(), "network", `${status}`);
        assert.doesNotMatch(Deno.inspect(error) + JSON.stringify(error), /SECRET/);
        assert.equal(error.cause, "MfaRequiredError");
      }
      provider.answer = undefined;
      assert.equal((await behest.getToken()).sessionId, sessionId);
      assert.ok(edge.mints.length <= 1);
    });
  });

  Deno.test(`${way}: close() ends who waits for the provider, and leaves no timer`, async () => {
    await inProvider("user_ada", options, async ({ behest, clock, provider }) => {
      await behest.getToken();
      provider.answer = () => new Promise(() => {});
      const all = [watch(behest.getToken()), watch(behest.fetch(CHAT))];
      await settle();
      behest.close();
      await settle();
      assert.deepEqual(all.map(codeOf), ["closed", "closed"]);
      assert.equal(clock.timers, 0);
      const { asked } = provider;
      await rejects(behest.getToken(), "closed");
      assert.equal(provider.asked, asked);
    });
  });

  Deno.test(`${way}: a provider that takes its time is asked once for a token at hand, and twice for a new one, supabase-js apart`, async () => {
    await inProvider("user_ada", options, async ({ behest, provider }) => {
      await behest.getToken();
      const before = provider.asked;
      await behest.fetch(CHAT);
      assert.equal(provider.asked, before + 1);
      behest.invalidate();
      await behest.fetch(CHAT);
      // supabase-js asks for a token of its own, for each call of a function.
      assert.equal(provider.asked, before + ("direct" in options ? 3 : 4));
    });
  });
}

Deno.test("many who ask all the time, of a provider that takes its time, make nobody wait after a switch", async () => {
  await inProvider("user_ada", {}, async ({ behest, provider }) => {
    provider.answer = async () => {
      const { token } = provider;
      await settle(3);
      return token;
    };
    for (let nth = 0; nth < 20; nth++) {
      provider.become(`user_${nth}`);
      const all: ReturnType<typeof watch>[] = [];
      for (let each = 0; each < 12; each++) {
        all.push(watch(behest.fetch(CHAT)));
        await settle(1);
      }
      // The clock stands still: whoever had to wait would do so for ever.
      await settle(60);
      assert.ok(all.every(({ outcome }) => outcome), `at switch ${nth}`);
    }
  });
});

for (const options of [{}, DIRECT]) {
  const way = "direct" in options ? "direct" : "by the function";

  for (const before of ["ada", undefined]) {
    Deno.test(`${way}: who came between two questions and left again leaves nothing behind for ${before ?? "nobody"}`, async () => {
      await inProvider(before, options, async ({ behest, gateway, provider }) => {
        // Each user's token is kept, as providers do.
        const tokens = new Map([[before, provider.token]]);
        provider.become("bob");
        tokens.set("bob", provider.token);
        const here = (user: string | undefined) => {
          provider.user = user;
          provider.token = tokens.get(user) ?? null;
        };
        here(before);
        let asked = 0;
        provider.answer = () => {
          if (++asked === 2) here("bob");
          return Promise.resolve(provider.token);
        };
        await behest.getToken().catch(() => {});
        here(before);
        if (before === undefined) {
          await rejects(behest.getToken(), "no_session");
          await rejects(behest.fetch(CHAT), "no_session");
          assert.equal(gateway.sent.length, 0);
        } else {
          assert.equal(ownerOf((await behest.getToken()).token), before);
          await behest.fetch(CHAT);
          assert.equal(gateway.last.owner, before);
        }
      });
    });
  }
}
