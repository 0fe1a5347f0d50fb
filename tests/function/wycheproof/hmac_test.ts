/**
 * HS256 tags as Project Wycheproof bends them (hmac_sha256, and the `oct` cases of
 * json_web_signature). Our own code verifies these, on every platform.
 */
import { Buffer } from "node:buffer";
import { createHash, createHmac } from "node:crypto";
import { expectCode, expectUncalled } from "../../support/expect.ts";
import { base64url, encodePart, random, sessionClaims } from "../../support/keys.ts";
import { World } from "../../support/world.ts";

const TEXT = `${encodePart({ alg: "HS256", typ: "JWT" })}.${encodePart(sessionClaims())}`;
const SECRET = random(48);
const WORLD = await World.make({ SUPABASE_JWKS: undefined, JWT_SECRET: SECRET });

function tag(secret: string | Uint8Array, hash = "sha256"): Buffer {
  return createHmac(hash, secret).update(TEXT).digest();
}

async function refused(what: string, bytes: Uint8Array, world = WORLD): Promise<void> {
  await expectUncalled(world, { token: `${TEXT}.${base64url(bytes)}` }, "invalid_token", what);
}

Deno.test("HS256: a tag of any other length is refused, however well it begins", async () => {
  const good = tag(SECRET);
  await expectCode(WORLD, { token: `${TEXT}.${base64url(good)}` }, "ok");
  for (let length = 0; length < 32; length++) {
    await refused(`${length} bytes`, good.subarray(0, length));
  }
  for (const more of [Buffer.of(0), Buffer.of(0xff), good]) {
    await refused(`${more.length} bytes more`, Buffer.concat([good, more]));
  }
  await refused("a zero before", Buffer.concat([Buffer.of(0), good]));
});

Deno.test("HS256: the tag of another hash is refused, whole and cut to 32 bytes", async () => {
  for (const hash of ["sha1", "sha224", "sha384", "sha512", "sha512-256", "sha3-256"]) {
    const other = tag(SECRET, hash);
    await refused(hash, other);
    await refused(`${hash}, cut`, other.subarray(0, 32));
  }
  const hashed = createHash("sha256").update(SECRET).update(TEXT).digest();
  await refused("a hash of secret and text, without HMAC", hashed);
});

Deno.test("HS256: changed, zero and flipped tags are refused", async () => {
  const good = tag(SECRET);
  await refused("zeros", Buffer.alloc(32));
  await refused("ones", Buffer.alloc(32, 0xff));
  await refused("flipped", good.map((byte) => byte ^ 0xff));
  await refused("backwards", Buffer.from(good).reverse());
  for (let bit = 0; bit < 256; bit++) {
    const changed = Buffer.from(good);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    await refused(`bit ${bit}`, changed);
  }
});

Deno.test("HS256: a secret that merely begins or ends like ours signs nothing", async () => {
  const secrets: Record<string, string | Uint8Array> = {
    "nothing": "",
    "the first 32 bytes": SECRET.slice(0, 32),
    "the last 32 bytes": SECRET.slice(-32),
    "a letter less": SECRET.slice(0, -1),
    "a letter more": `${SECRET}x`,
    "a line break more": `${SECRET}\n`,
    "a space before": ` ${SECRET}`,
    "in base64": Buffer.from(SECRET).toString("base64"),
    "out of base64url": Buffer.from(SECRET, "base64url"),
    "in upper case": SECRET.toUpperCase() === SECRET ? `${SECRET}X` : SECRET.toUpperCase(),
    "quoted": JSON.stringify(SECRET),
  };
  for (const [what, secret] of Object.entries(secrets)) await refused(what, tag(secret));
});

Deno.test("HS256: a secret of 32, of 64 and of many bytes counts whole", async () => {
  for (const length of [32, 33, 63, 64, 65, 128, 1000]) {
    const secret = random(length).slice(0, length);
    const world = await World.make({ SUPABASE_JWKS: undefined, JWT_SECRET: secret });
    await expectCode(world, { token: `${TEXT}.${base64url(tag(secret))}` }, "ok", `${length}`);
    const other = secret.slice(0, -1) + (secret.endsWith("A") ? "B" : "A");
    await refused(`${length}, the last byte another`, tag(other), world);
    await refused(`${length}, one less`, tag(secret.slice(0, -1)), world);
  }
});
