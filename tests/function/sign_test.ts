import assert from "node:assert/strict";
import { exportPKCS8, exportSPKI, generateKeyPair, jwtVerify } from "jose";
import { base64, behestKey, localSettings } from "../support/behest_keys.ts";
import { expectCode, expectUncalled } from "../support/expect.ts";
import { payloadOf, sessionToken, signerOf, START, SUB } from "../support/keys.ts";
import { slow } from "../support/upstreams.ts";
import { BASE_URL, type Settings, World } from "../support/world.ts";

const KEY = await behestKey();

async function verified(token: string, issuer = "https://api.behest.ai", audience = "behest") {
  const currentDate = new Date(START * 1000);
  const options = { algorithms: ["RS256"], issuer, audience, currentDate };
  return await jwtVerify(token, KEY.publicKey, options);
}

Deno.test("a local answer has the shape of Behest's, and Behest is not called", async () => {
  const world = await World.make(await localSettings());
  const { body } = await expectCode(world, {}, "ok");
  const { token, sessionId, ...rest } = body;
  assert.deepEqual(rest, { ttl: 900, expiresAt: START + 900, baseUrl: BASE_URL, tier: 2 });
  assert.equal(payloadOf(token).sid, sessionId);
  assert.equal(world.to("mint").length, 0);
  assert.equal(world.line.mode, "local");
});

Deno.test("every local token has an id of its own, and keeps the session that the caller names", async () => {
  const world = await World.make(await localSettings());
  const seen = new Set<unknown>();
  for (let nth = 0; nth < 5; nth++) {
    const { body } = await expectCode(world, { body: '{"sessionId":"chat:1"}' }, "ok");
    assert.equal(body.sessionId, "chat:1");
    assert.equal(payloadOf(body.token).sid, "chat:1");
    seen.add(payloadOf(body.token).jti);
  }
  assert.equal(seen.size, 5);
});

Deno.test("nothing that the caller wishes for changes uid, tier, role, scope or ttl", async () => {
  const world = await World.make(await localSettings());
  const wishes = {
    uid: "admin",
    user_id: "admin",
    tier: 9,
    role: "admin",
    scp: ["*"],
    ttl: 86400,
    exp: 9e9,
    aud: "x",
  };
  const { body } = await expectCode(world, { body: JSON.stringify(wishes) }, "ok");
  const { uid, tier, role, scp, exp } = payloadOf(body.token);
  assert.deepEqual({ uid, tier, role, scp, exp }, {
    uid: SUB,
    tier: 2,
    role: "user",
    scp: [],
    exp: START + 900,
  });
});

Deno.test("ttl, issuer and audience are what the settings say", async () => {
  for (const ttl of [60, 86_400]) {
    const settings = {
      BEHEST_TTL: String(ttl),
      BEHEST_ISSUER: "https://i.example",
      BEHEST_AUDIENCE: "mine",
    };
    const world = await World.make(await localSettings(settings));
    const { body } = await expectCode(world, {}, "ok");
    const { payload } = await verified(body.token, "https://i.example", "mine");
    assert.equal(payload.exp, START + ttl);
    assert.equal(body.ttl, ttl);
    assert.equal(body.expiresAt, START + ttl);
  }
});

Deno.test("a local token lives from the moment of its signing, not of the first request", async () => {
  const world = await World.make(await localSettings());
  await expectCode(world, {}, "ok");
  world.clock.advance(300_000);
  const { body } = await expectCode(world, {}, "ok");
  assert.equal(payloadOf(body.token).iat, START + 300);
});

Deno.test("BEHEST_KEY may be a PEM without its last line break", async () => {
  for (const pem of [KEY.pkcs8, KEY.pkcs1]) {
    const world = await World.make(await localSettings({ BEHEST_KEY: pem.trim() }));
    const { body } = await expectCode(world, {}, "ok");
    assert.equal((await verified(body.token)).payload.uid, SUB);
  }
});

async function shortKey(): Promise<string> {
  const publicExponent = Uint8Array.of(1, 0, 1);
  const how = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 1024, publicExponent };
  return await exportPKCS8(
    (await crypto.subtle.generateKey(how, true, ["sign", "verify"])).privateKey,
  );
}

const EC = await generateKeyPair("ES256", { extractable: true });
const WRONG_KEYS: [string, string][] = [
  ["an RSA key of 1024 bits", await shortKey()],
  ["an EC key", await exportPKCS8(EC.privateKey)],
  ["a public key", await exportSPKI(KEY.publicKey)],
  ["a PEM that is cut", KEY.pkcs8.slice(0, 800)],
  ["a PEM that is cut, as base64", base64(KEY.pkcs8.slice(0, 800))],
  ["a PEM of another kind", KEY.pkcs8.replaceAll("PRIVATE KEY", "CERTIFICATE")],
  ["an encrypted PEM", KEY.pkcs8.replaceAll("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")],
  ["the prefix behest_pk_ alone", "behest_pk_"],
  ["the prefix behest_sk_live_ alone", "behest_sk_live_"],
  ["a word", "swordfish-correct-horse"],
];

for (const [what, key] of WRONG_KEYS) {
  Deno.test(`where BEHEST_KEY is ${what}, it is misconfigured by its name and not its value`, async () => {
    const world = await World.make(await localSettings({ BEHEST_KEY: key }));
    const { message, text } = await expectUncalled(world, {}, "misconfigured");
    assert.match(message, /BEHEST_KEY/);
    for (
      const line of key.split("\n").filter((line) => line.length > 20 && !line.includes("-----"))
    ) {
      assert.ok(!`${text}${world.log}`.includes(line));
    }
  });
}

Deno.test("local signing needs its key id, tenant and project, and says so all at once", async () => {
  const nothing: Settings = {
    BEHEST_KID: undefined,
    BEHEST_TENANT_ID: "",
    BEHEST_PROJECT_ID: undefined,
  };
  const world = await World.make(await localSettings(nothing));
  const { message } = await expectUncalled(world, {}, "misconfigured");
  for (const name of Object.keys(nothing)) assert.ok(message.includes(name), name);
});

Deno.test("requests that are served at the same time are never mixed up", async () => {
  const signer = await signerOf("ES256");
  for (const settings of [{}, await localSettings()]) {
    const world = await World.make(settings);
    const { user } = world.routes;
    // Each is answered later than the one behind it.
    world.routes.user = (call, scene) => slow(1000 - 50 * scene.nth, user)(call, scene);
    const asked = Array.from({ length: 20 }, async (_, nth) => {
      const token = await sessionToken(signer, { sub: `user-${nth}` });
      return await world.start({ token, body: JSON.stringify({ sessionId: `session-${nth}` }) });
    });
    const answers = await world.settle(Promise.all(asked));
    answers.forEach(({ code, body }, nth) => {
      assert.equal(code, "ok");
      const { uid, sid } = payloadOf(body.token);
      assert.deepEqual([uid, sid, body.sessionId], [
        `user-${nth}`,
        `session-${nth}`,
        `session-${nth}`,
      ]);
    });
  }
});
