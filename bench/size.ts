/** What is deployed. Ours goes up as it is; the others as one minified bundle. */
import { gzip } from "node:zlib";
import { promisify } from "node:util";
import { bundle, output } from "./process.ts";
import type { Size } from "./report.ts";

const OURS = "supabase/functions/behest-token/index.ts";

/** @throws {Error} with Deno's words, where it cannot tell or bundle */
export async function measureSizes(): Promise<Size[]> {
  const { modules } = JSON.parse(await output(Deno.execPath(), ["info", "--json", OURS]));
  const files = (modules as { specifier: string }[]).map(({ specifier }) => specifier)
    // Deno counts the types of a script, and what it has itself; the Supabase CLI uploads neither.
    .filter((file) => file.startsWith("file:") && !file.endsWith(".d.ts"));
  const bytes = await Promise.all(files.map((file) => Deno.readFile(new URL(file))));
  return [
    await sizeOf("seed", await Deno.readFile(await bundle("seed"))),
    await sizeOf("server", await Deno.readFile(await bundle("server"))),
    await sizeOf("ours", new Uint8Array(await new Blob(bytes).arrayBuffer())),
  ];
}

async function sizeOf(name: string, bytes: Uint8Array): Promise<Size> {
  const packed = await promisify(gzip)(bytes, { level: 9 }) as Uint8Array;
  return { name, bytes: bytes.length, gzipped: packed.length };
}
