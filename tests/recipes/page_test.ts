/** docs/clients.md against the package, the settings and itself. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { CLIENTS, filesOf, lovableText, sections } from "../support/recipe_page.ts";
import { faults } from "../support/faults.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string) => Deno.readTextFile(ROOT + path);
const all = sections(CLIENTS);

/** As GitHub names a heading. */
const anchor = (title: string) =>
  title.toLowerCase().replaceAll(/[^\w\s-]/g, "").replaceAll(/\s/g, "-");

/** What the tests beside this one run, build or check. */
const RUN = [
  "Vite",
  "Lovable",
  "A React hook",
  "Next.js",
  "Plain HTML",
  "Vercel's AI SDK",
];

/** What is no recipe, but belongs to several: `plan_stack_test.ts` runs upgrades. */
const OF_SEVERAL = ["Upgrades", "Options", "Dart and Swift"];

Deno.test("docs/clients.md: the table names every recipe, and both say the same of CI", () => {
  const rows = CLIENTS.split("\n## ")[0].split("\n").filter((line) => line.startsWith("| ")).slice(
    2,
  );
  const said = rows.map((row) => row.split("|").slice(2, 4).map((cell) => cell.trim()));
  const recipes = [...all.keys()].filter((title) => !OF_SEVERAL.includes(title));
  assert.deepEqual(
    said.map(([link]) => /\]\(#(.+)\)$/.exec(link)?.[1]).sort(),
    recipes.map(anchor).sort(),
  );
  for (const title of recipes) {
    const cell = said.find(([link]) => link.endsWith(`(#${anchor(title)})`))![1];
    const text = all.get(title)!;
    assert.match(text, /\bCI\b/, title);
    assert.equal(RUN.includes(title), cell !== "not run", title);
    assert.equal(RUN.includes(title), !/^\nNot run in CI: /.test(text), title);
  }
});

Deno.test("docs/clients.md: every path and place that it names is there", async () => {
  const links = [...CLIENTS.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link);
  assert.ok(links.length >= 15);
  for (const link of links) {
    const [path, place] = link.split("#");
    const text = path === "" ? CLIENTS : await read(`docs/${path}`);
    const places = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) => anchor(title));
    if (place !== undefined) assert.ok(places.includes(place), link);
  }
});

Deno.test("docs/clients.md: Lovable is asked for this package, these secrets and these lines", async () => {
  const text = all.get("Lovable")!;
  const { version } = JSON.parse(await read("pkg/package.json"));
  const npm = await read("npm/README.md");
  const ours = npm.split("```ts\n")[1].split("```")[0];
  // While the version begins with 0, the middle number is what may break something.
  const pinned = version.replace(/^(0\.\d+|[1-9]\d*)\..*$/, "$1");
  assert.equal(lovableText("1"), ours.replace("VERSION", pinned));
  assert.equal(lovableText("2"), npm.split("```toml\n")[1].split("```")[0]);
  const secrets = /^BEHEST_KEY(?:, [A-Z_]+)*\.$/m.exec(text)![0].slice(0, -1).split(", ");
  const example = await read("supabase/functions/.env.example");
  const required = [...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
  assert.deepEqual(secrets.sort(), required.sort());
  const help = await new Deno.Command("node", { args: [`${ROOT}pkg/cli.js`, "init", "--help"] })
    .output();
  const flags = [...text.matchAll(/(?<=\s)--[a-z-]+/g)].map(([flag]) => flag);
  assert.deepEqual(flags, ["--client"]);
  for (const flag of flags) assert.ok(new TextDecoder().decode(help.stdout).includes(flag), flag);
});

for (const title of ["Flutter", "iOS and macOS"]) {
  Deno.test(`docs/clients.md: ${title} has the client's rules, numbers and words`, async () => {
    const [text] = Object.values(filesOf(title));
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    assert.ok(lines.length < 80, `${lines.length} lines are too long to be read`);
    for (const line of lines) assert.ok(line.length <= 100, line);
    // 60 s or half its life; 1 s doubling to 30 s; the function's 15 s; refusals; one more try.
    for (
      const rule of [/min\(60, \S+ttl \/ 2\)/, /max\(1, /, /min\(30, /, /\b15\b/, /401, 402, 403/]
    ) {
      assert.match(text, rule);
    }
    const sources = (await Promise.all(["error", "source", "mint"].map((name) =>
      read(`client/${name}.ts`)
    ))).join("");
    const codes = [...text.matchAll(/(["'])([a-z]+_[a-z_]+|network)\1/g)].map(([, , code]) => code);
    assert.ok(codes.length >= 5);
    for (const code of codes) {
      const known = Object.values(faults).some((fault) => fault.code === code);
      assert.ok(known || sources.includes(`"${code}"`), code);
    }
    // What is in the answer, by openapi.yaml.
    for (const field of ["token", "sessionId", "baseUrl", "ttl"]) {
      assert.match(text, new RegExp(`\\b${field}\\b`));
    }
    // In memory alone, and told to nobody.
    assert.doesNotMatch(text, /print|debugPrint|SharedPreferences|UserDefaults|Keychain|os_log/);
  });
}
