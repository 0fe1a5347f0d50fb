/** The house has no circle: what two rooms share lies below both, so that imports run one way. */
import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Rooms and the rooms that each of them uses. */
type Uses = Map<string, Set<string>>;

/** Every file of a folder and below, by its path from the root. */
async function filesIn(folder: string, ending: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(ROOT, folder))) {
    const path = join(folder, name);
    if (isDirectory) files.push(...await filesIn(path, ending));
    else if (name.endsWith(ending)) files.push(path);
  }
  return files;
}

/** Without the tests in it: they look at what is above them. */
function rustWithoutTests(text: string): string {
  return text.split("#[cfg(test)]")[0];
}

/** `use crate::a::b;` names the module `a`; `use crate::{a, b::c};` names both; `self` is none. */
function modulesIn(text: string): string[] {
  const lists = [...text.matchAll(/\bcrate::\{([^}]*)\}/g)].flatMap(([, list]) => list.split(","));
  const paths = [...text.matchAll(/\bcrate::(\w+)/g)].map(([, name]) => name);
  return [...lists.map((item) => item.trim().split("::")[0]), ...paths];
}

/** The modules of the core, by the first name of their path; `lib` is above all of them. */
async function rustRooms(): Promise<Uses> {
  const rooms: Uses = new Map();
  for (const path of await filesIn("src", ".rs")) {
    const room = path.slice("src/".length).replace(/\.rs$/, "").split("/")[0];
    const text = rustWithoutTests(await Deno.readTextFile(join(ROOT, path)));
    const used = modulesIn(text).filter((name) => name !== room);
    rooms.set(room, new Set([...rooms.get(room) ?? [], ...used]));
  }
  return rooms;
}

/** The files of a TypeScript folder, and which of them each imports, types included. */
async function scriptRooms(folder: string): Promise<Uses> {
  const rooms: Uses = new Map();
  for (const path of await filesIn(folder, ".ts")) {
    const text = await Deno.readTextFile(join(ROOT, path));
    const imports = [...text.matchAll(/^(?:import|export)\b[^;]*?"(\.[^"]+)"/gm)];
    rooms.set(path, new Set(imports.map(([, to]) => normalize(join(dirname(path), to)))));
  }
  return rooms;
}

/** A way from a room back to itself, if there is one. */
function circleIn(rooms: Uses): string[] | undefined {
  const done = new Set<string>();
  function walk(room: string, way: string[]): string[] | undefined {
    if (way.includes(room)) return [...way.slice(way.indexOf(room)), room];
    if (done.has(room)) return undefined;
    for (const next of rooms.get(room) ?? []) {
      const circle = walk(next, [...way, room]);
      if (circle) return circle;
    }
    done.add(room);
    return undefined;
  }
  for (const room of rooms.keys()) {
    const circle = walk(room, []);
    if (circle) return circle;
  }
  return undefined;
}

Deno.test("no module of the core uses one that uses it", async () => {
  const rooms = await rustRooms();
  assert.ok(rooms.get("exchange")?.has("session"), "the way of reading them works");
  assert.equal(circleIn(rooms)?.join(" -> "), undefined);
});

for (const folder of ["supabase/functions", "cli", "client", "dev", "bench", "npm", "tests"]) {
  Deno.test(`no file of ${folder}/ imports one that imports it`, async () => {
    const rooms = await scriptRooms(folder);
    const imports = [...rooms.values()].reduce((sum, { size }) => sum + size, 0);
    assert.ok(imports > 0, "the way of reading them works");
    assert.equal(circleIn(rooms)?.join(" -> "), undefined);
  });
}

Deno.test("a circle would be found, also one of three", () => {
  const rooms: Uses = new Map([
    ["a", new Set(["b"])],
    ["b", new Set(["c", "d"])],
    ["c", new Set(["a"])],
  ]);
  assert.deepEqual(circleIn(rooms), ["a", "b", "c", "a"]);
});

Deno.test("JavaScript is known to four modules of the core alone", async () => {
  const knowing: string[] = [];
  for (const path of await filesIn("src", ".rs")) {
    const text = await Deno.readTextFile(join(ROOT, path));
    if (/\b(?:wasm_bindgen|js_sys|web_sys)::/.test(text)) knowing.push(path);
  }
  assert.deepEqual(
    knowing.sort(),
    ["handle", "lib", "promise", "webcrypto"].map((name) => `src/${name}.rs`),
  );
});
