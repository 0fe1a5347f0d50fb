/** What the user wants examined. */
import { parseArgs } from "node:util";
import { UsageError } from "../terminal.ts";
import { type Issuer, issuerOf } from "./issuer.ts";
import { isTier, TIERS, type Tiers } from "./tiers.ts";
import { isSafe } from "./url.ts";

export const DOCTOR_HELP = `Examines a deployed behest-token, and says what to do where it is ill.

  npx behest-token doctor --url https://ref.supabase.co --origin https://my.app
        [--function behest-token] [--publishable-key sb_publishable_...]
        [--email E --password P | --token SESSION_TOKEN] [--json]
  npx behest-token doctor --direct --url https://ref.supabase.co --origin https://my.app
        [--gateway https://slug.behest.app] ...

  --url              the Supabase project
  --origin           the page that asks for tokens, as its browser names it
  --function         the function's name; by default behest-token
  --publishable-key  the project's publishable (or anon) key; needed with --email
  --email, --password
                     a user to sign in as; this begins a session of that user
  --token            or the access token of a session
  --direct           no function: examines whether Behest can take the sessions themselves, and prints
                     what it wants to know of this project
  --gateway          Behest's address, with --direct; by default BEHEST_BASE_URL of the environment
  --json             prints one JSON document instead of the table

A password or token on the command line stays in the shell's history. Give it in the environment
instead: SUPABASE_PASSWORD (with --email), SUPABASE_TOKEN, SUPABASE_PUBLISHABLE_KEY.

Where the function reads the plan elsewhere than in profiles.plan by id, give it in the environment,
as the function has it: BEHEST_PLAN_TABLE, BEHEST_PLAN_COLUMN, BEHEST_PLAN_USER_COLUMN; so also
BEHEST_PLAN_CLAIM and BEHEST_PLAN_TIERS.

Where a third party signs the sessions (Clerk, Auth0 and others), give that in the environment, too:
JWT_JWKS_URL, JWT_ISSUER, JWT_AUDIENCE; and a session with --token.

Without a user, what needs a token is skipped. With one, one Behest token is minted and shown to the
gateway, and an update of the plan is tried that can meet no row. No chat is sent, so no model is paid
for. With --direct the session itself is shown to the gateway, and to nobody but it and Supabase.
Nothing that is printed holds a secret.

Exit code: 0 all that could be checked is well; 1 something is wrong; 2 it cannot run.`;

/** Who asks for the token. */
export type Login =
  | { readonly email: string; readonly password: string }
  | { readonly token: string };

/** Where the plan is, as the function reads it. */
export interface PlanPlace {
  readonly table: string;
  readonly column: string;
  readonly userColumn: string;
  /** Nobody has said so. */
  readonly isDefault: boolean;
  /** Where in the session it is, if the function reads it there: a dotted path. */
  readonly claim?: string;
  readonly tiers: Tiers;
}

/** What the user wants, checked. */
export interface DoctorOptions {
  /** The Supabase project, without a slash at its end. */
  readonly url: string;
  readonly functionName: string;
  readonly functionUrl: string;
  readonly origin: string;
  /** What was given was longer than an origin. */
  readonly originWasCut: boolean;
  readonly publishableKey?: string;
  readonly login?: Login;
  readonly plan: PlanPlace;
  /** Who signs the sessions. */
  readonly issuer: Issuer;
  /** Behest trusts this issuer, and there is no function. */
  readonly direct: boolean;
  /** With that, where Behest is: an origin. */
  readonly gateway?: string;
  readonly json: boolean;
}

const OPTIONS = {
  url: { type: "string" },
  origin: { type: "string" },
  function: { type: "string", default: "behest-token" },
  "publishable-key": { type: "string" },
  email: { type: "string" },
  password: { type: "string" },
  token: { type: "string" },
  direct: { type: "boolean", default: false },
  gateway: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/**
 * Reads the command line and the environment. No value is ever repeated in an error: it may be a
 * secret in the wrong place.
 *
 * @throws {UsageError}
 */
export function readOptions(
  args: string[],
  env: Readonly<Record<string, string | undefined>>,
): DoctorOptions {
  const values = parse(args);
  const base = urlOf(values.url, "--url", "https://ref.supabase.co");
  const page = pageOf(values.origin);
  const functionName = values.function;
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(functionName)) {
    throw new UsageError("--function is a name such as behest-token.");
  }
  if (base.search !== "" || base.hash !== "" || base.pathname.includes("/functions/")) {
    throw new UsageError("--url is the project's URL alone, such as https://ref.supabase.co.");
  }
  const url = base.origin + base.pathname.replace(/\/+$/, "");
  const publishableKey = values["publishable-key"] || env.SUPABASE_PUBLISHABLE_KEY || undefined;
  const login = loginOf(values, env);
  if (login && "email" in login && publishableKey === undefined) {
    throw new UsageError("Signing in needs --publishable-key (see the project's API settings).");
  }
  if (login && !isSafe(base)) {
    throw new UsageError("A password or token is sent over https alone, or to this machine.");
  }
  const issuer = issuerOf(url, env);
  if (issuer.isThirdParty && login && "email" in login) {
    throw new UsageError("Where a third party signs the sessions, give one with --token.");
  }
  const { direct } = values;
  if (!direct && values.gateway !== undefined) {
    throw new UsageError("--gateway is for --direct: a function names its gateway itself.");
  }
  return {
    url,
    functionName,
    functionUrl: `${url}/functions/v1/${functionName}`,
    ...page,
    publishableKey,
    login,
    plan: planOf(env),
    issuer,
    direct,
    gateway: direct ? gatewayOf(values.gateway ?? env.BEHEST_BASE_URL) : undefined,
    json: values.json,
  };
}

