/** Contract, "Finer points": those that no other test of the function has. */
import assert from "node:assert/strict";
import { exportJWK, type JWK } from "jose";
import { Buffer } from "node:buffer";
import { expectCode, expectKeysAsked } from "../../support/expect.ts";
import { forge, makeSigner, sessionToken, type Signer, signerOf } from "../../support/keys.ts";
import { json } from "../../support/upstreams.ts";
import { type Settings, World } from "../../support/world.ts";

const GOOD = await signerOf("ES256");

/** The same keys, inline and fetched. */
const SOURCES: Record<string, (...keys: JWK[]) => Promise<World>> = {
  "an inline set": (...keys) => World.make({ SUPABASE_JWKS: JSON.stringify({ keys }) }),
  "a fetched set": (...keys) => World.make({ SUPABASE_JWKS: undefined }, { jwks: json({ keys }) }),
};

/** An RSA key of any size, made at run time. */
async function rsa(modulusLength: number): Promise<Signer> {
  const name = "RSASSA-PKCS1-v1_5";
  const publicExponent = Uint8Array.of(1, 0, 1);
  const how = { name, hash: "SHA-256", modulusLength, publicExponent };
  const pair = await crypto.subtle.generateKey(how, true, ["sign", "verify"]);
  const jwk = { ...await exportJWK(pair.publicKey), alg: "RS256", kid: `rsa-${modulusLength}` };
  return { alg: "RS256", kid: jwk.kid, jwk, secret: "", key: pair.privateKey };
}

for (const [source, worldOf] of Object.entries(SOURCES)) {
  for (const [bits, code] of [[2047, "invalid_token"], [2048, "ok"]] as const) {
    Deno.test(`in ${source} an RSA key of ${bits} bits: ${code}`, async () => {
      const signer = await rsa(bits);
      const n = Buffer.from(String(signer.jwk.n), "base64url");
      assert.equal(BigInt(`0x${n.toString("hex")}`).toString(2).length, bits);
      const world = await worldOf(signer.jwk, GOOD.jwk);
      // Not by jose, which signs with no short key.
      const token = await forge(signer, { alg: "RS256", kid: signer.kid });
      await expectCode(world, { token }, code);
      assert.equal(world.to("user").length, code === "ok" ? 1 : 0);
      await expectCode(world, {}, "ok", "the other key goes on serving");
      const told = world.lines.filter((line) => /1 of its keys/.test(String(line.notice)));
      // The inline one, and what was fetched in its place for want of the key.
      const sets = source === "an inline set" ? 2 : 1;
      assert.equal(told.length, code === "ok" ? 0 : sets, "a key that is skipped is logged");
    });
  }

  Deno.test(`in ${source} a key without a kid serves a token without one, and no other`, async () => {
    const nameless = await makeSigner("ES256", { kid: undefined });
    const world = await worldOf(nameless.jwk, GOOD.jwk);
    const token = await sessionToken(nameless, {}, { kid: undefined });
    await expectCode(world, { token }, "ok");
    const named = await sessionToken(nameless, {}, { kid: "named" });
    await expectCode(world, { token: named }, "invalid_token");
    const borrowed = await sessionToken(GOOD, {}, { kid: undefined });
    await expectCode(world, { token: borrowed }, "invalid_token", "another key's token");
  });

  Deno.test(`in ${source} two keys without a kid for the same algorithm are not used`, async () => {
    const twins = [await makeSigner("ES256"), await makeSigner("ES256")];
    const world = await worldOf(...twins.map(({ jwk }) => ({ ...jwk, kid: undefined })), GOOD.jwk);
    for (const twin of twins) {
      const token = await sessionToken(twin, {}, { kid: undefined });
      await expectCode(world, { token }, "invalid_token");
    }
    await expectCode(world, {}, "ok");
  });
}

const UID: Settings = { BEHEST_UID_CLAIM: "app_metadata.uid" };

for (const [length, code] of [[1, "ok"], [255, "ok"], [256, "uid_missing"]] as const) {
  for (const check of ["server", "claims"]) {
    Deno.test(`with BEHEST_USER_CHECK=${check} a uid of ${length} characters of BEHEST_UID_CLAIM: ${code}`, async () => {
      const world = await World.make({ ...UID, BEHEST_USER_CHECK: check });
      const uid = "é".repeat(length);
      const token = await sessionToken(GOOD, { app_metadata: { uid } });
      await expectCode(world, { token }, code);
      const asked = world.to("mint").map(({ body }) => JSON.parse(body ?? "").user_id);
      assert.deepEqual(asked, code === "ok" ? [uid] : []);
    });
  }
}

Deno.test("a SUPABASE_JWKS with no usable key is no fault of its own, and serves nobody", async () => {
  const world = await World.make({ SUPABASE_JWKS: '{"keys":[{"kty":"EC"}]}' });
  await expectKeysAsked(world, {}, "invalid_token");
});
