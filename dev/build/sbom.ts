/** What ships, as a software bill of materials (CycloneDX 1.6, ECMA-424). */
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TARGET = "wasm32-unknown-unknown";

/** The part of `cargo metadata` that is read here. */
interface Metadata {
  readonly packages: readonly Package[];
  readonly resolve: { readonly nodes: readonly Node[]; readonly root: string };
}

interface Package {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly description: string | null;
  readonly license: string;
  readonly targets: readonly { readonly kind: readonly string[] }[];
}

interface Node {
  readonly id: string;
  readonly deps: readonly {
    readonly pkg: string;
    readonly dep_kinds: readonly { readonly kind: string | null }[];
  }[];
}

/**
 * Lists the crates that are linked into the module, each with its licence and the digest that
 * `Cargo.lock` holds it to. It has no date and no serial number: the same sources make the same
 * bytes.
 *
 * @param digest SHA-256 of the module, in hex
 * @throws {Error} where cargo cannot be run, or a crate comes from elsewhere than crates.io
 */
export async function makeSbom(digest: string): Promise<string> {
  const metadata: Metadata = JSON.parse(
    await run("cargo", "metadata", "--format-version=1", "--locked", "--filter-platform", TARGET),
  );
  const rust = /^release: (\S+)$/m.exec(await run("rustc", "-vV"))?.[1];
  if (rust === undefined) throw new Error("rustc does not tell its version");
  const checksums = lockedChecksums(await Deno.readTextFile(`${ROOT}/Cargo.lock`));
  const packages = new Map(metadata.packages.map((each) => [each.id, each]));
  const dependencies = linked(metadata, packages);

  const standardLibrary = {
    "type": "library",
    "bom-ref": `pkg:generic/rust-std@${rust}`,
    "name": "rust-std",
    "version": rust,
    "description": "The Rust standard library",
    ...licence("MIT OR Apache-2.0"),
    "purl": `pkg:generic/rust-std@${rust}`,
  };
  const components = [...dependencies.keys()]
    .filter((id) => id !== metadata.resolve.root)
    .map((id) => component(packages.get(id)!, checksums));
  const root = packages.get(metadata.resolve.root)!;
  const ref = (id: string) => id === root.id ? `${root.name}@${root.version}` : purl(id, packages);
  return JSON.stringify(
    {
      "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
      "bomFormat": "CycloneDX",
      "specVersion": "1.6",
      "version": 1,
      "metadata": {
        "component": {
          "type": "application",
          "bom-ref": ref(root.id),
          "name": root.name,
          "version": root.version,
          "description": root.description ?? undefined,
          "hashes": [{ "alg": "SHA-256", "content": digest }],
          ...licence(root.license),
        },
      },
      "components": [...components, standardLibrary].sort(byRef),
      "dependencies": [...dependencies].map(([id, on]) => ({
        "ref": ref(id),
        "dependsOn": [...on.map(ref), ...(id === root.id ? [standardLibrary["bom-ref"]] : [])]
          .sort(),
      })).sort((one, other) => one.ref < other.ref ? -1 : 1),
    },
    null,
    2,
  ) + "\n";
}

/** The crates that are linked in, and what each needs: no macro, no build script, no test. */
function linked(
  { resolve }: Metadata,
  packages: ReadonlyMap<string, Package>,
): Map<string, string[]> {
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const found = new Map<string, string[]>();
  const visit = (id: string) => {
    if (found.has(id)) return;
    const needed = nodes.get(id)!.deps
      .filter(({ dep_kinds }) => dep_kinds.some(({ kind }) => kind === null))
      .map(({ pkg }) => pkg)
      .filter((pkg) => !packages.get(pkg)!.targets.some(({ kind }) => kind.includes("proc-macro")));
    found.set(id, needed);
    needed.forEach(visit);
  };
  visit(resolve.root);
  return found;
}

function component(crate: Package, checksums: ReadonlyMap<string, string>) {
  const checksum = checksums.get(`${crate.name}@${crate.version}`);
  if (checksum === undefined) throw new Error(`${crate.name} does not come from crates.io`);
  const purl = `pkg:cargo/${crate.name}@${crate.version}`;
  return {
    "type": "library",
    "bom-ref": purl,
    "name": crate.name,
    "version": crate.version,
    "description": crate.description?.replace(/\s+/g, " ").trim(),
    "hashes": [{ "alg": "SHA-256", "content": checksum }],
    ...licence(crate.license),
    "purl": purl,
  };
}

function purl(id: string, packages: ReadonlyMap<string, Package>): string {
  const { name, version } = packages.get(id)!;
  return `pkg:cargo/${name}@${version}`;
}

/** An SPDX expression; some crates still write the slash of old for `OR`. */
function licence(expression: string) {
  return { "licenses": [{ "expression": expression.replaceAll("/", " OR ") }] };
}

function byRef(one: { "bom-ref": string }, other: { "bom-ref": string }): number {
  return one["bom-ref"] < other["bom-ref"] ? -1 : 1;
}

/** SHA-256 of every crate's archive, by `name@version`. */
function lockedChecksums(lock: string): Map<string, string> {
  const entry = /^name = "(.+)"\nversion = "(.+)"\nsource = ".+"\nchecksum = "([0-9a-f]{64})"$/gm;
  return new Map([...lock.matchAll(entry)].map(([, name, version, sum]) => [
    `${name}@${version}`,
    sum,
  ]));
}

async function run(command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd: ROOT }).output();
  if (!success) throw new Error(`${command} failed:\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
