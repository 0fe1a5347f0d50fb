/** What is left to do after `init`, as lines to paste. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { HOOK_URI } from "./hook.ts";
import type { InitOptions } from "./options.ts";
import { ENV_FILE } from "./upload.ts";

/** A line of the file of secrets. */
interface SettingLine {
  readonly name: string;
  readonly text: string;
  /** Its value, where the user gave it. */
  readonly given?: string;
}

/** Where the access token hook puts the plan. */
const PLAN_CLAIM = "app_metadata.plan";

/** What has to stand in the file of secrets, with … for what only the Behest dashboard knows. */
export function settingsToWrite({ mode, baseUrl, origins }: InitOptions): SettingLine[] {
  const given = origins.length === 0 ? undefined : origins.join(",");
  const key = mode === "api-key"
    ? "behest_sk_live_…"
    : "…           the private key in one line: base64 < key.pem | tr -d '\\n'";
  const ids = mode === "api-key" ? [] : ["BEHEST_KID", "BEHEST_TENANT_ID", "BEHEST_PROJECT_ID"];
  return [
    { name: "BEHEST_KEY", text: key },
    ...ids.map((name) => ({ name, text: "…" })),
    { name: "BEHEST_BASE_URL", text: baseUrl ?? "https://….behest.app", given: baseUrl },
    { name: "CORS_ORIGIN", text: given ?? "https://my.app", given },
  ];
}

/** What is set at last, where the hook puts plans into tokens. */
export function settingsForLater({ hook }: InitOptions): SettingLine[] {
  return hook ? [{ name: "BEHEST_PLAN_CLAIM", text: PLAN_CLAIM, given: PLAN_CLAIM }] : [];
}

/**
 * The lines, with what to put into the file of secrets.
 *
 * @param isBlocked whether something has to be done by hand before
 */
export function nextSteps(options: InitOptions, isBlocked: boolean): string {
  const folder = resolve(options.folder);
  const isLinked = existsSync(join(folder, "supabase/.temp/project-ref"));
  const page = options.origins.find((origin) => !origin.includes("*")) ?? "https://my.app";
  const lines = [
    ...(folder === process.cwd() ? [] : [`cd ${quoted(folder)}`]),
    ...(isLinked ? [] : ["supabase link --project-ref YOUR-REF"]),
    `supabase secrets set --env-file ${ENV_FILE}`,
    ...(options.migration || options.hook ? ["supabase db push"] : []),
    "supabase functions deploy behest-token --use-api",
    `${self()} doctor --url https://YOUR-REF.supabase.co --origin ${page}`,
  ];
  return [
    "",
    `Next, write the secrets into ${ENV_FILE}, and keep that file out of git. What stands as … is in`,
    "the Behest dashboard:",
    "",
    ...settingsToWrite(options).map(({ name, text }) => indented(`${name}=${text}`)),
    "",
    isBlocked ? "Then, once what is said above has been done by hand:" : "Then:",
    "",
    ...lines.map(indented),
    ...inTheAuthServer(options),
    ...inTheApp(options),
  ].join("\n");
}

/** How the hook is switched on where config.toml does not reach, and what only comes after that. */
function inTheAuthServer(options: InitOptions): string[] {
  if (!options.hook) return [];
  return [
    "",
    "After `supabase db push`, switch the hook on. In a hosted project, in the dashboard: Authentication",
    "> Hooks > Customize Access Token (JWT) Claims, with the Postgres function behest_access_token_hook",
    "of the schema public; or by `supabase config push`, which sets all that config.toml has. Where you",
    "host the Auth server yourself, by its variables:",
    "",
    indented("GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_ENABLED=true"),
    indented(`GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_URI=${HOOK_URI}`),
    "",
    "Where another hook is on there, a third function has to call both: see the documentation. On your",
    "own machine run `supabase migration up` first, then `supabase stop` and `supabase start`: a start",
    "reads config.toml, and applies migrations to a new volume alone.",
    "",
    "At last, when the hook has been on for one jwt_expiry, an hour by default (where you are the only",
    "user: when you have signed in anew):",
    "",
    ...settingsForLater(options).map(({ name, text }) =>
      indented(`supabase secrets set ${name}=${text}`)
    ),
    "",
    "Set earlier, it makes every paying user tier 1: tokens made before the hook was on have no plan.",
  ];
}

/** How the client is used, where it was put into the project. */
function inTheApp({ client }: InitOptions): string[] {
  if (client === undefined) return [];
  const lines = [
    'import OpenAI from "openai"; // npm install openai',
    `import { createBehest } from "./${client.replace(/\.ts$/, "")}"; // from where your file is`,
    "const behest = createBehest(supabase);",
    "const openai = behest.openai(OpenAI);",
  ];
  return [
    "",
    "And in the app, where `supabase` is its supabase-js client:",
    "",
    ...lines.map(indented),
  ];
}

function indented(line: string): string {
  return `  ${line}`;
}

/** How this command was called, to be called again: by npx, which keeps packages in such a folder. */
function self(): string {
  const path = process.argv[1] ?? "";
  return /[\\/]node_modules[\\/]/.test(path) ? "npx behest-token" : `node ${quoted(path)}`;
}

/** One word of a shell's line, whatever is in it. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
