/** What `init` would do to a project, found out before anything is written. */
import { readFile } from "node:fs/promises";
import { UsageError } from "../terminal.ts";
import { withoutVerifyJwt } from "./config_toml.ts";
import { migrationOf } from "./migration.ts";
import { settingsToWrite } from "./next_steps.ts";
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
  const after = withoutVerifyJwt(before);
  const changes: Change[] = after === undefined ? [] : [{ path: CONFIG, before, after }];
  const byHand: string[] = after === undefined
    ? [
      `${CONFIG} configures the function in a form that is not edited here. Set verify_jwt = false ` +
      "for functions.behest-token in it.",
    ]
    : [];

  const ours = await functionOf(project, assets, options.force);
  if (typeof ours === "string") byHand.push(ours);
  else changes.unshift(ours);
  if (options.migration) {
    const migration = await migrationOf(project, assets);
    if (migration.change) changes.push(migration.change);
    if (migration.byHand) byHand.push(migration.byHand);
  }
  byHand.push(...await obstaclesIn(project, after === undefined ? config : readConfig(after)));
  const printed = new Map(settingsToWrite(options).map(({ name, given }) => [name, given]));
  const upload = await uploadOf(project, config, printed);
  return {
    project,
    changes: changes.filter((change) => change.before !== change.after),
    byHand: [...byHand, ...upload.byHand],
    notes: upload.notes,
  };
}

/** The function as it should be; or why it is left alone. */
async function functionOf(
  project: Project,
  assets: URL,
  force: boolean,
): Promise<Change | string> {
  const after = await readFile(new URL("single/index.ts", assets), "utf8");
  const before = await project.read(FUNCTION);
  // Git may have made its line ends Windows's.
  if (before?.replaceAll("\r\n", "\n") === after) return { path: FUNCTION, before, after: before };
  if (before === undefined || force || isUntouched(before)) {
    return { path: FUNCTION, before, after };
  }
  return `${FUNCTION} is not as any version of this package wrote it, so it was left alone. Look at ` +
    "it, then run this again with --force to overwrite it.";
}
