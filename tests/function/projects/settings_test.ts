/** API keys, where a secret one must not be. */
import assert from "node:assert/strict";
import { encodePart, random } from "../../support/keys.ts";
import { expectMisconfigured, inProject } from "../../support/projects.ts";
import type { Settings } from "../../support/world.ts";

/** A legacy API key: a token that the project's secret signed. */
function legacyKey(role: string): string {
  const claims = { iss: "supabase", ref: "abcdefghijklmnopqrst", role, iat: 1.6e9, exp: 2e9 };
  return `${encodePart({ alg: "HS256", typ: "JWT" })}.${encodePart(claims)}.${random(32)}`;
}

/** A key by each name that one is read from. */
const NAMES: [name: string, settings: (key: string) => Settings][] = [
  ["SUPABASE_ANON_KEY", (key) => ({ SUPABASE_ANON_KEY: key })],
  ["SUPABASE_PUBLISHABLE_KEY", (key) => ({ SUPABASE_PUBLISHABLE_KEY: key })],
  [
    "SUPABASE_PUBLISHABLE_KEYS",
    (key) => ({ SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: key }) }),
  ],
];

for (const [name, settings] of NAMES) {
  Deno.test(`a key that may do everything, as ${name}, is misconfigured: a service role key and a secret key`, async () => {
    for (const key of [legacyKey("service_role"), `sb_secret_${random(24)}`]) {
      const given = { SUPABASE_PUBLISHABLE_KEYS: undefined, ...settings(key) };
      await expectMisconfigured(given, name, key);
    }
  });
}

Deno.test("quotes hide no key that may do everything", async () => {
  for (const key of [legacyKey("service_role"), `sb_secret_${random(24)}`]) {
    const given = { SUPABASE_PUBLISHABLE_KEYS: undefined, SUPABASE_ANON_KEY: `"${key}"` };
    await expectMisconfigured(given, "SUPABASE_ANON_KEY", key);
  }
});

Deno.test("a legacy anon key is sent as apikey, by every name", async () => {
  const key = legacyKey("anon");
  for (const [name, settings] of NAMES) {
    const given = { SUPABASE_PUBLISHABLE_KEYS: undefined, ...settings(key) };
    const log = await inProject(given, {}, async (project) => {
      await project.expect({}, "ok", name);
      for (const route of ["user", "plan"] as const) {
        assert.equal(project.upstream.to(route)[0]?.headers.apikey, key, name);
      }
    });
    assert.ok(!log.text.includes(key), name);
  }
});
