/** `JWT_SECRET`, and what people put there that is no secret. */
import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { Buffer } from "node:buffer";
import { exportPKCS8, exportSPKI, generateKeyPair } from "jose";
import { base64url, encodePart, makeSigner, random, type Signer } from "../../support/keys.ts";
import { assertWarned, expectMisconfigured, inProject } from "../../support/projects.ts";
import { liveToken } from "../../support/running.ts";
import { json } from "../../support/upstreams.ts";
import { SUPABASE_URL } from "../../support/world.ts";

const SECRET = random(32);
/** In the key set at hand; its `kid` is nothing else that a secret must not be. */
const SIGNER = await makeSigner("ES256", { kid: random(32) });
const { jwk: KEY, kid: KID } = SIGNER;
const EDWARDS = await makeSigner("EdDSA");
/** Of no curve that is used here, and public all the same. */
const UNUSABLE = { ...(await makeSigner("ES256")).jwk, crv: "P-384" };
const SUPABASE_JWKS = JSON.stringify({ keys: [KEY, EDWARDS.jwk, UNUSABLE] });
const PAIR = await generateKeyPair("ES256", { extractable: true });
const PEM = await exportSPKI(PAIR.publicKey);
const RSA_PEM = await exportSPKI((await generateKeyPair("RS256", { extractable: true })).publicKey);
const [DER, RSA_DER] = [PEM, RSA_PEM].map((pem) =>
  createPublicKey(pem).export({ type: "spki", format: "der" }).toString("base64")
);
const RSA_PKCS1 = createPublicKey(RSA_PEM).export({ type: "pkcs1", format: "der" })
  .toString("base64");
const UUID = crypto.randomUUID();
const ANON = [{ alg: "HS256", typ: "JWT" }, { iss: "supabase", role: "anon", exp: 2e9 }]
  .map(encodePart).join(".") + `.${random(32)}`;

/** Each kind with values of it. */
const KINDS: Record<string, string[]> = {
  "with white space, or what is not seen, at an end": [
    `${SECRET}\n`,
    `${SECRET} `,
    ` ${SECRET}`,
    `${SECRET}\r\n`,
    `${SECRET}\\n`,
    `${SECRET}\u00a0`,
    `\ufeff${SECRET}`,
    `${SECRET}\u200b`,
    `${SECRET}\u2060`,
    `${SECRET}\u0007`,
  ],
  "in quotes": [
    `"${SECRET}"`,
    `'${SECRET}'`,
    `\`${SECRET}\``,
    `\u201c${SECRET}\u201d`,
    `«${SECRET}»`,
    `"${SECRET}`,
    `${SECRET}"`,
    `${SECRET}'`,
  ],
  "that is a UUID": [UUID, UUID.toUpperCase()],
  "that is a URL": [
    `${SUPABASE_URL}/auth/v1/.well-known/jwks.json`,
    SUPABASE_URL,
    "postgresql://postgres:pw@db.example.co:5432/postgres",
  ],
  "that is a key's PEM, DER or JWK": [
    PEM.trim(),
    PEM.trim().replaceAll("\n", "\\n"),
    (await exportPKCS8(PAIR.privateKey)).trim(),
    String(DER),
    String(RSA_DER),
    String(RSA_PKCS1),
    `public key: ${PEM.trim()}`,
    Buffer.from(PEM).toString("base64"),
    Buffer.from(String(DER), "base64").toString("hex"),
    JSON.stringify(KEY),
    JSON.stringify([KEY]),
    Buffer.from(JSON.stringify(KEY, null, 1)).toString("base64"),
    SUPABASE_JWKS,
  ],
  "that is an API key or a token": [
    ANON,
    `Bearer ${ANON}`,
    `SUPABASE_ANON_KEY=${ANON}`,
    `sbp_${random(32)}`,
    `behest_sk_live_${random(24)}`,
    `sb_secret_${random(24)}`,
    `sb_publishable_${random(24)}`,
  ],
  "of one letter over and over": ["x".repeat(32), "0".repeat(64)],
  "that is a kid or a coordinate of the key set at hand": [
    String(KEY.x),
    String(KEY.y),
    String(EDWARDS.jwk.x),
    `${KEY.x}=`,
    `${KEY.x}${KEY.y}`,
    Buffer.from(String(KEY.x), "base64url").toString("base64"),
    Buffer.from(String(KEY.x), "base64url").toString("hex").toUpperCase(),
    String(UNUSABLE.x),
    KID,
  ],
  "shorter than 32 bytes": [SECRET.slice(0, 8), SECRET.slice(0, 31)],
};
const EXAMPLES = [
  "super-secret-jwt-token-with-at-least-32-characters-long",
  "your-super-secret-jwt-token-with-at-least-32-characters-long",
];

