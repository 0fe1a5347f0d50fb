/** What was deployed, run as it was uploaded: alone in a folder, and without a network to load from. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { jwtVerify } from "jose";
import { startChild } from "../../dev/stack/child.ts";
import { findDeno, HOSTED_DENO } from "../../dev/run/denos.ts";
import { behestKey, localSettings } from "./behest_keys.ts";
import { signerOf } from "./keys.ts";
import { leastSettings, liveToken, type Running, Upstream, variables } from "./running.ts";
import { ORIGIN, type Settings } from "./world.ts";

/** Every Deno that a deployed function has to run on. */
export const DENOS = [...new Set([Deno.version.deno, HOSTED_DENO])];

/** Files by their path, as an upload has them. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** Puts files into a fresh folder; it goes when `work` ends. */
export async function inFolder<T>(files: Files, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "behest-token-" });
  try {
    for (const [path, bytes] of files) {
      await Deno.mkdir(dirname(`${folder}/${path}`), { recursive: true });
      await Deno.writeFile(`${folder}/${path}`, bytes);
    }
    return await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Nothing is loaded but what lies in the folder. */
const ALONE = ["--no-config", "--no-lock", "--no-npm", "--no-remote", "--cached-only"];

/**
 * Starts an entry point with the rights of a deployed function.
 *
 * @param flags what it may load
 */
export async function startDeployed(
  version: string,
  folder: string,
  entry: string,
  settings: Settings,
  flags = ALONE,
): Promise<Running> {
  const listen = new URL("../../dev/stack/listen.ts", import.meta.url);
  const start = `${folder}/start.ts`;
  await Deno.writeTextFile(start, `import "${listen}";\nimport "./${entry}";\n`);
  const log: string[] = [];
  const child = await startChild({
    name: entry,
    deno: await findDeno(version),
    args: [...flags, "--allow-net=127.0.0.1", "--allow-env", start],
    env: variables(settings),
    inheritEnv: false,
    onLine: (line) => log.push(line),
  });
  return { url: child.url, log, stop: child.stop };
}

/**
 * Holds an upload to what it is for, where nothing else is at hand; see `assertMints`.
 *
 * @param entry the entry point's path
 * @param secrets all that the user set in API-key mode; by default the least
 */
export async function assertUploadMints(
  version: string,
  files: Files,
  entry: string,
  secrets?: Settings,
): Promise<void> {
  await inFolder(files, async (folder) => {
    await assertMints((settings) => startDeployed(version, folder, entry, settings), secrets);
  });
}

/**
 * Holds a deployed function to what it is for: it mints in both modes, lets the app's page ask, and
 * refuses a forged session.
 */
export async function assertMints(
  start: (settings: Settings) => Promise<Running>,
  secrets?: Settings,
): Promise<void> {
  const upstream = new Upstream();
  const { BEHEST_KEY, BEHEST_BASE_URL, CORS_ORIGIN, ...given } = await leastSettings(upstream.url);
  const least = { BEHEST_KEY, BEHEST_BASE_URL, CORS_ORIGIN };
  try {
    await during(start({ ...given, ...(secrets ?? least) }), mintsByCall);
    await during(start({ ...given, ...least, ...await localSettings() }), signs);
  } finally {
    await upstream.stop();
  }
}

async function during(starting: Promise<Running>, work: (running: Running) => Promise<void>) {
  const running = await starting;
  try {
    await work(running);
  } finally {
    await running.stop();
  }
}

async function mintsByCall({ url }: Running): Promise<void> {
  const asked = await fetch(url, {
    method: "OPTIONS",
    headers: {
      "Origin": ORIGIN,
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "authorization,apikey,content-type,x-client-info",
    },
  });
  await asked.body?.cancel();
  assert.equal(asked.status, 204);
  assert.equal(asked.headers.get("Access-Control-Allow-Origin"), ORIGIN);

  const token = await liveToken(await signerOf("ES256"));
  const good = await ask(url, token);
  assert.equal(good.status, 200, JSON.stringify(good.body));
  assert.equal(good.body.tier, 2);
  const forged = await ask(url, `${token.slice(0, -8)}AAAAAAAA`);
  assert.equal(forged.status, 401);
  assert.equal(forged.body.error.code, "invalid_token");
}

async function signs({ url }: Running): Promise<void> {
  const { status, body } = await ask(url, await liveToken(await signerOf("ES256")));
  assert.equal(status, 200, JSON.stringify(body));
  const { payload } = await jwtVerify(body.token, (await behestKey()).publicKey);
  assert.equal(payload.tier, 2);
  assert.equal(payload.role, "user");
}

// deno-lint-ignore no-explicit-any -- read member by member, and a wrong guess fails
async function ask(url: string, token: string): Promise<{ status: number; body: any }> {
  const headers = { "Origin": ORIGIN, "Authorization": `Bearer ${token}` };
  const response = await fetch(url, { method: "POST", headers });
  return { status: response.status, body: await response.json() };
}
