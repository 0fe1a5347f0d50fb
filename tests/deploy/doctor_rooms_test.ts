/** The rooms of `doctor`: imports run one way. */
import assert from "node:assert/strict";

const CLI = new URL("../../cli/", import.meta.url);

/** What each file imports of its own house, types too. */
async function importsOf(): Promise<Map<string, string[]>> {
  const files = ["doctor.ts"];
  for await (const { name } of Deno.readDir(new URL("doctor/", CLI))) files.push(`doctor/${name}`);
  const read = async (file: string): Promise<[string, string[]]> => {
    const text = await Deno.readTextFile(new URL(file, CLI));
    const found = [...text.matchAll(/\b(?:from|import\() ?"(\.[^"]+)"/g)];
    const paths = found.map(([, path]) => new URL(path, new URL(file, CLI)).pathname);
    return [file, paths.map((path) => path.slice(CLI.pathname.length))];
  };
  return new Map(await Promise.all(files.map(read)));
}

/** A way from a file back to itself. */
function circleFrom(imports: Map<string, string[]>, way: string[]): string[] | undefined {
  for (const next of imports.get(way[way.length - 1]) ?? []) {
    if (way.includes(next)) return [...way.slice(way.indexOf(next)), next];
    const circle = circleFrom(imports, [...way, next]);
    if (circle) return circle;
  }
  return undefined;
}

Deno.test("no file of doctor imports one that imports it, not even for a type", async () => {
  const imports = await importsOf();
  assert.ok(imports.size > 15);
  assert.ok(imports.get("doctor/examine.ts")?.includes("doctor/context.ts"));
  assert.equal(circleFrom(imports, ["doctor.ts"])?.join(" → "), undefined);
});
