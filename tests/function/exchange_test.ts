/** The exchange at a glance: every algorithm in both modes, and who is turned away. */
import assert from "node:assert/strict";
import { localSettings } from "../support/behest_keys.ts";
import { expectCode, expectUncalled } from "../support/expect.ts";
import {
  ALGORITHMS,
  forge,
  payloadOf,
  sessionToken,
  signerOf,
  START,
  SUB,
} from "../support/keys.ts";
import { World } from "../support/world.ts";

const signers = await Promise.all(ALGORITHMS.map(signerOf));
const keys = {
  SUPABASE_JWKS: JSON.stringify(signers.filter(({ alg }) => alg !== "HS256").map(({ jwk }) => jwk)),
  JWT_SECRET: signers.find(({ alg }) => alg === "HS256")?.secret,
};
const MODES = { "API-key mode": keys, "local mode": { ...await localSettings(), ...keys } };

for (const [mode, settings] of Object.entries(MODES)) {
  for (const signer of signers) {
    const { alg } = signer;
    Deno.test(`in ${mode} a session token signed with ${alg} mints a token of its user`, async () => {
      const world = await World.make(settings);
      const { body } = await expectCode(world, { token: await sessionToken(signer) }, "ok");
      assert.equal(payloadOf(body.token).uid, SUB);
      assert.equal(body.expiresAt, payloadOf(body.token).exp);
      assert.equal(world.to("mint").length, mode === "local mode" ? 0 : 1);
    });

    Deno.test(`in ${mode} a bad token for ${alg} gets its 401 and causes no call`, async () => {
      const world = await World.make(settings);
      const apiKey = await sessionToken(signer, { role: "anon", sub: undefined, aud: undefined });
      const late = await sessionToken(signer, { exp: START - 60 });
      const [header, , signature] = (await sessionToken(signer)).split(".");
      const [, payload] = (await sessionToken(signer, { sub: "somebody-else" })).split(".");
      await expectUncalled(world, { token: apiKey }, "not_a_user");
      await expectUncalled(world, { token: late }, "expired_token");
      await expectUncalled(
        world,
        { token: [header, payload, signature].join(".") },
        "invalid_token",
      );
      for (const none of ["none", "None", "NONE", "nOnE", ""]) {
        const token = await forge(signer, { alg: none });
        await expectUncalled(world, { token }, "invalid_token", `alg ${none}`);
      }
    });
  }
}
