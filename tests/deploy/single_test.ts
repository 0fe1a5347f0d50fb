/** The one file that Lovable and the dashboard take: it is enough. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { assertUploadMints, DENOS } from "../support/deployed.ts";

const PKG = new URL("../../pkg/", import.meta.url);
const single = await Deno.readFile(new URL("single/index.ts", PKG));
const text = new TextDecoder().decode(single);

for (const version of DENOS) {
  Deno.test(`Deno ${version}: the one file, alone and without a network, mints in both modes`, async () => {
    await assertUploadMints(version, new Map([["index.ts", single]]), "index.ts");
  });
}

Deno.test("the one file imports nothing, reads no file, and is text", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-config", "--no-lock", new URL("single/index.ts", PKG).pathname],
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout));
  assert.equal(modules.length, 1);
  assert.deepEqual(modules[0].dependencies ?? [], []);
  assert.doesNotMatch(text, /\bimport\s*\(|\brequire\s*\(|Deno\.(?:open|read)/);
  assert.match(text, /^[\x20-\x7e\n]*$/);
});

Deno.test("the one file's head tells the version, the module's digest, and where the settings are", async () => {
  const manifest = await Deno.readTextFile(new URL("../Cargo.toml", PKG));
  const version = /^version = "(.+)"$/m.exec(manifest)?.[1];
  const module = await Deno.readFile(new URL("behest_token_bg.wasm", PKG));
  const digest = createHash("sha256").update(module).digest("hex");
  const [head = ""] = text.split("\nvar ", 1);
  assert.match(head, new RegExp(`^// behest-token ${version}: `));
  assert.match(head, new RegExp(`^// SHA-256 of the WebAssembly module inside: ${digest}$`, "m"));
  assert.match(head, /^\/\/ Settings: https:\/\/\S+$/m);
  const inside = /"(AGFzbQ[A-Za-z0-9+/=]+)"/.exec(text)?.[1] ?? "";
  assert.equal(createHash("sha256").update(inside, "base64").digest("hex"), digest);
});
