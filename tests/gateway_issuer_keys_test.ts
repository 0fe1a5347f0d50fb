/** With whose keys the gateway double verifies a session token, and how it follows a rotation. */

import assert from "node:assert/strict";
import { GatewayFault } from "../dev/gateway/fault.ts";
import { startGateway } from "../dev/gateway/gateway.ts";
import { makeIssuers } from "../dev/gateway/issuers.ts";
import { makeRemoteKeys } from "../dev/gateway/remote_keys.ts";
import { chat, goodClaims, mintToken, served, signLocally } from "./gateway_calls.ts";
import { CREDENTIALS, direct, ES256, NEXT, refused, RS256, STRANGER } from "./gateway_direct.ts";
import { type Issuer, startIssuer } from "./support/doctor_issuer.ts";
import { forge, sessionClaims, START } from "./support/keys.ts";

direct("a key that two keys of the set are called by is not used", async ({ gateway, issuer }) => {
  issuer.keys = [ES256.jwk, { ...STRANGER.jwk, kid: ES256.kid }];
  await refused(gateway, await issuer.sign(ES256, {}, {}, START), /not in its issuer's/);
});

direct("no issuer's key verifies another's token, Behest's among them", async (world) => {
  const { gateway, issuer, sign } = world;
  const behest = { ...goodClaims(CREDENTIALS), iat: START, nbf: START, exp: START + 900 };
  // The project's set may claim any kid, that of Behest's own key, too.
  const posing = { ...RS256, kid: CREDENTIALS.kid };
  issuer.keys = [ES256.jwk, { ...RS256.jwk, kid: CREDENTIALS.kid }];
  await served(chat(gateway, await sign({}, posing)));
  for (const signer of [RS256, posing]) {
    const token = await forge(signer, { alg: "RS256", kid: signer.kid }, behest);
    await refused(gateway, token, /not one that this gateway accepts/);
  }
  // And Behest's key signs for no user of Supabase.
  const own = await signLocally(CREDENTIALS, { ...sessionClaims(), iss: issuer.issuer });
  await refused(gateway, own, /signature does not fit/);
  issuer.keys = [ES256.jwk];
});

Deno.test("of two trusted issuers neither speaks for the other's users", async () => {
  const [one, two] = [startIssuer(ES256), startIssuer(NEXT)];
  const trustedIssuers = [one, two].map(({ issuer, jwksUrl }) => ({ issuer, jwksUrl }));
  const gateway = await startGateway({ credentials: CREDENTIALS, trustedIssuers });
  try {
    await served(chat(gateway, await one.sign(ES256)));
    await served(chat(gateway, await two.sign(NEXT)));
    await refused(gateway, await one.sign(NEXT), /not in its issuer's key set/);
    await refused(gateway, await two.sign(ES256), /not in its issuer's key set/);
  } finally {
    for (const each of [gateway, one, two]) await each.stop();
  }
});

Deno.test("an issuer that could not be told from another one, or be overheard, is refused", () => {
  const good = { issuer: "https://a.example/auth/v1", jwksUrl: "https://a.example/jwks.json" };
  for (
    const trusted of [
      [good, good],
      [{ ...good, issuer: "https://api.behest.ai" }],
      [{ ...good, jwksUrl: "http://a.example/jwks.json" }],
      [{ ...good, jwksUrl: "file:///etc/passwd" }],
      [{ ...good, jwksUrl: "jwks.json" }],
    ]
  ) {
    assert.throws(() => makeIssuers(trusted, Date.now), TypeError, JSON.stringify(trusted));
  }
});

/** The answers of the issuer's key set so far. */
const fetches = ({ asked }: Issuer) => asked.length;

direct("keys are fetched once, however many ask at once, and with no token", async (world) => {
  const { gateway, issuer, sign } = world;
  const token = await sign();
  await Promise.all(Array.from({ length: 5 }, () => served(chat(gateway, token))));
  assert.equal(fetches(issuer), 1);
  assert.ok(!issuer.asked[0].headers.has("Authorization"));
});

direct("a new key is fetched for, and not more often than every 30 s", async (world) => {
  const { gateway, issuer, sign, pass } = world;
  await served(chat(gateway, await sign()));
  issuer.keys = [NEXT.jwk, ES256.jwk];
  const [fresh, strange] = [await sign({}, NEXT), await sign({}, STRANGER)];
  pass(29_999);
  await refused(gateway, fresh, /not in its issuer's key set/);
  assert.equal(fetches(issuer), 1);
  pass(1);
  await served(chat(gateway, fresh));
  await served(chat(gateway, await sign()));
  for (let each = 0; each < 3; each++) await refused(gateway, strange, /not in its issuer's/);
  assert.equal(fetches(issuer), 2);
});

direct("a key that has rotated away is refused ten minutes later at the latest", async (world) => {
  const { gateway, issuer, sign, pass } = world;
  const old = await sign();
  await served(chat(gateway, old));
  issuer.keys = [NEXT.jwk];
  pass(599_999);
  await served(chat(gateway, old));
  pass(1);
  await refused(gateway, old, /rotated away/);
  await served(chat(gateway, await sign({}, NEXT)));
});

direct("an issuer whose keys cannot be had is no fault of the token", async (world, test) => {
  const { gateway, issuer, sign, pass } = world;
  const token = await sign();
  const down: [string, () => Response][] = [
    ["an error", () => new Response(null, { status: 503 })],
    ["a set with another status", () => Response.json({ keys: issuer.keys }, { status: 404 })],
    ["no key set", () => Response.json({ message: "No API key found in request" })],
    ["a page", () => new Response("<h1>Hello</h1>")],
    ["a redirect", () => new Response(null, { status: 302, headers: { Location: "/elsewhere" } })],
  ];
  for (const [what, bend] of down) {
    await test.step(what, async () => {
      issuer.bend = bend;
      await refused(gateway, token, /cannot be fetched/, 503);
    });
  }
  assert.ok(issuer.asked.every(({ url }) => url === issuer.jwksUrl), "no redirect is followed");
  issuer.bend = undefined;
  await served(chat(gateway, token));

  // A set that is good still serves, and of a key that is not in it nothing can be said.
  issuer.keys = [NEXT.jwk];
  issuer.bend = down[0][1];
  pass(30_000);
  const [before, unknown] = [fetches(issuer), await sign({}, NEXT)];
  await refused(gateway, unknown, /cannot be fetched/, 503);
  await served(chat(gateway, token));
  assert.equal(fetches(issuer), before + 1);
  pass(570_000);
  await refused(gateway, token, /cannot be fetched/, 503);
});

Deno.test("an issuer that has not shown all its keys within five seconds cannot be asked", async () => {
  const set = new TextEncoder().encode(JSON.stringify({ keys: [ES256.jwk] }));
  for (const early of [0, 9]) {
    const [asked, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const [late, ended] = [new AbortController(), new AbortController()];
    // What is missing comes after the wait is over: whoever goes on waiting gets a key.
    const body = () =>
      new ReadableStream({
        async start(stream) {
          stream.enqueue(set.slice(0, early));
          asked.resolve();
          await over.promise;
          stream.enqueue(set.slice(early));
          stream.close();
        },
      });
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, signal: ended.signal, onListen: () => {} },
      () => new Response(body()),
    );
    const waits: number[] = [];
    const url = `http://127.0.0.1:${server.addr.port}/jwks.json`;
    const keyFor = makeRemoteKeys(url, () => START * 1000, (ms) => {
      waits.push(ms);
      return late.signal;
    });
    try {
      const refusal = assert.rejects(
        keyFor({ alg: "ES256", kid: ES256.kid }),
        (error) => error instanceof GatewayFault && error.status === 503,
      );
      await asked.promise;
      assert.deepEqual(waits, [5000]);
      late.abort();
      over.resolve();
      await refusal;
    } finally {
      over.resolve();
      ended.abort();
      await server.finished;
    }
  }
});

Deno.test("an issuer where nobody listens is no fault of the token", async () => {
  const issuer = startIssuer(ES256);
  await issuer.stop();
  const trustedIssuers = [{ issuer: issuer.issuer, jwksUrl: issuer.jwksUrl }];
  const gateway = await startGateway({ credentials: CREDENTIALS, trustedIssuers });
  try {
    await refused(gateway, await issuer.sign(ES256), /cannot be fetched/, 503);
    await served(chat(gateway, await mintToken(gateway)));
  } finally {
    await gateway.stop();
  }
});

Deno.test("a project that trusts nobody refuses sessions, and asks no issuer for keys", async () => {
  const issuer = startIssuer(ES256);
  const gateway = await startGateway({ credentials: CREDENTIALS });
  try {
    await refused(gateway, await issuer.sign(ES256), /not one that this gateway accepts/);
    assert.equal(fetches(issuer), 0);
  } finally {
    await gateway.stop();
    await issuer.stop();
  }
});
