/** The page on troubleshooting against the core. */
import assert from "node:assert/strict";
import { faults } from "./support/faults.ts";

const page = await Deno.readTextFile(new URL("../docs/troubleshooting.md", import.meta.url));

Deno.test("docs/troubleshooting.md has every error code, with its status, and no other", () => {
  const listed = [...page.matchAll(/^### `(\w+)`\n\n(\d{3})\. /gm)].map(([, code, status]) =>
    `${code} ${status}`
  );
  const known = Object.values(faults).map(({ code, status }) => `${code} ${status}`);
  assert.deepEqual(listed.sort(), known.sort());
});

Deno.test("docs/troubleshooting.md names no setting that there is not", async () => {
  const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));
  for (const [name] of page.matchAll(/\b(?:BEHEST|JWT|CORS|SUPABASE)_[A-Z_]+/g)) {
    assert.ok(readme.includes(`\`${name}\``), name);
  }
});

Deno.test("docs/troubleshooting.md has every code of the client's own, and no other", async () => {
  const source = await Deno.readTextFile(new URL("../client/error.ts", import.meta.url));
  const [, union = ""] = /export type ClientCode =([^;]*);/.exec(source) ?? [];
  const known = [...union.matchAll(/"(\w+)"/g)].map(([, code]) => code);
  const section = page.split("## Codes of the app's side")[1] ?? "";
  const listed = [...section.matchAll(/^\| `(\w+)` /gm)].map(([, code]) => code);
  assert.ok(known.length > 5);
  assert.deepEqual(listed.sort(), known.sort());
});
