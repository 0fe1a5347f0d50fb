/** The header's `alg`: `none` (RFC 8725 section 3.1), key confusion (section 2.1), and swaps. */
import assert from "node:assert/strict";
import type { JWK } from "jose";
import { signingWith } from "../../support/answers.ts";
import {
  type Attack,
  everyKey,
  hmacOf,
  liveClaims,
  liveForgery,
  siege,
  signedBy,
  signingAs,
  type Target,
} from "../../support/attack.ts";
import { publicTexts } from "../../support/confusion.ts";
import { ALGORITHMS, encodePart, PUBLIC_ALGORITHMS, random, signerOf } from "../../support/keys.ts";
import { json } from "../../support/upstreams.ts";
import { PUBLISHABLE_KEY } from "../../support/world.ts";

/** CVE-2015-9235 and its blocklist bypasses: a check for "none" that another spelling passes. */
const NONES = [
  ...spellings("none"),
  "",
  " ",
  "none ",
  " none",
  "none\0",
  "n\u200bone",
  "ｎｏｎｅ",
  "nοne",
  "null",
  "undefined",
  "false",
  "NULL",
];

function spellings(word: string): string[] {
  return Array.from(
    { length: 2 ** word.length },
    (_, mask) =>
      [...word].map((letter, at) => (mask >> at) & 1 ? letter.toUpperCase() : letter).join(""),
  );
}

siege("alg none is refused in every spelling, unsigned and signed", async function* () {
  for (const alg of NONES) {
    const shown = JSON.stringify(alg);
    for (const { alg: real, kid } of await Promise.all(ALGORITHMS.map(signerOf))) {
      const head = `${encodePart({ alg, kid, typ: "JWT" })}.${encodePart(liveClaims())}`;
      yield [`${shown} under the kid of ${real}, unsigned`, `${head}.`];
    }
    const es256 = await signerOf("ES256");
    const bare = `${encodePart({ alg })}.${encodePart(liveClaims())}`;
    yield [`${shown} without a kid, unsigned`, `${bare}.`];
    yield [`${shown} without a third part`, bare];
    yield [`${shown} with a good signature`, await liveForgery(es256, { alg })];
    const empty = { alg, kid: undefined };
    yield [`${shown} signed with an empty secret`, await signedBy(empty, hmacOf(""))];
  }
});

siege(
  "an alg that is no string of the list is refused, though the key signed it",
  async function* () {
    for (const signer of await Promise.all(ALGORITHMS.map(signerOf))) {
      const { alg } = signer;
      const odd: unknown[] = [undefined, null, 0, 256, true, [alg], { alg }, { toString: alg }];
      const close = [alg.toLowerCase(), ` ${alg}`, `${alg} `, `${alg}\0`, `${alg},none`];
      for (const value of [...odd, ...close]) {
        const what = `alg ${JSON.stringify(value)} under the ${alg} key`;
        yield [what, await liveForgery(signer, { alg: value })];
      }
    }
  },
);

/** The names of RFC 7518 section 3.1, RFC 8037, RFC 8812 and RFC 9864, and what is no signature. */
const NAMES = [
  ...ALGORITHMS,
  ...["RS384", "RS512", "PS256", "PS384", "PS512", "ES384", "ES512", "ES256K", "HS384", "HS512"],
  ...["Ed25519", "Ed448", "ESP256", "HS1", "RS1", "HS256/64", "ML-DSA-44"],
  ...["dir", "A256KW", "A256GCM", "RSA-OAEP", "RSA1_5", "ECDH-ES", "PBES2-HS256+A128KW"],
];

siege("no key verifies a token of another algorithm: every ordered pair", async function* () {
  for (const signer of await Promise.all(ALGORITHMS.map(signerOf))) {
    for (const alg of NAMES.filter((name) => name !== signer.alg)) {
      yield [`${signer.alg} key, alg ${alg}`, await liveForgery(signer, { alg })];
      const other = ALGORITHMS.find((name) => name === alg);
      if (other === undefined) continue;
      const { kid } = await signerOf(other);
      const named = await liveForgery(signer, { alg, kid });
      yield [`${signer.alg} key, alg ${alg}, kid of the ${alg} key`, named];
      const own = await liveForgery(signer, { kid });
      // GoTrue names its secret as it likes, so HS256 alone ignores the name.
      if (signer.alg !== "HS256") yield [`${signer.alg} key and alg, kid of the ${alg} key`, own];
    }
  }
});

