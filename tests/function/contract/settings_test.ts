/** Contract, the variables: each with its default, a value that is heard, and one that is refused. */
import assert from "node:assert/strict";
import { expectCode, expectUncalled } from "../../support/expect.ts";
import type { Setting } from "../../support/setting.ts";
import { BEHEST_SETTINGS } from "../../support/settings_of_behest.ts";
import { PLAN_SETTINGS } from "../../support/settings_of_plans.ts";
import { CALLER_SETTINGS, SUPABASE_SETTINGS } from "../../support/settings_of_sessions.ts";
import { API_KEY, PUBLISHABLE_KEY, World } from "../../support/world.ts";

const SETTINGS = [
  ...BEHEST_SETTINGS,
  ...CALLER_SETTINGS,
  ...PLAN_SETTINGS,
  ...SUPABASE_SETTINGS,
];

/** What is seen of a setting under this value. */
async function seen(setting: Setting, value: string | undefined): Promise<unknown> {
  const { name, around, routes, sent, see } = setting;
  const world = await World.make({ ...around, [name]: value }, routes);
  return see(await world.ask(sent), world);
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 48 || /\n/.test(text) ? `${text.slice(0, 24).split("\n")[0]}…` : text;
}

for (const setting of SETTINGS) {
  const { name, unset, good, bad } = setting;

  Deno.test(`${name}, not set: ${shown(unset)}`, async () => {
    assert.deepEqual(await seen(setting, undefined), unset);
  });

  Deno.test(`${name}, empty, counts as not set`, async () => {
    assert.deepEqual(await seen(setting, ""), unset);
  });

  for (const [value, expected] of good) {
    // A key is made anew for each run, so no title may show it.
    const title = /KEY$|SECRET$|JWKS$/.test(name) ? "a good value" : shown(value);
    Deno.test(`${name}, ${title}: ${shown(expected)}`, async () => {
      assert.deepEqual(await seen(setting, value), expected);
    });
  }

  for (const value of bad) {
    const title = shown(value.replace(/zq[\w-]{12}/, "…"));
    Deno.test(`${name}, ${title}: misconfigured, by name and never by value`, async () => {
      const { around, routes, sent } = setting;
      const world = await World.make({ ...around, [name]: value }, routes);
      const { message, text } = await expectUncalled(world, { ...sent }, "misconfigured");
      assert.match(message, new RegExp(`\\b${name}: \\S`));
      const [secret] = /zq[\w-]{12}/.exec(value) ?? [];
      if (secret) assert.ok(!`${text}\n${world.log}`.includes(secret));
      for (const other of SETTINGS) {
        // Without a good list of keys there is no key, unless another variable has one.
        if (name.startsWith(other.name)) continue;
        assert.ok(!message.includes(` ${other.name}: `), `${other.name} is not at fault`);
      }
    });
  }
}

Deno.test("every setting of the example file has its rows here, and no other", async () => {
  const file = new URL("../../../supabase/functions/.env.example", import.meta.url);
  const example = await Deno.readTextFile(file);
  const listed = [...example.matchAll(/^(?:# )?([A-Z][A-Z_]+)=/gm)].map(([, name]) => name);
  assert.deepEqual(SETTINGS.map(({ name }) => name).sort(), listed.sort());
});

Deno.test("BEHEST_API_KEY is read as an old name of BEHEST_KEY, with a warning", async () => {
  const world = await World.make({ BEHEST_KEY: undefined, BEHEST_API_KEY: API_KEY });
  await expectCode(world, {}, "ok");
  assert.equal(world.to("mint")[0]?.headers.authorization, `Bearer ${API_KEY}`);
  assert.match(world.log, /BEHEST_API_KEY is an old name/);
});

Deno.test("BEHEST_KEY goes before its old name, without a warning", async () => {
  const world = await World.make({ BEHEST_API_KEY: "behest_sk_live_old" });
  await expectCode(world, {}, "ok");
  assert.equal(world.to("mint")[0]?.headers.authorization, `Bearer ${API_KEY}`);
  assert.equal(world.lines.filter((line) => "notice" in line).length, 0);
});

Deno.test("JWT_SECRET goes before SUPABASE_JWT_SECRET", async () => {
  const row = SUPABASE_SETTINGS.find(({ name }) => name === "JWT_SECRET") as Setting;
  const [[right], [wrong]] = row.good;
  for (const [first, second, code] of [[right, wrong, "ok"], [wrong, right, "invalid_token"]]) {
    const world = await World.make({ JWT_SECRET: first, SUPABASE_JWT_SECRET: second });
    await expectCode(world, { ...row.sent }, code);
  }
});

const ORDER = ["SUPABASE_PUBLISHABLE_KEYS", "SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY"];
for (const [at, first] of ORDER.entries()) {
  for (const second of ORDER.slice(at + 1)) {
    Deno.test(`${first} goes before ${second}`, async () => {
      const valueOf = (name: string, key: string) =>
        name === ORDER[0] ? JSON.stringify({ default: key }) : key;
      const world = await World.make({
        SUPABASE_PUBLISHABLE_KEYS: undefined,
        [first]: valueOf(first, "one"),
        [second]: valueOf(second, "two"),
      });
      await expectCode(world, {}, "ok");
      for (const route of ["user", "plan"] as const) {
        assert.equal(world.to(route)[0]?.headers.apikey, "one");
      }
    });
  }
}

for (const keys of ["{}", '{"other":"two"}', '{"default":""}', '{"default":null}']) {
  Deno.test(`SUPABASE_PUBLISHABLE_KEYS=${keys} holds no key: the next variable is asked`, async () => {
    const none = { SUPABASE_PUBLISHABLE_KEYS: keys };
    const world = await World.make({ ...none, SUPABASE_PUBLISHABLE_KEY: PUBLISHABLE_KEY });
    await expectCode(world, {}, "ok");
    assert.equal(world.to("user")[0]?.headers.apikey, PUBLISHABLE_KEY);
    const { message } = await expectUncalled(await World.make(none), {}, "misconfigured");
    assert.match(message, /SUPABASE_PUBLISHABLE_KEY\b/);
  });
}
