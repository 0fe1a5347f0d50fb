/** A key set that is badly made or hostile: what it holds is used only where it is sound. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { decodeProtectedHeader, exportJWK, type JWK } from "jose";
import { signingWith } from "../../support/answers.ts";
import {
  assault,
  type Attack,
  hmacOf,
  liveForgery,
  siege,
  signedBy,
} from "../../support/attack.ts";
import { type BadKey, badKeys } from "../../support/bad_keys.ts";
import { base64url, makeSigner, random, signerOf } from "../../support/keys.ts";
import { big, bytesOf } from "../../support/numbers.ts";
import { startRunning, Upstream } from "../../support/running.ts";
import { json } from "../../support/upstreams.ts";

const GOOD = await signerOf("ES256");
const BAD: BadKey[] = [];
for await (const key of badKeys()) BAD.push(key);
// What comes over the network holds no shared secret, however long (RFC 8725 section 3.5).
const SHARED = await signerOf("HS256");

/** Two keys of one name: nothing says which is meant. */
const TWINS = [await makeSigner("ES256"), await makeSigner("ES256")].map((signer) => ({
  ...signer,
  kid: "twin",
  jwk: { ...signer.jwk, kid: "twin" },
}));

const KEYS: JWK[] = [...BAD.map(({ jwk }) => jwk), ...TWINS.map(({ jwk }) => jwk), GOOD.jwk];

/** What is signed with HS256 goes to the Auth server, as no secret is at hand: it has never seen it. */
const AUTH = signingWith(random(32));

async function* signedByBadKeys(): AsyncGenerator<Attack> {
  for (const { what, token } of BAD) {
    const { alg } = decodeProtectedHeader(token);
    yield [what, token, alg === "HS256" ? "invalid_session" : "invalid_token"];
  }
  for (const twin of TWINS) yield ["a kid that stands twice", await liveForgery(twin)];
}

for (const fetched of [false, true]) {
  const where = fetched ? "fetched" : "inline";
  const keys = fetched ? [...KEYS, SHARED.jwk] : KEYS;
  siege(
    `a bad key in the ${where} set verifies nothing, and each is told of in the log`,
    async function* (target) {
      await target.serve("the one good key among them");
      yield* signedByBadKeys();
      if (fetched) {
        const token = await liveForgery(SHARED);
        yield ["a shared secret that was fetched", token, "invalid_session"];
      }
      const told = target.log.join("\n").match(/(\d+) of its keys cannot be used/)?.[1];
      assert.equal(Number(told), keys.length - 1, "all but the good one");
    },
    () =>
      fetched
        ? { settings: { SUPABASE_JWKS: undefined }, routes: { jwks: json({ keys }), user: AUTH } }
        : { settings: { SUPABASE_JWKS: JSON.stringify({ keys }) }, routes: { user: AUTH } },
  );
}

/**
 * The points of a small order on edwards25519, two of them unreduced too. Under the identity, one
 * signature fits every message; under the others, one in two, four or eight (RFC 8725 section 3.4).
 */
const SMALL_ORDER: [string, string][] = [
  ["the identity", `01${"00".repeat(31)}`],
  ["the identity with its sign bit", `01${"00".repeat(30)}80`],
  ["the identity, unreduced", `ee${"ff".repeat(30)}7f`],
  ["the point of order 2", `ec${"ff".repeat(30)}7f`],
  ["a point of order 4", "00".repeat(32)],
  ["the other point of order 4", `${"00".repeat(31)}80`],
  ["a point of order 4, unreduced", `ed${"ff".repeat(30)}7f`],
  ["a point of order 8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"],
  ["a second point of order 8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"],
  ["a third point of order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
  ["a fourth point of order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"],
];

assault(
  "an Ed25519 key of a small order verifies no token that nobody signed",
  async (target, step) => {
    for (const [what, hex] of SMALL_ORDER) {
      await step({
        name: what,
        sanitizeOps: false,
        sanitizeResources: false,
        fn: async () => {
          for (const [whose, r] of SMALL_ORDER) {
            const signature = Buffer.concat([Buffer.from(r, "hex"), bytesOf(0n, 32)]);
            for (let turn = 0; turn < 4; turn++) {
              const header = { alg: "EdDSA", kid: hex, turn };
              const token = await signedBy(header, () => signature);
              await target.refuse(`R of ${whose}`, { token }, "invalid_token");
            }
          }
        },
      });
    }
    await target.serve();
    const told = target.log.join("\n").match(/(\d+) of its keys cannot be used/)?.[1];
    assert.equal(Number(told), SMALL_ORDER.length, "each is told of");
  },
  () => {
    const small = SMALL_ORDER.map(([, hex]) => {
      const x = base64url(Buffer.from(hex, "hex"));
      return { kty: "OKP", crv: "Ed25519", alg: "EdDSA", kid: hex, x };
    });
    return { settings: { SUPABASE_JWKS: JSON.stringify({ keys: [...small, GOOD.jwk] }) } };
  },
);

/** An exponent of 3 is sound by the standard (RFC 8017 section 3.1), as long as padding is checked whole. */
const CUBIC = await (async () => {
  const how = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 2048,
    publicExponent: Uint8Array.of(3),
  };
  const { publicKey, privateKey } = await crypto.subtle.generateKey(how, true, ["sign", "verify"]);
  const { kty, n, e } = await exportJWK(publicKey);
  const jwk = { kty, n, e, alg: "RS256", kid: "cubic" };
  return { alg: "RS256", kid: "cubic", jwk, secret: "", key: privateKey } as const;
})();

