/** What `init` would do to a project, found out before anything is written. */
import { readFile } from "node:fs/promises";
import { UsageError } from "../terminal.ts";
import { withoutVerifyJwt } from "./config_toml.ts";
import { HOOK_BY_HAND, otherHooksIn, otherPlansIn, withHook } from "./hook.ts";
import { callsHook, migrationsIn, migrationsToAdd } from "./migrations.ts";
import { settingsForLater, settingsToWrite } from "./next_steps.ts";
import { obstaclesIn } from "./obstacles.ts";
import { FUNCTION, isUntouched } from "./one_file.ts";
import type { InitOptions } from "./options.ts";
import { type Change, Project } from "./project.ts";
import { CONFIG, readConfig } from "./toml.ts";
import { uploadOf } from "./upload.ts";

export interface Plan {
  readonly project: Project;
  readonly changes: readonly Change[];
  /** What only a person can do. */
  readonly byHand: readonly string[];
  /** What a person may want to know. */
  readonly notes: readonly string[];
}

const VERIFY_JWT_BY_HAND =
  `${CONFIG} configures the function in a form that is not edited here. Set verify_jwt = false for ` +
  "functions.behest-token in it.";

/**
 * @param assets where the package's own files are
 * @throws {UsageError} where the project is none, or is not touched
 */
export async function planOf(options: InitOptions, assets: URL): Promise<Plan> {
  const project = await Project.in(options.folder);
  const before = await project?.read(CONFIG);
  if (!project || before === undefined) {
    throw new UsageError(
      `There is no ${CONFIG} there. Name the project's folder, or run \`supabase init\` first.`,
    );
  }
  const config = readConfig(before);
  const changes: Change[] = [];
  const byHand: string[] = [];
  let after = before;
  const edits = [
    [withoutVerifyJwt, VERIFY_JWT_BY_HAND],
    ...(options.hook ? [[withHook, HOOK_BY_HAND] as const] : []),
  ] as const;
  for (const [edited, otherwise] of edits) {
    const text = edited(after);
    if (text === undefined) byHand.push(otherwise);
    else after = text;
  }

  const files = [[FUNCTION, "single/index.ts"], [options.client, "client.ts"]] as const;
  for (const [path, asset] of files) {
    if (path === undefined) continue;
    const ours = await fileOf(project, path, new URL(asset, assets), options.force);
    if (typeof ours === "string") byHand.push(ours);
    else changes.push(ours);
  }
  const migrations = options.migration || options.hook ? await migrationsIn(project) : [];
  changes.push(...await migrationsToAdd(migrations, options, assets));
  // At last: it names what the others make, and what is on without its function fails every sign-in.
  changes.push({ path: CONFIG, before, after });
  byHand.push(...await obstaclesIn(project, readConfig(after)));
  if (options.hook) byHand.push(...otherHooksIn(config, (name) => callsHook(migrations, name)));
  const lines = [...settingsToWrite(options), ...settingsForLater(options)];
  const printed = new Map(lines.map(({ name, given }) => [name, given]));
  const upload = await uploadOf(project, config, printed);
  if (options.hook) byHand.push(...otherPlansIn(upload.sent));
  return {
    project,
    changes: changes.filter((change) => change.before !== change.after),
    byHand: [...byHand, ...upload.byHand],
    notes: upload.notes,
  };
}

/** A file of ours as it should be; or why it is left alone. */
async function fileOf(
  project: Project,
  path: string,
  asset: URL,
  force: boolean,
): Promise<Change | string> {
  const after = await readFile(asset, "utf8");
  const before = await project.read(path);
  // Git may have made its line ends Windows's.
  if (before?.replaceAll("\r\n", "\n") === after) return { path, before, after: before };
  if (before === undefined || force || isUntouched(before)) return { path, before, after };
  return `${path} is not as any version of this package wrote it, so it was left alone. Look at ` +
    "it, then run this again with --force to overwrite it.";
}
