/** The access token hook in `supabase/config.toml`: there can be one, and it may be another already. */
import type { TomlTable } from "smol-toml";
import { appended, meaning } from "./config_toml.ts";
import { allAt, CONFIG, placesIn, read, table } from "./toml.ts";
import type { Found } from "./upload.ts";

const PATH = ["auth", "hook", "custom_access_token"] as const;

/** How the Auth server is told of a function. */
export const HOOK_URI = "pg-functions://postgres/public/behest_access_token_hook";

/** The name of a hook that calls this one and another. */
const BOTH = "public.access_token_hooks";

const SETTINGS = `enabled = true and uri = "${HOOK_URI}"`;

const BLOCK = [
  `[${PATH.join(".")}]`,
  "# Puts the plan into session tokens, for BEHEST_PLAN_CLAIM=app_metadata.plan. A migration makes the",
  "# function, and has to be applied first: a hook without its function fails every sign-in.",
  "enabled = true",
  `uri = "${HOOK_URI}"`,
];

/**
 * Switches the hook on where there is none.
 *
 * @returns the file with that, which is the file itself where any hook is configured; nothing where
 * it can only be edited by a person
 * @throws {Error} where the file is no TOML
 */
export function withHook(text: string): string | undefined {
  const before = read(text);
  if (allAt(before, ...PATH).length > 0) return text;
  const auth = table(before.auth);
  const custom_access_token = { enabled: true, uri: HOOK_URI };
  const hook = { ...table(auth?.hook), custom_access_token };
  return meaning(appended(text, BLOCK), { ...before, auth: { ...auth, hook } });
}

/** What is to be done by hand where a file cannot be edited. */
export const HOOK_BY_HAND =
  `${CONFIG} configures auth in a form that is not edited here. Set ${SETTINGS} for ` +
  `${PATH.join(".")} in it.`;

/**
 * Hooks that are configured otherwise. Each is a text that says what to do by hand.
 *
 * @param config as the project has it
 * @param callsOurs whether a function, with its schema, calls this hook
 */
export function otherHooksIn(config: TomlTable, callsOurs: (name: string) => boolean): string[] {
  return placesIn(config).flatMap(({ prefix, settings }) =>
    allAt(settings, ...PATH)
      // A remote's is put over the base's, setting by setting.
      .map((block) => faultOf(block, prefix === "" ? ["enabled", "uri"] : [], callsOurs))
      .filter((fault) => fault !== undefined)
      .map((fault) => `${CONFIG}: ${prefix}${PATH.join(".")} ${fault}`)
  );
}

/** `env(…)` may stand for any value, so it counts as another one. */
function faultOf(
  block: unknown,
  needed: readonly string[],
  callsOurs: (name: string) => boolean,
): string | undefined {
  if (!table(block)) return "is no table. Make it one, or take it out.";
  const hasAll = needed.every((name) => allAt(block, name).length > 0);
  const switches = allAt(block, "enabled");
  const isOn = hasAll && switches.every((value) => value === true);
  const other = allAt(block, "uri").find((uri) => uri !== HOOK_URI);
  const name = functionAt(other);
  if (name !== undefined && callsOurs(name)) {
    return isOn ? undefined : "calls this hook, and is not said to be on. Set enabled = true.";
  }
  const mayBeOn = isOn || switches.some((value) => value !== false);
  if (other !== undefined && mayBeOn) return inPlaceOf(name);
  if (isOn) return undefined;
  return `does not switch this hook on, and was left as it is. Set ${SETTINGS}.`;
}

/** The function that a hook's URI names, where its name needs no quotes. */
function functionAt(uri: unknown): string | undefined {
  const path = /^pg-functions:\/\/postgres\/([a-z_][a-z0-9_]*)\/([a-z_][a-z0-9_]*)$/;
  const [, schema, name] = path.exec(String(uri)) ?? [];
  return schema === undefined ? undefined : `${schema}.${name}`;
}

function inPlaceOf(name: string | undefined): string {
  const only = "is another hook of yours, and was left as it is. The Auth server calls one alone";
  if (name === undefined) {
    return `${only}: put the plan into app_metadata.plan there, too, or leave BEHEST_PLAN_CLAIM unset.`;
  }
  if (name === BOTH) {
    return `${only}: let ${BOTH} call public.behest_access_token_hook, too.`;
  }
  return [
    `${only}: let a third one call both. Add a migration with`,
    "",
    ...bothHooks(name).split("\n").map((line) => `  ${line}`),
    "",
    `and set uri = "pg-functions://postgres/${BOTH.replace(".", "/")}".`,
  ].join("\n");
}

/** A hook that calls this one and another, which sees the plan and may leave it out. */
export function bothHooks(other: string): string {
  return `\
create function ${BOTH}(event jsonb) returns jsonb
language sql as $$ select ${other}(public.behest_access_token_hook(event)) $$;
revoke execute on function ${BOTH}(jsonb)
  from public, anon, authenticated, service_role;
grant execute on function ${BOTH}(jsonb) to supabase_auth_admin;`;
}

/** Where the hook reads plans, as the settings say it of the function. */
const READ: Readonly<Record<string, string>> = {
  BEHEST_PLAN_TABLE: "profiles",
  BEHEST_PLAN_COLUMN: "plan",
  BEHEST_PLAN_USER_COLUMN: "id",
};

/** What is to be done by hand where plans are elsewhere than the hook looks. */
export function otherPlansIn(settings: readonly Found[]): string[] {
  const names = settings
    .filter(({ name, value }) => Object.hasOwn(READ, name) && value !== READ[name])
    .map(({ name }) => name);
  if (names.length === 0) return [];
  const named = [...new Set(names)].join(", ");
  return [
    `The hook reads public.profiles.plan by id, and by ${named} plans are elsewhere. See that its ` +
    "migration reads them there before it is applied.",
  ];
}
