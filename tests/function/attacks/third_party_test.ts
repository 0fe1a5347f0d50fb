/** Attacks on a project whose users a third party signs in: whatever else signs, gets nothing. */
import assert from "node:assert/strict";
import { publicTexts } from "../../support/confusion.ts";
import { expectCode, expectUncalled } from "../../support/expect.ts";
import {
  base64url,
  forge,
  hmacToken,
  makeSigner,
  random,
  sessionToken,
  type Signer,
  signerOf,
} from "../../support/keys.ts";
import { liveToken, startRunning, Upstream } from "../../support/running.ts";
import {
  CLERK,
  FIREBASE,
  keyOf,
  ownKey,
  PROVIDERS,
  tokenOf,
  worldOf,
} from "../../support/third_party.ts";
import { json } from "../../support/upstreams.ts";
import { PUBLISHABLE_KEY, World } from "../../support/world.ts";

const OWN = await ownKey(CLERK);
const SECRET = await signerOf("HS256");
const PROJECT = await signerOf("ES256");
const ATTACKER = await makeSigner("RS256");

/** A world that has the third party's keys at hand, beside all that a project may have of its own. */
async function warm(): Promise<World> {
  const world = await worldOf(CLERK, {
    SUPABASE_JWKS: JSON.stringify({
      keys: [PROJECT.jwk, SECRET.jwk, { ...SECRET.jwk, kid: OWN.kid }],
    }),
    JWT_SECRET: SECRET.secret,
    SUPABASE_JWT_SECRET: SECRET.secret,
  });
  await expectCode(world, { token: await tokenOf(CLERK) }, "ok");
  world.clock.advance(31_000);
  return world;
}

Deno.test("the project's own secret and keys verify nothing, whatever iss their tokens say", async () => {
  const world = await warm();
  for (const { alg, kid, ...key } of [SECRET, PROJECT]) {
    for (const name of [kid, OWN.kid, undefined]) {
      for (const claims of [CLERK.claims, { ...CLERK.claims, iss: world.settings.SUPABASE_URL }]) {
        const token = await forge({ alg, kid, ...key }, { alg, kid: name, typ: "JWT" }, claims);
        await expectCode(world, { token }, "invalid_token", `${alg} ${name}`);
      }
    }
  }
  assert.deepEqual([world.to("plan").length, world.to("mint").length], [1, 1]);
  assert.deepEqual(world.to("user"), []);
});

Deno.test("a user of the project's own Auth server is none of the third party's", async () => {
  const world = await warm();
  for (const signer of [PROJECT, SECRET]) {
    const token = await sessionToken(signer);
    await expectUncalled(world, { token }, "invalid_token", signer.alg);
  }
});

Deno.test("an HS256 token is refused before and after keys are at hand, and no key is fetched for it", async () => {
  const cold = await worldOf(CLERK, { JWT_SECRET: SECRET.secret });
  for (const world of [cold, await warm()]) {
    for (const kid of [OWN.kid, SECRET.kid, undefined]) {
      const token = await hmacToken(SECRET.secret, { alg: "HS256", kid }, CLERK.claims);
      await expectUncalled(world, { token }, "invalid_token");
      assert.equal(world.line.detail, "no key for its alg and kid");
    }
    assert.doesNotMatch(world.log, /set JWT_SECRET/, "nobody is told to set what does not count");
  }
});

Deno.test("no text of a public key is a secret, in whichever form", async () => {
  const world = await warm();
  for (const [what, text] of publicTexts(OWN.jwk, [OWN.jwk])) {
    const token = await hmacToken(text, { alg: "HS256", kid: OWN.kid }, CLERK.claims);
    await expectUncalled(world, { token }, "invalid_token", what);
  }
});

Deno.test("a shared secret in the fetched set verifies nothing, beside a good key or alone", async () => {
  const secret: Signer = { ...SECRET, kid: "ins_secret" };
  const oct = { ...SECRET.jwk, kid: secret.kid };
  const token = await forge(secret, { alg: "HS256", kid: secret.kid }, CLERK.claims);
  const world = await worldOf(CLERK);
  world.routes.jwks = json({ keys: [OWN.jwk, oct] });
  await expectCode(world, { token: await tokenOf(CLERK) }, "ok");
  assert.match(world.log, /1 of its keys cannot be used/);
  await expectUncalled(world, { token }, "invalid_token");
  const alone = await worldOf(CLERK);
  alone.routes.jwks = json({ keys: [oct] });
  await expectCode(alone, { token: await tokenOf(CLERK) }, "auth_unavailable");
  await expectUncalled(alone, { token }, "invalid_token");
});

Deno.test("a token that brings its key, or says where keys are, is refused", async () => {
  const world = await warm();
  const own = keyOf(CLERK, ATTACKER);
  const url = "https://evil.example/jwks.json";
  for (
    const header of [
      { jwk: ATTACKER.jwk },
      { jku: url },
      { x5u: url },
      { x5c: [base64url(new Uint8Array(64))] },
      { jku: CLERK.settings.JWT_JWKS_URL },
      { crit: ["exp"] },
      { b64: false },
    ]
  ) {
    const token = await forge(own, { alg: "RS256", kid: own.kid, ...header }, CLERK.claims);
    await expectUncalled(world, { token }, "invalid_token", JSON.stringify(header));
  }
});

