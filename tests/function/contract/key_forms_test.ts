/** Contract, "Minting": every form of `BEHEST_KEY` and the mode that it picks. */
import assert from "node:assert/strict";
import { jwtVerify } from "jose";
import { base64, behestKey, localSettings } from "../../support/behest_keys.ts";
import { expectCode } from "../../support/expect.ts";
import { START, SUB } from "../../support/keys.ts";
import { API_KEY, World } from "../../support/world.ts";

const KEY = await behestKey();
const PEMS = { "PKCS#8": KEY.pkcs8, "PKCS#1": KEY.pkcs1 };

const NEWLINES: Record<string, (pem: string) => string> = {
  "real newlines": (pem) => pem,
  "newlines written \\n": (pem) => pem.replaceAll("\n", "\\n"),
  "newlines escaped twice": (pem) => pem.replaceAll("\n", "\\\\n"),
  "newlines of Windows, escaped": (pem) => pem.replaceAll("\n", "\\r\\n"),
  "spaces for newlines": (pem) => pem.replaceAll("\n", " ").trim(),
  "no newlines": (pem) => pem.replaceAll("\n", ""),
  "newlines of Windows": (pem) => pem.replaceAll("\n", "\r\n"),
};

const FORMS: Record<string, (pem: string) => string> = {
  "behest_pk_ and base64 of a PEM": (pem) => `behest_pk_${base64(pem)}`,
  "behest_pk_ and a PEM": (pem) => `behest_pk_${pem}`,
  "base64 of a PEM": base64,
  "a PEM": (pem) => pem,
  "a PEM in quotes": (pem) => `"${pem}"`,
  "behest_pk_ and a PEM in quotes": (pem) => `'behest_pk_${pem}'`,
};

const IDS = { BEHEST_KID: undefined, BEHEST_TENANT_ID: undefined, BEHEST_PROJECT_ID: undefined };

Deno.test("behest_sk_live_… is an API key: Behest is asked, and no ids are needed", async () => {
  const world = await World.make(await localSettings({ BEHEST_KEY: API_KEY, ...IDS }));
  await expectCode(world, {}, "ok");
  assert.equal(world.line.mode, "api_key");
  assert.equal(world.to("mint")[0]?.headers.authorization, `Bearer ${API_KEY}`);
});

for (const [kind, pem] of Object.entries(PEMS)) {
  for (const [breaks, broken] of Object.entries(NEWLINES)) {
    for (const [form, write] of Object.entries(FORMS)) {
      Deno.test(`${form}, in ${kind} with ${breaks}, signs here and calls nobody`, async () => {
        const settings = await localSettings({ BEHEST_KEY: write(broken(pem)) });
        const world = await World.make(settings);
        const { body } = await expectCode(world, {}, "ok");
        const currentDate = new Date(START * 1000);
        const { payload } = await jwtVerify(body.token, KEY.publicKey, { currentDate });
        assert.equal(payload.uid, SUB);
        assert.equal(world.line.mode, "local");
        assert.equal(world.to("mint").length, 0);
      });
    }
  }
}