const kept = new Map<string, Promise<string>>();

/** The message with which a value is refused. */
function refusal(secret: string): Promise<string> {
  const known = kept.get(secret);
  if (known) return known;
  const settings = EXAMPLES.includes(secret)
    ? { JWT_SECRET: secret, SUPABASE_JWKS, SUPABASE_URL }
    : { JWT_SECRET: secret, SUPABASE_JWKS };
  const message = expectMisconfigured(settings, "JWT_SECRET", secret.trim());
  kept.set(secret, message);
  return message;
}

for (const [kind, values] of Object.entries(KINDS)) {
  Deno.test(`a JWT_SECRET ${kind} is misconfigured, by its name and without its value`, async () => {
    for (const value of values) await refusal(value);
  });
}

Deno.test("a JWT_SECRET of Supabase's own examples is misconfigured where SUPABASE_URL is https", async () => {
  for (const example of EXAMPLES) await refusal(example);
});

Deno.test("each kind of wrong JWT_SECRET has a reason of its own", async () => {
  const reasons = new Map<string, string>();
  for (const [kind, values] of [...Object.entries(KINDS), ["an example", EXAMPLES] as const]) {
    const reason = await refusal(values[0] ?? "");
    assert.equal(reasons.get(reason), undefined, `${kind}: ${reason}`);
    reasons.set(reason, kind);
  }
});

/** A signer with this secret, which takes it byte for byte. */
async function signerWith(secret: string): Promise<Signer> {
  return { ...await makeSigner("HS256"), secret, key: new TextEncoder().encode(secret) };
}

Deno.test("a JWT_SECRET is judged by its other name, too", async () => {
  const settings = { JWT_SECRET: undefined, SUPABASE_JWT_SECRET: UUID };
  await expectMisconfigured(settings, "SUPABASE_JWT_SECRET", UUID);
});

Deno.test("a JWT_SECRET that a fetched key set shows to be public is misconfigured from then on, and nobody is minted for", async () => {
  for (const secret of [String(KEY.x), KID, String(UNUSABLE.x)]) {
    const settings = { JWT_SECRET: secret, SUPABASE_JWKS: undefined };
    const routes = { jwks: json({ keys: [KEY, UNUSABLE] }) };
    const log = await inProject(settings, routes, async (project) => {
      const forged = await liveToken(await signerWith(secret));
      for (const token of [await liveToken(SIGNER), forged]) {
        const { message, text } = await project.expect({ token }, "misconfigured");
        assert.match(message, /JWT_SECRET/);
        assert.ok(!text.includes(secret));
      }
      assert.equal(project.upstream.to("user").length + project.upstream.to("mint").length, 0);
    });
    assert.ok(!log.text.includes(secret));
  }
});

Deno.test("a JWT_SECRET that stands in the inline set as a shared secret is no public text", async () => {
  const { jwk } = await makeSigner("HS256");
  const secret = String(jwk.k);
  const settings = { JWT_SECRET: secret, SUPABASE_JWKS: JSON.stringify({ keys: [KEY, jwk] }) };
  await inProject(settings, {}, async (project) => {
    await project.expect({ token: await liveToken(await signerWith(secret)) }, "ok");
  });
});

