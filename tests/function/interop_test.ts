import assert from "node:assert/strict";
import { importJWK, jwtVerify, SignJWT } from "jose";
import { Buffer } from "node:buffer";
import { behestKey, localSettings } from "../support/behest_keys.ts";
import { expectCode } from "../support/expect.ts";
import {
  type Algorithm,
  ALGORITHMS,
  base64url,
  sessionClaims,
  sessionToken,
  signerOf,
  START,
  SUB,
} from "../support/keys.ts";
import { World } from "../support/world.ts";

const NEEDED = ["sub", "aud", "exp", "role"];
const currentDate = new Date(START * 1000);

/** Verifies with this algorithm's key alone, and calls nobody before the mint. */
async function soloWorld(alg: Algorithm): Promise<World> {
  return await World.make({
    ...await localSettings(),
    SUPABASE_JWKS: JSON.stringify([(await signerOf(alg)).jwk]),
    JWT_SECRET: (await signerOf("HS256")).secret,
    BEHEST_USER_CHECK: "claims",
    BEHEST_PLAN_CLAIM: "app_metadata.plan",
  });
}

/** A token of what is needed alone: every bit of it is a request. */
async function shortToken(alg: Algorithm): Promise<string> {
  const spare = Object.keys(sessionClaims()).filter((name) => !NEEDED.includes(name));
  const claims = Object.fromEntries(spare.map((name) => [name, undefined]));
  return await sessionToken(await signerOf(alg), claims);
}

/** Each refused with a 401. Nothing in these worlds waits, so many are asked at once. */
async function refuseAll(world: World, alg: Algorithm, tokens: string[]): Promise<void> {
  for (let at = 0; at < tokens.length; at += 100) {
    const some = tokens.slice(at, at + 100);
    const answers = await Promise.all(some.map((token) => world.start({ token })));
    answers.forEach(({ status, code }, index) => {
      assert.equal(status, 401, `${some[index]} → ${code}`);
      assert.match(code, /^(invalid|expired|missing)_token$|^not_a_user$/);
    });
  }
  // A flip in the kid names another key, which is asked for once. A secret is not asked for.
  const asked = alg === "HS256" ? [] : ["jwks"];
  assert.deepEqual(world.calls.map(({ route }) => route), asked);
}

for (const alg of ALGORITHMS) {
  Deno.test(`the core accepts the ${alg} token that jose signs, and jose accepts what it mints`, async () => {
    const signer = await signerOf(alg);
    const world = await soloWorld(alg);
    const token = await new SignJWT({ sub: SUB, role: "authenticated", is_anonymous: false })
      .setProtectedHeader({ alg, kid: signer.kid, typ: "JWT" })
      .setAudience("authenticated")
      .setIssuedAt(START)
      .setExpirationTime(START + 60)
      .sign(signer.key);
    await jwtVerify(token, await importJWK(signer.jwk, alg), { currentDate });
    const answer = await expectCode(world, { token }, "ok");
    const { payload } = await jwtVerify(answer.body.token, (await behestKey()).publicKey, {
      algorithms: ["RS256"],
      issuer: "https://api.behest.ai",
      audience: "behest",
      currentDate,
    });
    assert.equal(payload.uid, SUB);
  });

  Deno.test(`every single-bit flip of a good ${alg} token's bytes is refused`, async () => {
    const token = await shortToken(alg);
    const world = await soloWorld(alg);
    await expectCode(world, { token }, "ok");
    const parts = token.split(".").map((part) => Buffer.from(part, "base64url"));
    const flipped: string[] = [];
    for (const part of parts) {
      for (let bit = 0; bit < part.length * 8; bit++) {
        flip(part, bit);
        flipped.push(parts.map(base64url).join("."));
        flip(part, bit);
      }
    }
    await refuseAll(world, alg, flipped);
  });

  Deno.test(`every single-bit flip of a good ${alg} token's text is refused`, async () => {
    const token = await shortToken(alg);
    const world = await soloWorld(alg);
    await expectCode(world, { token }, "ok");
    const text = Buffer.from(token, "latin1");
    const flipped: string[] = [];
    for (let bit = 0; bit < text.length * 8; bit++) {
      flip(text, bit);
      // What no HTTP header can carry never arrives.
      if (![0x00, 0x0a, 0x0d].includes(text[bit >> 3] ?? 0)) flipped.push(text.toString("latin1"));
      flip(text, bit);
    }
    await refuseAll(world, alg, flipped);
  });
}

function flip(bytes: Uint8Array, bit: number): void {
  const at = bit >> 3;
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
}
