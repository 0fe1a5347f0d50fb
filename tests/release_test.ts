/** `deno task release`: every file that names the version gets it, and nothing is released unsaid. */
import assert from "node:assert/strict";
import { Obstacle, release } from "../dev/build/release.ts";

const ROOT = new URL("../", import.meta.url);
const FILES = ["Cargo.toml", "Cargo.lock", "fuzz/Cargo.lock", "openapi.yaml", "CHANGELOG.md"];
const read = async (path: string) => [path, await Deno.readTextFile(new URL(path, ROOT))] as const;
const texts = new Map(await Promise.all(FILES.map(read)));

/** As the repository is, with a section for a version to come. */
function withSection(version: string): Map<string, string> {
  const changelog = texts.get("CHANGELOG.md") ?? "";
  return new Map([
    ...texts,
    [
      "CHANGELOG.md",
      changelog.replace(/^## /m, `## ${version}, not released yet\n\n- New.\n\n## `),
    ],
  ]);
}

Deno.test("a release writes its version into every file that names one, and nothing else", () => {
  const before = withSection("7.8.9");
  const after = release(before, "7.8.9", "2030-01-02");
  assert.deepEqual([...after.keys()].sort(), [...FILES].sort());
  for (const [path, text] of after) {
    const old = (before.get(path) ?? "").split("\n");
    const changed = text.split("\n").filter((line, number) => line !== old[number]);
    assert.equal(changed.length, 1, path);
    assert.match(changed[0] ?? "", /7\.8\.9/, path);
  }
  assert.match(after.get("CHANGELOG.md") ?? "", /^## 7\.8\.9, 2030-01-02$/m);
});

for (
  const [what, version] of [
    ["no version", "7.8"],
    ["no version", "v7.8.9"],
    ["no version", "7.8.09"],
    ["older than the last", "0.0.9"],
  ] as const
) {
  Deno.test(`${version} is refused: ${what}`, () => {
    assert.throws(() => release(withSection(version), version, "2030-01-02"), Obstacle);
  });
}

Deno.test("a version that the changelog does not tell of is refused", () => {
  assert.throws(() => release(texts, "7.8.9", "2030-01-02"), /CHANGELOG\.md has no section/);
});

Deno.test("the version is the same in every file, in the package and in the one file", async () => {
  const [, version] = /^version = "(.+)"$/m.exec(texts.get("Cargo.toml") ?? "") ?? [];
  assert.ok(version);
  for (const path of ["Cargo.lock", "fuzz/Cargo.lock"]) {
    assert.ok(texts.get(path)?.includes(`name = "behest-token"\nversion = "${version}"`), path);
  }
  assert.ok(texts.get("openapi.yaml")?.includes(`version: ${version}`));
  assert.ok(texts.get("CHANGELOG.md")?.includes(`## ${version},`));
  const [, manifest] = await read("pkg/package.json");
  assert.equal(JSON.parse(manifest).version, version);
  const [, single] = await read("pkg/single/index.ts");
  assert.ok(single.startsWith(`// behest-token ${version}:`));
});
