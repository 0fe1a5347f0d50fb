/** supabase-js with `accessToken`, where another provider signs users in and nobody tells of it. */
import assert from "node:assert/strict";
import OpenAI from "openai";
import { settle, watch } from "../support/client_calls.ts";
import { BASE_URL } from "../support/client_function.ts";
import { ask, REPLY } from "../support/client_openai.ts";
import { inProvider, type Provided } from "../support/client_provider.ts";
import { CHAT, rejects } from "../support/client_world.ts";

const DIRECT = { direct: { baseUrl: BASE_URL } };

Deno.test("a client that supabase-js knows by accessToken is made as any other, and mints with the provider's token", async () => {
  await inProvider("user_ada", {}, async ({ behest, function: edge, provider }) => {
    const { token } = await behest.getToken();
    assert.equal(token, "bt.user_ada.1");
    assert.equal(edge.last.headers.get("Authorization"), `Bearer ${provider.token}`);
    await behest.fetch(CHAT);
    assert.equal(edge.mints.length, 1);
  });
});

Deno.test("nobody is no_session, without a mint, and whoever signs in later is served", async () => {
  await inProvider(undefined, {}, async (world) => {
    const { behest, provider } = world;
    await rejects(behest.getToken(), "no_session");
    await rejects(behest.fetch(CHAT), "no_session");
    assert.equal(behest.getSnapshot().status, "signed-out");
    provider.become("user_ada");
    assert.equal((await behest.getToken()).token, "bt.user_ada.1");
    provider.become(undefined);
    await rejects(behest.fetch(CHAT), "no_session");
    assert.equal(world.gateway.sent.length, 0);
  });
});

for (const options of [{}, DIRECT]) {
  const way = "direct" in options ? "direct" : "by the function";
  const owned = async ({ behest, gateway }: Provided, user: string) => {
    await behest.fetch(CHAT, { method: "POST", body: "{}" });
    assert.equal(gateway.last.owner, user);
  };

  Deno.test(`${way}: the first request after a switch that nobody told of goes out with the new user's token`, async () => {
    await inProvider("user_ada", options, async (world) => {
      await owned(world, "user_ada");
      for (const user of ["auth0|bob", "user_ada", "cy"]) {
        world.provider.become(user);
        await owned(world, user);
        await owned(world, user);
      }
    });
  });

  Deno.test(`${way}: the Behest session is the user's own, and another user begins another`, async () => {
    await inProvider("user_ada", options, async ({ behest, provider }) => {
      const { sessionId } = await behest.getToken();
      provider.renew();
      assert.equal((await behest.getToken()).sessionId, sessionId);
      provider.become("bob");
      assert.notEqual((await behest.getToken()).sessionId, sessionId);
    });
  });

  Deno.test(`${way}: a call of OpenAI's SDK is that of who is here when it is made, to its last try`, async () => {
    await inProvider("user_ada", options, async (world) => {
      const { behest, gateway, provider } = world;
      const openai = behest.openai(OpenAI, { maxRetries: 2 });
      gateway.reply = () => Response.json(REPLY);
      await ask(openai);
      provider.become("bob");
      await ask(openai);
      assert.deepEqual(gateway.sent.map(({ owner }) => owner), ["user_ada", "bob"]);
      // They switch while a reply is awaited, which then has to be tried again.
      gateway.reply = () => {
        provider.become("cy");
        return new Response("busy", { status: 503, headers: { "retry-after-ms": "1" } });
      };
      const waiting = watch(ask(openai));
      while (!waiting.outcome) await settle();
      assert.ok("error" in waiting.outcome);
      assert.equal(gateway.sent.length, 3);
    });
  });

  Deno.test(`${way}: a token that the provider has renewed makes no mint and no fault`, async () => {
    await inProvider("user_ada", options, async (world) => {
      for (let nth = 0; nth < 30; nth++) {
        world.provider.renew();
        await owned(world, "user_ada");
      }
      assert.equal(world.function.mints.length, "direct" in options ? 0 : 1);
    });
  });

  Deno.test(`${way}: while the provider cannot say who is here nothing goes out, and then all goes on`, async () => {
    await inProvider("user_ada", options, async (world) => {
      await owned(world, "user_ada");
      for (
        const fail of [() => Promise.reject(new Error("offline")), () => {
          throw "odd";
        }]
      ) {
        world.provider.answer = fail;
        const error = await rejects(world.behest.fetch(CHAT), "network");
        assert.ok(!JSON.stringify(error).includes("offline"));
        assert.equal(world.gateway.sent.length, 1);
        world.provider.answer = undefined;
      }
      await owned(world, "user_ada");
    });
  });

  Deno.test(`${way}: a provider that never answers is a timeout, and an abort ends the wait`, async () => {
    await inProvider("user_ada", options, async (world) => {
      world.provider.answer = () => new Promise(() => {});
      const controller = new AbortController();
      const aborted = watch(world.behest.getToken({ signal: controller.signal }));
      const waiting = watch(world.behest.getToken());
      await settle();
      controller.abort(new Error("enough"));
      await settle();
      assert.deepEqual(aborted.outcome, { error: new Error("enough") });
      assert.equal(waiting.outcome, undefined);
      for (let nth = 0; nth < 4; nth++) {
        world.clock.advance(15);
        await settle();
      }
      assert.equal(
        (waiting.outcome as unknown as { error: { code: string } }).error.code,
        "timeout",
      );
    });
  });

  Deno.test(`${way}: many who ask at once are one mint at most, in any order of switches`, async () => {
    await inProvider("user_ada", options, async (world) => {
      for (const user of ["a", "b", "c", "a", "b"]) {
        world.provider.become(user);
        const before = world.function.mints.length;
        await Promise.all(Array.from({ length: 25 }, () => owned(world, user)));
        assert.ok(world.function.mints.length - before <= 1);
      }
    });
  });

  Deno.test(`${way}: after close() the provider is asked for nothing`, async () => {
    await inProvider("user_ada", options, async (world) => {
      await owned(world, "user_ada");
      world.behest.close();
      const { asked } = world.provider;
      await rejects(world.behest.getToken(), "closed");
      await rejects(world.behest.fetch(CHAT), "closed");
      await settle();
      assert.equal(world.provider.asked, asked);
      assert.equal(world.gateway.sent.length, 1);
    });
  });
}

