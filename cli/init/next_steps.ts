/** What is left to do after `init`, as lines to paste. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import type { InitOptions } from "./options.ts";

/** Where the secrets are written down, to be sent from: not into the shell's history. */
const ENV_FILE = "supabase/functions/.env";

/** The lines, with what to put into the file of secrets. */
export function nextSteps(options: InitOptions): string {
  const { mode, baseUrl, origins, migration } = options;
  const folder = resolve(options.folder);
  const isLinked = existsSync(join(folder, "supabase/.temp/project-ref"));
  const page = origins.find((origin) => !origin.includes("*")) ?? "https://my.app";
  const secrets = mode === "api-key" ? ["BEHEST_KEY=behest_sk_live_…"] : [
    "BEHEST_KEY=…           the private key in one line: base64 < key.pem | tr -d '\\n'",
    "BEHEST_KID=…",
    "BEHEST_TENANT_ID=…",
    "BEHEST_PROJECT_ID=…",
  ];
  const lines = [
    ...(folder === process.cwd() ? [] : [`cd ${quoted(folder)}`]),
    ...(isLinked ? [] : ["supabase link --project-ref YOUR-REF"]),
    `supabase secrets set --env-file ${ENV_FILE}`,
    ...(migration ? ["supabase db push"] : []),
    "supabase functions deploy behest-token --use-api",
    `${self()} doctor --url https://YOUR-REF.supabase.co --origin ${page}`,
  ];
  return [
    "",
    `Next, write the secrets into ${ENV_FILE}, and keep that file out of git. What stands as … is in`,
    "the Behest dashboard:",
    "",
    ...[...secrets, `BEHEST_BASE_URL=${baseUrl}`, `CORS_ORIGIN=${origins.join(",")}`].map(indented),
    "",
    "Then:",
    "",
    ...lines.map(indented),
  ].join("\n");
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
