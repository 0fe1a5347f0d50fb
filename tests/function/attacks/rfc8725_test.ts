/** JSON Web Token Best Current Practices (RFC 8725), section by section: the shortest proof of each. */
import { Buffer } from "node:buffer";
import {
  assault,
  type Attack,
  everyKey,
  hmacOf,
  liveClaims,
  liveForgery,
  signedBy,
  type Target,
} from "../../support/attack.ts";
import { makeBehestToken } from "../../support/answers.ts";
import { expectUncalled } from "../../support/expect.ts";
import { makeSigner, type Signer, signerOf } from "../../support/keys.ts";
import { World } from "../../support/world.ts";

const ES256 = await signerOf("ES256");
const RSA = await signerOf("RS256");
const ATTACKER = await makeSigner("ES256");
const ISSUER = "https://abcdefghijklmnopqrst.supabase.co/auth/v1";

const off = (claims: Record<string, unknown>, signer: Signer = ES256) =>
  liveForgery(signer, {}, liveClaims(claims));

/** Each section with what it forbids, and the code that refuses it. */
const SECTIONS: Record<string, () => Promise<Attack[]>> = {
  "3.1 the algorithm is verified: the key's own, whatever the header says": async () => [
    ["none", await liveForgery(ES256, { alg: "none" })],
    ["another alg under the key", await liveForgery(RSA, { alg: "ES256" })],
    [
      "HS256 under a public key",
      await signedBy({ alg: "HS256", kid: RSA.kid }, hmacOf(String(RSA.jwk.n))),
    ],
  ],
  "3.2 only algorithms that are sound and expected are used": async () => [
    ["RS512", await liveForgery(RSA, { alg: "RS512" })],
    ["PS256", await liveForgery(RSA, { alg: "PS256" })],
    ["HS512", await liveForgery(await signerOf("HS256"), { alg: "HS512" })],
  ],
  "3.3 every cryptographic operation is checked, of nested tokens too": async () => [
    ["a stranger's signature", await liveForgery(ATTACKER, { kid: ES256.kid })],
    ["a good token within a bad one", await liveForgery(ATTACKER, { cty: "JWT" }, await off({}))],
    ["a good token within a good one", await liveForgery(ES256, { cty: "JWT" }, await off({}))],
  ],
  "3.4 cryptographic inputs are checked: r and s, S, and the signature's number": async () => {
    const zeros = (length: number) => () => new Uint8Array(length);
    const eddsa = await signerOf("EdDSA");
    return [
      ["r and s of zero", await signedBy({ alg: "ES256", kid: ES256.kid }, zeros(64))],
      ["S of zero", await signedBy({ alg: "EdDSA", kid: eddsa.kid }, zeros(64))],
      ["a signature of zero", await signedBy({ alg: "RS256", kid: RSA.kid }, zeros(256))],
    ];
  },
  "3.5 no secret that can be guessed verifies anything": async () => [
    ["no secret", await signedBy({ alg: "HS256" }, hmacOf(""))],
    ["a word", await signedBy({ alg: "HS256" }, hmacOf("secret"))],
  ],
  "3.6 nothing is decompressed": async () => [
    ["zip", await liveForgery(ES256, { zip: "DEF" }, Buffer.from([3, 0]).toString("latin1"))],
  ],
  "3.7 text is UTF-8, and nothing else": async () => [
    ["UTF-16", await liveForgery(ES256, {}, [...JSON.stringify(liveClaims())].join("\0") + "\0")],
  ],
  "3.8 issuer and subject are validated": async () => [
    ["another issuer", await off({ iss: "https://other.supabase.co/auth/v1" })],
    ["no issuer", await off({ iss: undefined })],
    ["no subject", await off({ sub: undefined }), "not_a_user"],
    ["a subject of Behest's own", await off({ sub: "system" }), "not_a_user"],
  ],
  "3.9 the audience is validated": async () => [
    ["another audience", await off({ aud: "https://other.example" })],
    ["no audience", await off({ aud: undefined })],
  ],
  "3.10 received claims are not trusted: kid is no query, jku no address": async () => [
    ["SQL in kid", await liveForgery(ATTACKER, { kid: "x' UNION SELECT 'key" })],
    ["a path in kid", await signedBy({ alg: "HS256", kid: "../../dev/null" }, hmacOf(""))],
    ["jku", await liveForgery(ATTACKER, { jku: "https://elsewhere.example/jwks.json" })],
    ["jwk", await liveForgery(ATTACKER, { jwk: ATTACKER.jwk })],
  ],
  // Supabase names no type of its own, so the rules of 3.12 keep the kinds apart.
  "3.11 what needs a type to be told apart is told apart by its claims": async () => [
    [
      "an ID token",
      await liveForgery(ES256, { typ: "JWT" }, liveClaims({ aud: "client-1", nonce: "x" })),
    ],
    [
      "a logout token",
      await liveForgery(ES256, { typ: "logout+jwt" }, liveClaims({ aud: "client-1", events: {} })),
    ],
    [
      "a security event",
      await liveForgery(ES256, { typ: "secevent+jwt" }, liveClaims({ exp: undefined })),
    ],
  ],
  "3.12 a token of another kind is refused, even of our own making": async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { uid: "x", aud: "behest", iss: ISSUER, exp: now + 900 };
    return [
      ["a Behest token", await makeBehestToken({ uid: "x", sub: "x" }, now)],
      [
        "the claims of a Behest token under the session key",
        await liveForgery(ES256, {}, claims),
        "not_a_user",
      ],
      [
        "the anon key",
        await liveForgery(await signerOf("HS256"), {}, {
          iss: ISSUER,
          role: "anon",
          exp: now + 900,
        }),
        "not_a_user",
      ],
      [
        "the service role key",
        await liveForgery(await signerOf("HS256"), {}, {
          iss: ISSUER,
          role: "service_role",
          exp: now + 900,
        }),
        "not_a_user",
      ],
    ];
  },
};

assault("RFC 8725 is kept, section by section", async (target, step) => {
  await target.serve("a token of this issuer", { token: await off({}) });
  for (const [section, attacks] of Object.entries(SECTIONS)) {
    await step({
      name: section,
      sanitizeOps: false,
      sanitizeResources: false,
      fn: async () => await refuseAll(target, await attacks()),
    });
  }
  await target.serve("a token of this issuer", { token: await off({}) });
}, async () => ({ settings: { ...await everyKey(), JWT_ISSUER: ISSUER } }));

async function refuseAll(target: Target, attacks: Attack[]): Promise<void> {
  for (const [what, sent, code = "invalid_token"] of attacks) {
    await target.refuse(what, typeof sent === "string" ? { token: sent } : sent, code);
  }
}

Deno.test("RFC 8725 section 3.5: a secret too short to be random is misconfigured", async () => {
  for (const secret of ["secret", "x".repeat(31)]) {
    await expectUncalled(await World.make({ JWT_SECRET: secret }), {}, "misconfigured");
  }
});