siege("an honest signature of an algorithm outside the list is refused", async function* () {
  const { kid, secret } = await signerOf("HS256");
  for (const alg of ["HS384", "HS512"]) {
    yield [alg, await signedBy({ alg, kid }, hmacOf(secret, alg.replace("HS", "sha")))];
  }
  const rsa = await signerOf("RS256");
  for (const [family, name] of [["RS", "RSASSA-PKCS1-v1_5"], ["PS", "RSA-PSS"]] as const) {
    for (const bits of [1, 256, 384, 512]) {
      const alg = `${family}${bits}`;
      if (alg === "RS256") continue;
      const saltLength = bits === 1 ? 20 : bits / 8;
      const honest = await signingAs(rsa, {
        name,
        hash: `SHA-${bits}`,
        saltLength,
      });
      yield [alg, await signedBy({ alg, kid: rsa.kid }, honest)];
      yield [`${alg} that says RS256`, await signedBy({ alg: "RS256", kid: rsa.kid }, honest)];
    }
  }
});

/** The project's own secret, where the function is not told it: the Auth server judges such tokens. */
const AUTH = signingWith(random(32));

/** Where the forger hopes that a public text is the secret, and who sees that it is none. */
const GROUNDS = {
  "with a secret and public keys at hand": async () => ({ settings: await everyKey() }),
  "with public keys alone": async () => ({
    settings: { ...await everyKey(), JWT_SECRET: undefined },
    routes: { user: AUTH },
  }),
  "with fetched keys": async () => {
    const keys = await Promise.all(PUBLIC_ALGORITHMS.map(signerOf));
    return {
      settings: { SUPABASE_JWKS: undefined },
      routes: { jwks: json({ keys: keys.map(({ jwk }) => jwk) }), user: AUTH },
    };
  },
};

for (const [where, ground] of Object.entries(GROUNDS)) {
  siege(`HS256 signed with a public text is refused ${where}`, async function* (target) {
    const code = where.includes("a secret") ? "invalid_token" : "invalid_session";
    for await (const [what, sent] of confused(target)) yield [what, sent, code];
    // No attack had the keys fetched: none is asked for that an HS256 token names.
    assert.deepEqual(target.upstream.to("jwks"), []);
  }, ground);
}

/** CVE-2016-10555 and every library that came after it. */
async function* confused(target: Target): AsyncGenerator<Attack> {
  const signers = await Promise.all(PUBLIC_ALGORITHMS.map(signerOf));
  const keys: JWK[] = signers.map(({ jwk }) => jwk);
  for (const signer of signers) {
    for (const [what, text] of publicTexts(signer.jwk, keys)) {
      for (const [whose, kid] of [["its kid", signer.kid], ["no kid", undefined]]) {
        const token = await signedBy({ alg: "HS256", kid, typ: "JWT" }, hmacOf(text));
        yield [`the ${what} of the ${signer.alg} key, ${whose}`, token];
      }
    }
  }
  const known: Record<string, string> = {
    "the publishable key": PUBLISHABLE_KEY,
    "SUPABASE_URL": target.upstream.url,
    "SUPABASE_URL and a slash": `${target.upstream.url}/`,
    "an empty secret": "",
    "a NUL": "\0",
    "32 NULs": "\0".repeat(32),
    "the secret of Supabase's own examples":
      "super-secret-jwt-token-with-at-least-32-characters-long",
    "the text null": "null",
    "the text undefined": "undefined",
    "[object Object]": "[object Object]",
    "[object CryptoKey]": "[object CryptoKey]",
    "the project's name for the secret": "JWT_SECRET",
  };
  for (const [what, secret] of Object.entries(known)) {
    yield [what, await signedBy({ alg: "HS256", typ: "JWT" }, hmacOf(secret))];
  }
}
