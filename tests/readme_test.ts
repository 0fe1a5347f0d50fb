/** The README against the code: errors, settings, tasks and paths. */
import assert from "node:assert/strict";
import { localSettings } from "./support/behest_keys.ts";
import { payloadOf } from "./support/keys.ts";
import { failing, json } from "./support/upstreams.ts";
import { World } from "./support/world.ts";
import { faults } from "./support/faults.ts";

const root = new URL("../", import.meta.url);
const text = (path: string) => Deno.readTextFile(new URL(path, root));
const readme = await text("README.md");

/** Cells of the table rows under a heading. */
function table(heading: string): string[][] {
  const section = readme.split(`\n## ${heading}\n`)[1].split("\n## ")[0];
  const rows = section.split("\n").filter((line) => line.startsWith("|")).slice(2);
  return rows.map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()));
}

const code = /`([^`]+)`/g;
const names = (cell: string) => [...cell.matchAll(code)].map(([, name]) => name);

/** Names of variables that a text has in quotes. */
const variables = (source: string) =>
  [...source.matchAll(/"([A-Z]+(?:_[A-Z]+)+)"/g)].map(([, n]) => n);

async function settingsInSource(): Promise<Set<string>> {
  const found = new Set<string>();
  for await (const { name } of Deno.readDir(new URL("src/settings/", root))) {
    for (const variable of variables(await text(`src/settings/${name}`))) found.add(variable);
  }
  for (const variable of variables(await text("src/settings.rs"))) found.add(variable);
  // An old name: both say so in a sentence, so that nobody starts with it.
  assert.ok(found.delete("BEHEST_API_KEY"));
  for (const page of [readme, await text("supabase/functions/.env.example")]) {
    assert.match(page, /`?BEHEST_API_KEY`? is an old name/);
  }
  return found;
}

Deno.test("the README's error table has every code of the core, with its status, and no other", () => {
  const listed = table("Errors").flatMap(([status, codes]) =>
    names(codes).map((code) => [code, Number(status)])
  );
  const known = Object.values(faults).map(({ code, status }) => [code, status]);
  assert.deepEqual(listed.sort(), known.sort());
});

Deno.test("the README's settings table has every variable that the core reads, and no other", async () => {
  const listed = table("Settings").flatMap(([variables]) => names(variables));
  assert.deepEqual(listed.sort(), [...await settingsInSource()].sort());
});

/** What is asked of Behest, signed and called with these settings. */
async function outcome(settings: Record<string, string>, plan: string): Promise<unknown> {
  const local = await World.make({ ...await localSettings(), ...settings });
  const { body } = await local.ask();
  const { iss, aud, ...signed } = payloadOf(body.token);
  const world = await World.make(settings, { plan: json([{ plan }]) });
  const { body: { tier, ttl } } = await world.ask({ body: '{"model":"claude-3-opus"}' });
  const asked = JSON.parse(world.to("mint")[0].body ?? "{}");
  const unread = await World.make(settings, { plan: failing(500) });
  const broken = await World.make(settings, { plan: json([]) });
  return {
    ...{ iss, aud, ttlSigned: Number(signed.exp) - Number(signed.iat), tier, ttl },
    ...{ uid: asked.user_id, urls: world.calls.map(({ url }) => url).sort() },
    unread: (await unread.ask()).code,
    noPlan: (await broken.ask()).body.tier,
  };
}

Deno.test("the README's defaults are what the function does without the setting", async () => {
  const defaults: Record<string, string> = {};
  for (const [variables, column] of table("Settings")) {
    const [all, values] = [names(variables), names(column)];
    if (all.length === values.length) all.forEach((name, nth) => defaults[name] = values[nth]);
  }
  assert.equal(Object.keys(defaults).length, 13, Object.keys(defaults).join(" "));
  for (const plan of ["free", "pro", "max", "unknown"]) {
    assert.deepEqual(await outcome(defaults, plan), await outcome({}, plan), plan);
  }
});

Deno.test("the example file explains every variable that the core reads, and no other", async () => {
  const example = await text("supabase/functions/.env.example");
  const listed = [...example.matchAll(/^(?:# )?([A-Z][A-Z_]+)=/gm)].map(([, name]) => name);
  assert.deepEqual(listed.sort(), [...await settingsInSource()].sort());
});

Deno.test("every task that the README names is there", async () => {
  const { tasks } = JSON.parse(await text("deno.json"));
  const named = [...readme.matchAll(/(?:deno(?:@[\d.]+)? )?task (\w+)/g)].map(([, task]) => task);
  assert.ok(named.length >= 5);
  for (const task of named) assert.ok(task in tasks, task);
});

for (const [page, least] of [["README.md", 14], ["SECURITY.md", 8]] as const) {
  Deno.test(`every path that ${page} names is there`, async () => {
    const source = await text(page);
    const folders = /`((?:src|supabase|pkg|dev|tests|docs|fuzz)\/[\w./-]*)`/g;
    const paths = [
      ...[...source.matchAll(/\]\(([^):]+)\)/g)].map(([, path]) => path),
      ...[...source.matchAll(folders)].map(([, path]) => path),
    ];
    assert.ok(paths.length >= least, `${paths.length}`);
    // What git ignores is there only where somebody has made it.
    const ignored = ["supabase/functions/.env", "supabase/.temp"];
    for (const path of paths.filter((path) => !ignored.includes(path))) {
      await Deno.stat(new URL(path, root));
    }
  });
}