/** @throws {UsageError} */
function gatewayOf(value: string | undefined): string | undefined {
  if (!value) return undefined;
  const url = urlOf(value, "--gateway", "https://slug.behest.app");
  if (!isSafe(url) || ![url.origin, `${url.origin}/`].includes(value)) {
    throw new UsageError(
      "--gateway is https and an origin alone, such as https://slug.behest.app.",
    );
  }
  return url.origin;
}

/** @throws {UsageError} */
function planOf(env: Readonly<Record<string, string | undefined>>): PlanPlace {
  const named = (name: string, fallback: string) => {
    const value = env[name] || fallback;
    if (/^\w+$/.test(value)) return value;
    throw new UsageError(`${name} is a name of letters, digits and _.`);
  };
  const table = named("BEHEST_PLAN_TABLE", "profiles");
  const column = named("BEHEST_PLAN_COLUMN", "plan");
  const userColumn = named("BEHEST_PLAN_USER_COLUMN", "id");
  const isDefault = table === "profiles" && column === "plan" && userColumn === "id";
  const claim = env.BEHEST_PLAN_CLAIM || undefined;
  if (claim !== undefined && !/^app_metadata(\.[^.\s]+)+$/.test(claim)) {
    throw new UsageError("BEHEST_PLAN_CLAIM is a path such as app_metadata.plan.");
  }
  return { table, column, userColumn, isDefault, claim, tiers: tiersOf(env.BEHEST_PLAN_TIERS) };
}

/** @throws {UsageError} */
function tiersOf(text: string | undefined): Tiers {
  if (!text) return TIERS;
  try {
    const tiers = JSON.parse(text);
    const isObject = typeof tiers === "object" && tiers !== null && !Array.isArray(tiers);
    if (isObject && Object.values(tiers).every(isTier)) return tiers;
  } catch {
    // No JSON.
  }
  throw new UsageError('BEHEST_PLAN_TIERS is a JSON object such as {"free":1,"pro":2}.');
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS }).values;
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    const name = /'(--[a-z][a-z-]*)/.exec(String(message))?.[1];
    if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
      throw new UsageError(`${name ?? "One option"} is not known. Try --help.`);
    }
    if (code === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL") {
      throw new UsageError("Every value needs its option before it. Try --help.");
    }
    throw new UsageError(
      "An option lacks its value. One that begins with a dash is written --option=value.",
    );
  }
}

/** @throws {UsageError} */
function urlOf(value: string | undefined, option: string, example: string): URL {
  if (value === undefined) throw new UsageError(`${option} is needed, such as ${example}.`);
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new UsageError(`${option} is no URL such as ${example}.`);
  }
  return url;
}

/** An app of its own scheme has an origin, too, which is no URL to the platform. */
const APP_ORIGIN = /^(?!https?:)[a-z][a-z0-9+.-]*:\/\/[a-z0-9_.-]+(?::\d{1,5})?$/;

/** @throws {UsageError} */
function pageOf(value: string | undefined): { origin: string; originWasCut: boolean } {
  const plain = value?.toLowerCase().replace(/\/$/, "") ?? "";
  if (APP_ORIGIN.test(plain)) return { origin: plain, originWasCut: false };
  const { origin, pathname, search, hash } = urlOf(value, "--origin", "https://my.app");
  return { origin, originWasCut: pathname !== "/" || search !== "" || hash !== "" };
}

/** What is on the command line outranks the environment. */
function loginOf(
  { email, password, token }: { email?: string; password?: string; token?: string },
  env: Readonly<Record<string, string | undefined>>,
): Login | undefined {
  if (token !== undefined && (email !== undefined || password !== undefined)) {
    throw new UsageError("Give --token, or --email and --password, not both.");
  }
  if (token === "" || email === "") throw new UsageError("An empty option is no login.");
  if (email !== undefined) {
    const secret = password || env.SUPABASE_PASSWORD;
    if (!secret) throw new UsageError("--email needs --password or SUPABASE_PASSWORD.");
    return { email, password: secret };
  }
  if (password !== undefined) throw new UsageError("--password needs --email.");
  const session = token ?? env.SUPABASE_TOKEN;
  return session ? { token: session.trim() } : undefined;
}
