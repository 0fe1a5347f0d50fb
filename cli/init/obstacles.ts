/** What keeps `supabase functions deploy` from deploying our file, and nothing but our file. */
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import type { TomlTable } from "smol-toml";
import { FUNCTION, FUNCTION_FOLDER } from "./one_file.ts";
import type { Project } from "./project.ts";
import { allAt, CONFIG, placesIn, shown, table } from "./toml.ts";

const NAME = "behest-token";

/** Read by newer versions of the Supabase CLI, which then leave `config.toml` unread. */
const OTHER_CONFIGS = ["supabase/config.json", "supabase/config.jsonc"];

/** What the Supabase CLI looks for beside a function, in whatever case. */
const COMPANIONS = ["deno.json", "deno.jsonc", "import_map.json", "package.json", ".npmrc"];

/** Used for every function that has no import map of its own. */
const SHARED_IMPORT_MAP = "supabase/functions/import_map.json";

/**
 * Each is a sentence that says what to do by hand.
 *
 * @param config as it will be
 */
export async function obstaclesIn(project: Project, config: TomlTable): Promise<string[]> {
  const found: string[] = [];
  for (const { prefix, settings } of placesIn(config)) {
    for (const block of allAt(settings, "functions", NAME)) {
      const faults = await faultsOf(project, block);
      found.push(...faults.map((what) => `${CONFIG}: ${prefix}functions.${NAME} ${what}`));
    }
  }
  return [...found, ...await filesInTheWay(project)];
}

/** What is wrong with the function's block, be it the base's or a remote's. */
async function faultsOf(project: Project, block: unknown): Promise<string[]> {
  const settings = table(block);
  if (!settings) return ["is no table. Make it one, or take it out."];
  const faults = await Promise.all(
    Object.entries(settings).map(([key, value]) => faultOf(project, key, value)),
  );
  return faults.filter((fault) => fault !== undefined);
}

/** Whatever is not known to be harmless is said: `env(…)` may stand for any value. */
async function faultOf(
  project: Project,
  key: string,
  value: unknown,
): Promise<string | undefined> {
  switch (key.toLowerCase()) {
    case "enabled":
      if (value === true) return undefined;
      return "is switched off (enabled = false, or what may stand for it). Take that line out.";
    case "verify_jwt":
      if (value === false) return undefined;
      return "does not say verify_jwt = false. Set it to false.";
    case "entrypoint":
      if (value === "" || await isOurs(project, value)) return undefined;
      return `has an entrypoint that is not ${FUNCTION}, so another file is deployed. Take that line out.`;
    case "import_map":
      if (value === "") return undefined;
      return "has an import_map. The function imports nothing: take that line out.";
    case "static_files":
      if (Array.isArray(value) && value.length === 0) return undefined;
      return "has static_files, which are sent along with the function. It reads none: take that line out.";
    default:
      return `sets ${shown(key)}, which is not known here. Take that out, or see what it does.`;
  }
}

/**
 * Whether the Supabase CLI takes our file for an entrypoint: however it is spelled, but through no
 * link, not even one that `..` leads out of again.
 */
async function isOurs(project: Project, entrypoint: unknown): Promise<boolean> {
  if (typeof entrypoint !== "string") return false;
  const { root } = project;
  const spelled = isAbsolute(entrypoint) ? entrypoint : `${root}/supabase/${entrypoint}`;
  if (resolve(spelled) !== join(root, FUNCTION)) return false;
  const parts = spelled.split(/[\\/]/);
  for (let length = 1; length <= parts.length; length++) {
    const way = relative(root, resolve(parts.slice(0, length).join("/") || "/"));
    const isOutside = way.split(sep)[0] === ".." || isAbsolute(way);
    if (!isOutside && await project.linkOnTheWay(way.replaceAll(sep, "/"))) return false;
  }
  return true;
}

async function filesInTheWay(project: Project): Promise<string[]> {
  const found: string[] = [];
  for (const path of OTHER_CONFIGS) {
    if (!await project.has(path)) continue;
    found.push(
      `${path} takes the place of ${CONFIG} in newer versions of the Supabase CLI. Keep one of the ` +
        `two; in ${path}, functions.${NAME} needs verify_jwt false and nothing else.`,
    );
  }
  for (const name of await project.list(FUNCTION_FOLDER)) {
    if (!COMPANIONS.includes(name.toLowerCase())) continue;
    found.push(
      `${FUNCTION_FOLDER}/${name} may change what is deployed with the function, which imports ` +
        "nothing and needs none. Take it away.",
    );
  }
  if (await project.has(SHARED_IMPORT_MAP)) {
    found.push(
      `${SHARED_IMPORT_MAP} is used for this function, too, which imports nothing. Give each function ` +
        "that needs it a deno.json of its own.",
    );
  }
  return found;
}
