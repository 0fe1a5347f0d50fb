/** What a log line may hold. */
import assert from "node:assert/strict";
import { loggable, once } from "../../supabase/functions/behest-token/log.ts";
import { expectCode } from "../support/expect.ts";
import { sessionToken, signerOf } from "../support/keys.ts";
import { World } from "../support/world.ts";

Deno.test("a uid is logged up to the length of a UUID, and never an e-mail address, a token or a key", async () => {
  const key = await signerOf("ES256");
  const settings = { BEHEST_UID_CLAIM: "app_metadata.id", BEHEST_USER_CHECK: "claims" };
  const logged = async (id: string) => {
    const world = await World.make(settings);
    await expectCode(world, { token: await sessionToken(key, { app_metadata: { id } }) }, "ok");
    return world.line.uid;
  };
  for (const id of ["customer-7", crypto.randomUUID()]) assert.equal(await logged(id), id);
  const secrets = [
    "a@b.c",
    `eyJhbGciOiJIUzI1NiJ9.${"e30".repeat(9)}.c2ln`,
    `sb_secret_${"x".repeat(31)}`,
  ];
  for (const id of secrets) assert.equal(await logged(id), undefined, id);
  assert.equal(loggable("x".repeat(36)), "x".repeat(36));
  assert.equal(loggable("x".repeat(37)), undefined);
});

Deno.test("a notice is logged once, and hundreds of others never silence a new one", () => {
  const lines: unknown[] = [];
  const notice = once((line) => lines.push(line.notice));
  for (let again = 0; again < 3; again++) notice("the same");
  assert.deepEqual(lines, ["the same"]);
  for (let other = 0; other < 500; other++) notice(`plan ${other}`);
  notice("something new");
  assert.equal(lines.at(-1), "something new");
  assert.equal(lines.length, 502);
});
