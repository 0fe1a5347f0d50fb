import assert from "node:assert/strict";
import { exportSPKI, importJWK } from "jose";
import { Buffer } from "node:buffer";
import { expectCode, expectKeysAsked, expectUncalled } from "../support/expect.ts";
import {
  base64url,
  encodePart,
  forge,
  type Header,
  hmacToken,
  makeSigner,
  PUBLIC_ALGORITHMS,
  sessionClaims,
  sessionToken,
  signerOf,
} from "../support/keys.ts";
import { World } from "../support/world.ts";

const ES256 = await signerOf("ES256");
const GOOD = await sessionToken(ES256);
const [HEADER = "", PAYLOAD = "", SIGNATURE = ""] = GOOD.split(".");

/** A world with every public key and a secret at hand, and every upstream friendly to forgers. */
async function fullWorld(): Promise<World> {
  const signers = await Promise.all(PUBLIC_ALGORITHMS.map(signerOf));
  const { secret } = await signerOf("HS256");
  return await World.make({
    SUPABASE_JWKS: JSON.stringify({ keys: signers.map(({ jwk }) => jwk) }),
    JWT_SECRET: secret,
  });
}

/** Asks with each token; none may pass, and none may cause a call, unless it is one for keys. */
async function refuseAll(
  world: World,
  tokens: Record<string, string>,
  expectRefused = expectUncalled,
): Promise<void> {
  for (const [what, token] of Object.entries(tokens)) {
    await expectRefused(world, { token }, "invalid_token", what);
  }
}

Deno.test("alg none is refused in every spelling, with and without a signature", async () => {
  const tokens: Record<string, string> = {};
  for (const alg of ["none", "None", "NONE", "nOnE", ""]) {
    for (const kid of [undefined, ES256.kid]) {
      const head = `${encodePart({ alg, kid, typ: "JWT" })}.${PAYLOAD}`;
      tokens[`${alg} ${kid} unsigned`] = `${head}.`;
      tokens[`${alg} ${kid} signed`] = `${head}.${SIGNATURE}`;
    }
  }
  await refuseAll(await fullWorld(), tokens);
});

Deno.test("HS256 signed with a public key's text is refused, whichever text it is", async () => {
  for (const alg of PUBLIC_ALGORITHMS) {
    const { jwk, kid } = await signerOf(alg);
    const key = await importJWK({ ...jwk, ext: true }, alg);
    assert.ok(!(key instanceof Uint8Array));
    const pem = await exportSPKI(key);
    const texts: (string | Uint8Array)[] = [
      pem,
      pem.trim(),
      pem.replace(/-----[^-]+-----|\n/g, ""),
      Buffer.from(pem.replace(/-----[^-]+-----|\n/g, ""), "base64"),
      JSON.stringify(jwk),
      JSON.stringify({ keys: [jwk] }),
      Buffer.from(String(jwk.x ?? jwk.n), "base64url"),
      String(jwk.x ?? jwk.n),
      "",
    ];
    const world = await fullWorld();
    for (const [index, text] of texts.entries()) {
      const token = await hmacToken(text === "" ? "\0" : text, { alg: "HS256", kid, typ: "JWT" });
      await expectUncalled(world, { token }, "invalid_token", `${alg} text ${index}`);
    }
  }
});

Deno.test("an algorithm outside the list is refused, though the key would fit", async () => {
  const rsa = await signerOf("RS256");
  const { secret, kid } = await signerOf("HS256");
  const tokens: Record<string, string> = {};
  for (const alg of ["RS384", "RS512", "PS256", "PS384", "PS512", "RSA-OAEP", "rs256", "RS256 "]) {
    tokens[alg] = await forge(rsa, { alg, kid: rsa.kid });
  }
  for (const alg of ["ES384", "ES512", "ES256K", "es256", "Ed25519"]) {
    tokens[`${alg} under the ES256 key`] = await forge(ES256, { alg, kid: ES256.kid });
  }
  // No key of such a name is for this algorithm: there may be one by now.
  const swapped: Record<string, string> = {};
  for (const alg of ["EdDSA", "RS256"]) {
    swapped[`${alg} under the ES256 key`] = await forge(ES256, { alg, kid: ES256.kid });
  }
  for (const alg of ["HS384", "HS512", "hs256", "dir"]) {
    tokens[alg] = await hmacToken(secret, { alg, kid });
  }
  for (const alg of [undefined, null, 256, ["ES256"], { alg: "ES256" }]) {
    tokens[`alg ${JSON.stringify(alg)}`] = await forge(ES256, { alg, kid: ES256.kid });
  }
  const world = await fullWorld();
  await refuseAll(world, tokens);
  await refuseAll(world, swapped, expectKeysAsked);
});