Deno.test("another algorithm under the provider's own key is refused, and so is none", async () => {
  const world = await warm();
  for (
    const alg of ["none", "None", "RS384", "RS512", "PS256", "ES256", "EdDSA", "HS256", "rs256"]
  ) {
    const token = await forge(OWN, { alg, kid: OWN.kid }, CLERK.claims);
    await expectCode(world, { token }, "invalid_token", alg);
  }
  const [head, payload] = (await tokenOf(CLERK)).split(".");
  await expectUncalled(world, { token: `${head}.${payload}.` }, "invalid_token");
  assert.equal(world.to("mint").length, 1);
});

Deno.test("every provider's token is refused where another provider is set, under one and the same key", async () => {
  for (const provider of PROVIDERS) {
    const world = await worldOf(provider);
    await expectCode(world, { token: await tokenOf(provider) }, "ok");
    const key = await ownKey(provider);
    for (const other of PROVIDERS.filter(({ claims }) => claims.iss !== provider.claims.iss)) {
      const token = await tokenOf(other, {}, key);
      await expectUncalled(world, { token }, "invalid_token", `${other.name} at ${provider.name}`);
    }
  }
});

Deno.test("an iss or aud that merely holds, begins or repeats the right one is refused", async () => {
  const world = await worldOf(FIREBASE);
  await expectCode(world, { token: await tokenOf(FIREBASE) }, "ok");
  const { iss, aud } = FIREBASE.claims;
  for (
    const claims of [
      { iss: `${iss}-evil` },
      { iss: `${iss}/` },
      { iss: `${iss}\u0000` },
      { iss: ` ${iss}` },
      { iss: `https://evil.example/?${iss}` },
      { iss: [iss] },
      { iss: { toString: iss } },
      { aud: `${aud}-evil` },
      { aud: `${aud} other` },
      { aud: [[aud]] },
      { aud: { [String(aud)]: true } },
      { aud: [`${aud},other`] },
    ]
  ) {
    const token = await tokenOf(FIREBASE, claims);
    await expectUncalled(world, { token }, "invalid_token", JSON.stringify(claims));
  }
  const twice = JSON.stringify({ ...FIREBASE.claims }).replace(
    "{",
    `{"iss":"${FIREBASE.otherIss}",`,
  );
  const own = await ownKey(FIREBASE);
  const token = await forge(own, { alg: "RS256", kid: own.kid }, twice);
  await expectUncalled(world, { token }, "invalid_token", "iss twice");
});

Deno.test("what a user may write into user_metadata is no role, no plan and no uid", async () => {
  const world = await worldOf(CLERK, {
    BEHEST_PLAN_CLAIM: "app_metadata.plan",
    BEHEST_TIER: "1",
  });
  const user_metadata = { role: "authenticated", plan: "max", app_metadata: { plan: "max" } };
  const { body } = await expectCode(
    world,
    { token: await tokenOf(CLERK, { user_metadata }) },
    "ok",
  );
  assert.equal(body.tier, 1);
  const bare = await tokenOf(CLERK, { user_metadata, role: undefined });
  await expectUncalled(world, { token: bare }, "invalid_token");
});

Deno.test("a secret that the provider's set shows is no secret of ours, and stops nobody", async () => {
  const world = await worldOf(CLERK, { JWT_SECRET: String(OWN.jwk.n).slice(0, 40) });
  await expectCode(world, { token: await tokenOf(CLERK) }, "ok");
});

Deno.test("neither the URL of the keys nor a token is in the log, whatever happens", async () => {
  const path = random(12);
  const url = `https://keys.example/jwks?api_key=${path}`;
  const world = await worldOf(CLERK, { JWT_JWKS_URL: url });
  const token = await tokenOf(CLERK);
  await expectCode(world, { token }, "ok");
  world.routes.jwks = () => Promise.reject(new TypeError(`cannot connect to ${url}`));
  const cold = await worldOf(CLERK, { JWT_JWKS_URL: url });
  cold.routes.jwks = world.routes.jwks;
  const { text } = await expectCode(cold, { token }, "auth_unavailable");
  for (const told of [text, world.log, cold.log]) {
    assert.ok(!told.includes(path) && !told.includes("eyJ"), told);
  }
});

Deno.test("over real sockets the third party gets a bare GET, and no word of the project", async () => {
  const own = await signerOf("ES256");
  const upstream = new Upstream({ jwks: json({ keys: [own.jwk] }) });
  const JWT_JWKS_URL = `${upstream.url}/auth/v1/.well-known/jwks.json`;
  const running = await startRunning(upstream.url, { JWT_JWKS_URL, JWT_ISSUER: CLERK.claims.iss });
  try {
    const token = await liveToken(own, { iss: CLERK.claims.iss, sub: CLERK.claims.sub });
    const headers = {
      Authorization: `Bearer ${token}`,
      apikey: PUBLISHABLE_KEY,
      Cookie: "session=1",
      "x-client-info": "supabase-js/2",
    };
    const response = await fetch(running.url, { method: "POST", headers });
    assert.equal(response.status, 200, await response.text());
    const [keys] = upstream.to("jwks");
    const sent = Object.keys(keys?.headers ?? {}).filter((name) => name !== "host");
    assert.deepEqual(sent.sort(), ["accept", "accept-encoding", "accept-language", "user-agent"]);
    assert.deepEqual([upstream.to("user").length, upstream.to("jwks").length], [0, 1]);
    const [plan] = upstream.to("plan");
    assert.equal(plan?.headers.apikey, PUBLISHABLE_KEY);
  } finally {
    await running.stop();
    await upstream.stop();
  }
});