Deno.test("Supabase's example secret works on http loopback, with a warning that does not tell it", async () => {
  for (const example of EXAMPLES) {
    const settings = { JWT_SECRET: example, SUPABASE_JWKS: undefined };
    const log = await inProject(settings, {}, async (project) => {
      await project.expect({ token: await liveToken(await signerWith(example)) }, "ok");
    });
    assertWarned(log, "JWT_SECRET");
    assert.ok(!log.text.includes(example));
  }
});

/** A key set with this secret as its `oct` key, beside the public ones. */
function withOct(secret: string | Uint8Array): string {
  const k = Buffer.from(secret as string).toString("base64url");
  return JSON.stringify({ keys: [KEY, EDWARDS.jwk, { kty: "oct", k, kid: "oct-1" }] });
}

Deno.test("an oct key of SUPABASE_JWKS that is no secret is misconfigured, too", async () => {
  for (const example of EXAMPLES) {
    const jwks = withOct(example);
    const settings = { SUPABASE_JWKS: jwks, SUPABASE_URL };
    assert.match(await expectMisconfigured(settings, "SUPABASE_JWKS", jwks), /examples/);
  }
  const jwks = withOct(String(KEY.x));
  const settings = { SUPABASE_JWKS: jwks };
  assert.match(await expectMisconfigured(settings, "SUPABASE_JWKS", jwks), /key set/);
});

Deno.test("an oct key that only the fetched set shows to be public is misconfigured from then on", async () => {
  const k = base64url(new TextEncoder().encode(String(KEY.x)));
  const settings = { SUPABASE_JWKS: JSON.stringify({ keys: [{ kty: "oct", k, kid: "oct-1" }] }) };
  const jwks = json({ keys: [KEY] });
  await inProject(settings, { jwks }, async (project) => {
    const { message } = await project.expect({ token: await liveToken(SIGNER) }, "misconfigured");
    assert.match(message, /SUPABASE_JWKS/);
    assert.equal(project.upstream.to("mint").length, 0);
  });
});

Deno.test("an oct key of one byte over and over lets nobody in, and the log says that it is not used", async () => {
  const zeros = new Uint8Array(32);
  const settings = { SUPABASE_JWKS: withOct(zeros), BEHEST_USER_CHECK: "claims" };
  const forger = { ...await makeSigner("HS256", { kid: "oct-1" }), key: zeros };
  const log = await inProject(settings, {}, async (project) => {
    await project.expect({ token: await liveToken(forger) }, "invalid_token");
  });
  assertWarned(log, "SUPABASE_JWKS");
});

Deno.test("a secret that merely resembles what is none is taken, byte for byte", async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(64));
  const secrets = [
    Buffer.from(bytes).toString("base64"),
    Buffer.from(bytes).toString("hex"),
    `{${Buffer.from(bytes).toString("hex")}}`,
    `[${Buffer.from(bytes).toString("base64")}]`,
    `eyJ${Buffer.from(bytes).toString("hex")}`,
    // Base64 of 64 bytes that reads like DER.
    `0V0A${Buffer.from(bytes).toString("base64")}`.slice(0, 88),
    `sb_${Buffer.from(bytes).toString("base64url")}`,
    // As long as a coordinate, and of no key of the set.
    base64url(bytes.subarray(0, 32)),
    `${random(16)} "quoted" 'within' ${random(16)}`,
    `${random(24)}-${UUID}`,
  ];
  for (const secret of secrets) {
    const log = await inProject({ JWT_SECRET: secret }, {}, async (project) => {
      await project.expect({ token: await liveToken(await signerWith(secret)) }, "ok", secret);
      const stranger = await liveToken(await signerWith(`${secret} `));
      assert.deepEqual(await project.calls({ token: stranger }, "invalid_token"), []);
    });
    assert.ok(!log.text.includes(secret));
  }
});