Deno.test("the key's own alg and use must agree with the token", async () => {
  const odd = {
    "a key for encryption": { use: "enc" },
    "a key of another alg": { alg: "ES384" },
    "a key of no known alg": { alg: "ECDH-ES" },
  };
  for (const [what, jwk] of Object.entries(odd)) {
    const signer = await makeSigner("ES256", jwk);
    const world = await World.make({
      SUPABASE_JWKS: JSON.stringify({ keys: [signer.jwk, ES256.jwk] }),
    });
    await expectKeysAsked(world, { token: await sessionToken(signer) }, "invalid_token", what);
    await expectCode(world, {}, "ok", "the other key goes on serving");
  }
});

Deno.test("a token is verified by the key that its kid names, and by no other", async () => {
  const other = await makeSigner("ES256");
  const rsa = await signerOf("RS256");
  const world = await World.make({
    SUPABASE_JWKS: JSON.stringify({ keys: [ES256.jwk, other.jwk, rsa.jwk] }),
  });
  await expectCode(world, { token: await sessionToken(other) }, "ok", "its own kid");
  const tokens: Record<string, string> = {
    "the kid of another key": await forge(ES256, { alg: "ES256", kid: other.kid }),
  };
  const unknown = {
    "the kid of a key of another type": await forge(ES256, { alg: "ES256", kid: rsa.kid }),
    "an unknown kid": await forge(ES256, { alg: "ES256", kid: "unknown" }),
    "an empty kid": await forge(ES256, { alg: "ES256", kid: "" }),
    "no kid": await forge(ES256, { alg: "ES256" }),
    "kid null, which is none": await forge(ES256, { alg: "ES256", kid: null }),
  };
  for (const kid of [7, true, {}, [ES256.kid]]) {
    tokens[`kid ${JSON.stringify(kid)}`] = await forge(ES256, { alg: "ES256", kid });
  }
  await refuseAll(world, tokens);
  await refuseAll(world, unknown, expectKeysAsked);
});

Deno.test("crit is refused whatever it lists", async () => {
  const tokens: Record<string, string> = {};
  const headers: Header[] = [
    { crit: ["exp"], exp: 1 },
    { crit: ["b64"], b64: true },
    { crit: ["b64"], b64: false },
    { crit: ["urn:unknown"], "urn:unknown": 1 },
    { crit: [] },
    { crit: "exp" },
  ];
  for (const header of headers) {
    const full = { alg: "ES256", kid: ES256.kid, ...header };
    tokens[JSON.stringify(header)] = await forge(ES256, full);
  }
  await refuseAll(await fullWorld(), tokens);
});

Deno.test("a key that a token brings along is not believed, and no address in it is visited", async () => {
  const attacker = await makeSigner("ES256");
  const brought = {
    jwk: attacker.jwk,
    jku: "https://elsewhere.example/jwks.json",
    x5u: "https://elsewhere.example/cert.pem",
    x5c: ["MIIB"],
  };
  const world = await fullWorld();
  for (const [name, value] of Object.entries(brought)) {
    for (const kid of [undefined, attacker.kid, ES256.kid]) {
      const token = await forge(attacker, { alg: "ES256", kid, [name]: value });
      const expectRefused = kid === ES256.kid ? expectUncalled : expectKeysAsked;
      await expectRefused(world, { token }, "invalid_token", `${name} with kid ${kid}`);
    }
    const token = await forge(ES256, { alg: "ES256", kid: ES256.kid, [name]: value });
    await world.ask({ token });
  }
  assert.deepEqual(world.to("elsewhere"), [], "no address is visited for a good token either");
});