assault("under an RSA key with an exponent of 3 a cube root forges nothing", async (target) => {
  await target.serve("an honest signature", { token: await liveForgery(CUBIC) });
  // Bleichenbacher, 2006: the cube of this number begins as the right padding would.
  const forged = await signedBy({ alg: "RS256", kid: "cubic" }, async (input) => {
    const hash = Buffer.from(await crypto.subtle.digest("SHA-256", input));
    const info = Buffer.from("003031300d060960864801650304020105000420", "hex");
    const start = Buffer.concat([Buffer.of(0, 1), Buffer.alloc(8, 255), info, hash]);
    const wanted = big(start) << BigInt(8 * (256 - start.length));
    const root = cubeRoot(wanted) + 1n;
    assert.deepEqual(bytesOf(root ** 3n, 256).subarray(0, start.length), new Uint8Array(start));
    return bytesOf(root, 256).buffer;
  });
  await target.refuse("a cube root", { token: forged }, "invalid_token");
}, () => ({ settings: { SUPABASE_JWKS: JSON.stringify({ keys: [CUBIC.jwk, GOOD.jwk] }) } }));

/** The greatest number whose cube is not greater. */
function cubeRoot(value: bigint): bigint {
  let root = 0n;
  for (let bit = 700n; bit >= 0n; bit--) {
    const next = root | (1n << bit);
    if (next ** 3n <= value) root = next;
  }
  return root;
}

Deno.test("a set with private halves is served, and nothing of them is told", async () => {
  const jwk = await exportJWK(GOOD.key as CryptoKey);
  const whole = { ...jwk, alg: "ES256", kid: GOOD.kid };
  assert.ok(whole.d);
  const upstream = new Upstream({ user: AUTH });
  const running = await startRunning(upstream.url, { SUPABASE_JWKS: JSON.stringify([whole]) });
  try {
    const headers = { Authorization: `Bearer ${await liveForgery(GOOD)}` };
    const text = await (await fetch(running.url, { method: "POST", headers })).text();
    assert.match(text, /"token":"eyJ/);
    assert.ok(!`${text}${running.log}`.includes(String(whole.d)));
    // The private half is no secret to sign HS256 with, either.
    const forged = await signedBy({ alg: "HS256", kid: GOOD.kid }, hmacOf(String(whole.d)));
    const refused = await fetch(running.url, {
      method: "POST",
      headers: { Authorization: `Bearer ${forged}` },
    });
    assert.equal((await refused.json()).error.code, "invalid_session");
    assert.deepEqual(upstream.calls.slice(-2).map(({ route }) => route), ["mint", "user"]);
  } finally {
    await running.stop();
    await upstream.stop();
  }
});

/** Sets that two readers could read in two ways, or that are none. */
const NO_SETS: [string, string][] = [
  ["keys twice", `{"keys":[],"keys":[${JSON.stringify(GOOD.jwk)}]}`],
  ["a kid twice", `{"keys":[{"kid":"x",${JSON.stringify(GOOD.jwk).slice(1)}]}`],
  ["an escaped name twice", `{"keys":[{"\\u006bid":"x",${JSON.stringify(GOOD.jwk).slice(1)}]}`],
  ["text behind it", `{"keys":[${JSON.stringify(GOOD.jwk)}]}x`],
  ["an object for its keys", `{"keys":{"0":${JSON.stringify(GOOD.jwk)}}}`],
  ["a bare key", JSON.stringify(GOOD.jwk)],
  ["text", '"keys"'],
  ["nesting without end", `{"keys":${"[".repeat(20_000)}`],
];

for (const [what, jwks] of NO_SETS) {
  assault(`a fetched set with ${what} is an outage, and verifies nothing`, async (target) => {
    const answer = await target.refuse(what, {}, "auth_unavailable");
    assert.notEqual(answer.headers.get("Retry-After"), null);
  }, () => ({
    settings: { SUPABASE_JWKS: undefined },
    routes: { jwks: () => new Response(jwks) },
  }));
}
