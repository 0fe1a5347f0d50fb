/** What ships, and nothing beside: the function's imports, the crates inside, the pins of the rest. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const text = (path: string) => Deno.readTextFile(new URL(path, root));

async function run(command: string, ...args: string[]): Promise<string> {
  const cwd = fileURLToPath(root);
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("the function imports its own files and pkg/, and nothing from anywhere else", async () => {
  const entry = "supabase/functions/behest-token/index.ts";
  const { modules } = JSON.parse(await run(Deno.execPath(), "info", "--json", entry));
  const specifiers: string[] = modules.map(({ specifier }: { specifier: string }) => specifier);
  const folders = ["supabase/functions/behest-token/", "pkg/"].map((path) =>
    String(new URL(path, root))
  );
  for (const specifier of specifiers) {
    assert.ok(folders.some((folder) => specifier.startsWith(folder)), specifier);
  }
  const files = [...Deno.readDirSync(new URL("supabase/functions/behest-token/", root))];
  assert.equal(specifiers.filter((each) => each.startsWith(folders[0])).length, files.length);
  const code = specifiers.filter((each) => each.startsWith(folders[1]) && each.endsWith(".js"));
  assert.deepEqual(code.map((each) => each.slice(folders[1].length)).sort(), [
    "behest_token.js",
    "behest_token_wasm.js",
  ]);
});

Deno.test("what ships makes no code out of text, and loads none at run time", async () => {
  for await (const { name } of Deno.readDir(new URL("supabase/functions/behest-token/", root))) {
    const source = await text(`supabase/functions/behest-token/${name}`);
    assert.doesNotMatch(source, /\beval\(|new Function\(|\bimport\(|Deno\.(?!serve|env)/, name);
  }
  const glue = await text("pkg/behest_token.js");
  assert.doesNotMatch(glue, /\beval\(|new Function\(|\bimport\((?!\.meta)/);
});

Deno.test("every package of development is pinned to one version, and locked to its digest", async () => {
  const { imports } = JSON.parse(await text("deno.json"));
  const { npm } = JSON.parse(await text("deno.lock"));
  for (const specifier of Object.values<string>(imports)) {
    assert.match(specifier, /^npm:(@[\w-]+\/)?[\w-]+@\d+\.\d+\.\d+(-[\w.]+)?$/);
    const [name] = Object.keys(npm).filter((key) => key.startsWith(specifier.slice(4)));
    assert.match(npm[name]?.integrity ?? "", /^sha512-/, specifier);
  }
  const manifest = await text("Cargo.toml");
  const sections = [...manifest.matchAll(/^\[(?:.*\.)?(?:dev-)?dependencies\]\n([^]*?)\n\n/gm)];
  assert.equal(sections.length, 3);
  const lines = sections.flatMap(([, section]) => section!.split("\n"))
    .filter((line) => !/^\s*#/.test(line));
  assert.ok(lines.length > 5);
  // Each with its reason: a dependency without one has no place here.
  for (const line of lines) assert.match(line, /"=\d+\.\d+\.\d+".* # \S+/);
});

interface Component {
  readonly name: string;
  readonly version: string;
  readonly hashes?: readonly { readonly content: string }[];
  readonly licenses: readonly { readonly expression: string }[];
}

Deno.test("the bill of materials lists the crates that cargo links, by the digests of Cargo.lock", async () => {
  const sbom = JSON.parse(await text("pkg/sbom.cdx.json"));
  const listed = sbom.components.map(({ name, version }: Component) => `${name} v${version}`);
  const tree = await run(
    ...["cargo", "tree", "--locked", "--package=behest-token", "--prefix=none"] as const,
    "--target=wasm32-unknown-unknown",
    "--edges=normal,no-proc-macro",
    "--no-dedupe",
  );
  const linked = new Set(tree.trim().split("\n").map((line) => line.split(" (")[0].trim()));
  linked.delete(`behest-token v${sbom.metadata.component.version}`);
  const rust = /channel = "(.+)"/.exec(await text("rust-toolchain.toml"))![1];
  linked.add(`rust-std v${rust}`);
  assert.deepEqual([...listed].sort(), [...linked].sort());

  const lock = await text("Cargo.lock");
  for (const { name, version, hashes, licenses } of sbom.components as Component[]) {
    assert.ok(licenses[0].expression.length > 0, name);
    if (name === "rust-std") continue;
    assert.ok(
      lock.includes(`name = "${name}"\nversion = "${version}"\n`) &&
        lock.includes(`checksum = "${hashes?.[0].content}"`),
      name,
    );
  }
});

Deno.test("the bill of materials and the script name the very module that ships", async () => {
  const module = await Deno.readFile(new URL("pkg/behest_token_bg.wasm", root));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", module));
  const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const sbom = JSON.parse(await text("pkg/sbom.cdx.json"));
  assert.equal(sbom.metadata.component.hashes[0].content, hex);
  const script = await text("pkg/behest_token_wasm.js");
  assert.ok(script.includes(`// SHA-256 of the module: ${hex}\n`));
  const base64 = /export default "(.+)";/.exec(script)![1];
  assert.deepEqual(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)), module);
});