Deno.test("direct: what the provider gives goes out, whatever this device takes the date for, and Behest judges it", async () => {
  for (const ahead of [-3600, 0, 20, 45, 70, 3600]) {
    await inProvider("user_ada", DIRECT, async (world) => {
      world.clock.setDate(ahead);
      for (let second = 0; second < 120; second++) {
        if (second % 40 === 0) world.provider.renewAt(-ahead);
        assert.equal((await world.behest.fetch(CHAT)).status, 200);
        assert.equal(world.gateway.last.token, world.provider.token);
        world.clock.advance(1);
      }
      // Also one that ends earlier than the one before.
      world.provider.renewAt(-ahead - 30);
      await world.behest.fetch(CHAT);
      assert.equal(world.gateway.last.token, world.provider.token);
    });
  }
});

Deno.test("direct: a 401, an invalidate() or a changed plan takes no token away that the provider still gives", async () => {
  await inProvider("user_ada", DIRECT, async ({ behest, gateway, provider, clock }) => {
    behest.invalidate();
    assert.equal((await behest.getToken()).token, provider.token);
    gateway.refuse(provider.token!);
    assert.equal((await behest.fetch(CHAT)).status, 401);
    gateway.reply = () => new Response("ok");
    clock.advance(31);
    assert.equal((await behest.fetch(CHAT)).status, 200);
    provider.renew();
    assert.equal((await behest.getToken()).token, provider.token);
  });
});

Deno.test("a changed plan is minted by the token that the provider gives, with inSession too", async () => {
  await inProvider("user_ada", {}, async ({ behest, function: edge, provider, supabase }) => {
    const stop = behest.watchPlan({ inSession: true });
    await behest.getToken();
    const change = (plan: string) => {
      for (const channel of supabase.getChannels()) {
        for (const { callback } of channel.bindings["postgres_changes"] ?? []) {
          callback({ new: { id: "user_ada", plan } }, null, "");
        }
      }
    };
    for (const plan of ["free", "pro", "max"]) {
      change(plan);
      const before = edge.mints.length;
      await behest.getToken();
      assert.ok(edge.mints.length <= before + 1);
      assert.equal(edge.last.headers.get("Authorization"), `Bearer ${provider.token}`);
    }
    assert.ok(edge.mints.length >= 3, `${edge.mints.length}`);
    stop();
  });
});

Deno.test("a token whose user cannot be read is nobody's", async () => {
  await inProvider("user_ada", {}, async (world) => {
    for (const token of ["opaque", "a.b.c", `h.${btoa("{}")}.s`, `h.${btoa('{"sub":""}')}.s`]) {
      world.provider.answer = () => Promise.resolve(token);
      const { asked } = world.provider;
      await rejects(world.behest.fetch(CHAT), "no_session");
      assert.ok(world.provider.asked - asked <= 4, `${world.provider.asked - asked}`);
    }
    assert.equal(world.function.mints.length, 0);
    assert.equal(world.gateway.sent.length, 0);
  });
});

Deno.test("expired_token of the function asks the provider once more, and mints with what it gives", async () => {
  await inProvider("user_ada", {}, async ({ behest, function: edge, provider }) => {
    edge.always((mint) => {
      if (mint.nth > 1) return edge.good(mint);
      provider.renew();
      return Response.json({ error: { code: "expired_token", message: "Refresh." } }, {
        status: 401,
      });
    });
    assert.equal((await behest.getToken()).token, "bt.user_ada.2");
    assert.equal(edge.last.headers.get("Authorization"), `Bearer ${provider.token}`);
  });
});

Deno.test("watchPlan watches the row of who is here, by the provider's id of them", async () => {
  await inProvider("auth0|ada", {}, async ({ behest, supabase }) => {
    const stop = behest.watchPlan();
    await behest.getToken();
    const filters = supabase.getChannels().map(({ bindings }) =>
      bindings["postgres_changes"]?.[0]?.filter["filter"]
    );
    assert.deepEqual(filters, ["id=eq.auth0|ada"]);
    stop();
    await settle();
    assert.equal(supabase.getChannels().length, 0);
  });
});