Deno.test("a signature of another form is refused: DER, cut, longer, zeros, none", async () => {
  const bytes = Buffer.from(SIGNATURE, "base64url");
  const order = Buffer.from(
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    "hex",
  );
  const signatures: Record<string, Uint8Array> = {
    "DER": der(bytes),
    "cut": bytes.subarray(0, 63),
    "longer": Buffer.concat([bytes, Buffer.of(0)]),
    "twice": Buffer.concat([bytes, bytes]),
    "zeros": Buffer.alloc(64),
    "the order of the curve": Buffer.concat([order, order]),
    "none": Buffer.alloc(0),
  };
  const tokens: Record<string, string> = {};
  for (const [what, signature] of Object.entries(signatures)) {
    tokens[what] = `${HEADER}.${PAYLOAD}.${base64url(signature)}`;
  }
  await refuseAll(await fullWorld(), tokens);
});

function der(raw: Uint8Array): Uint8Array {
  const integer = (bytes: Uint8Array) => Buffer.of(2, 33, 0, ...bytes);
  const body = Buffer.concat([integer(raw.subarray(0, 32)), integer(raw.subarray(32))]);
  return Buffer.of(0x30, body.length, ...body);
}

Deno.test("a token that is malformed is refused", async () => {
  const header = { alg: "ES256", kid: ES256.kid, typ: "JWT" };
  const tokens: Record<string, string> = {
    "one part": HEADER,
    "two parts": `${HEADER}.${PAYLOAD}`,
    "four parts": `${GOOD}.${SIGNATURE}`,
    "five parts, as of an encrypted token":
      `${HEADER}.${PAYLOAD}.${SIGNATURE}.${PAYLOAD}.${SIGNATURE}`,
    "dots alone": "..",
    "no header": `.${PAYLOAD}.${SIGNATURE}`,
    "no payload": `${HEADER}..${SIGNATURE}`,
    "a padded signature": `${GOOD}==`,
    "a padded payload": `${HEADER}.${PAYLOAD}=.${SIGNATURE}`,
    "plain base64": GOOD.replaceAll("-", "+").replaceAll("_", "/") + "+/",
    "a character that is none": `${HEADER}.${PAYLOAD}.!${SIGNATURE.slice(1)}`,
    "a header that is no JSON": await forge(ES256, "{alg"),
    "a header that is an array": await forge(ES256, "[]"),
    "a header that is text": await forge(ES256, '"ES256"'),
    "a header with two algs": await forge(
      ES256,
      `{"alg":"none","alg":"ES256","kid":"${ES256.kid}"}`,
    ),
    "a payload that is no JSON": await forge(ES256, header, "sub=1"),
    "a payload that is an array": await forge(ES256, header, "[]"),
    "a payload that is null": await forge(ES256, header, "null"),
    "a payload with text behind": await forge(ES256, header, `${JSON.stringify(sessionClaims())}x`),
    "a payload with two subs": await forge(
      ES256,
      header,
      JSON.stringify(sessionClaims()).replace("{", '{"sub":"admin",'),
    ),
    "a payload nested without end": await forge(
      ES256,
      header,
      '{"a":'.repeat(2000) + "1" + "}".repeat(2000),
    ),
  };
  await refuseAll(await fullWorld(), tokens);
});

Deno.test("a token without end is refused, and the next good one is served", async () => {
  const world = await fullWorld();
  const tokens = { "a long part": "a".repeat(500_000), "many dots": ".".repeat(500_000) };
  await refuseAll(world, {
    ...tokens,
    "a long payload": `${HEADER}.${"A".repeat(500_000)}.${SIGNATURE}`,
  });
  await expectCode(world, {}, "ok");
});
