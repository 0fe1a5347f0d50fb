/**
 * The official Behest SDK for Python, called from TypeScript: the oracle of what
 * a Behest token is. It is installed once, in an environment of its own under
 * `.cache/`; without Python every call fails, and so does the test that made it.
 */

import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";

const CACHE = path("../../.cache/");
const REQUIREMENTS = path("requirements.txt");
const SCRIPT = path("sdk.py");

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

/** An error of the SDK, with what it knows of the answer. */
export class SdkError extends Error {
  constructor(
    /** The SDK's class, as `BehestAuthError`. */
    readonly type: string,
    readonly status: number | null,
    readonly code: string | null,
    readonly traceId: string | null,
    /** seconds */
    readonly retryAfter: number | null,
  ) {
    super(`${type}: ${status} ${code}`);
  }
}

/** What the SDK's `auth.mint` answers, in its own words. */
export interface SdkMint {
  token: string;
  session_id: string;
  /** seconds */
  ttl: number;
  /** Unix seconds */
  expires_at: number;
}

/** The inputs of local signing. */
export interface SdkSignInput {
  /** A PEM, or `behest_pk_` with a PEM or the base64 of one. */
  key: string;
  kid: string;
  tenantId: string;
  projectId: string;
  userId: string;
  sessionId?: string;
  tier?: number;
  /** seconds */
  ttl?: number;
}

/** Signs a Behest token locally. @throws {SdkError} */
export function sdkSign(input: SdkSignInput): Promise<SdkMint> {
  return callSdk("mint", {
    key: `behest_pk_${toPem(input.key)}`,
    kid: input.kid,
    tenant_id: input.tenantId,
    project_id: input.projectId,
  }, {
    user_id: input.userId,
    session_id: input.sessionId,
    tier: input.tier,
    ttl: input.ttl,
  });
}

/**
 * Calls the SDK once, in a process that sees nothing of this environment.
 * @param behest arguments of `Behest(…)`
 * @param args arguments of the call; undefined leaves one out
 * @throws {SdkError} what the SDK raises
 */
export async function callSdk<T>(
  call: "mint" | "chat",
  behest: Record<string, unknown>,
  args: Record<string, unknown>,
): Promise<T> {
  const output = await run(await findPython(), [SCRIPT], {
    clearEnv: true,
    input: JSON.stringify({ call, behest, arguments: args }),
  });
  const { value, error } = JSON.parse(output);
  if (error) {
    const { type, status, code, trace_id, retry_after } = error;
    throw new SdkError(type, status, code, trace_id, retry_after);
  }
  return value;
}

/** The SDK takes what follows `behest_pk_` as the PEM itself. */
function toPem(key: string): string {
  const rest = key.replace(/^behest_pk_/, "");
  return rest.includes("BEGIN") ? rest : atob(rest);
}

let python: Promise<string> | undefined;

/** Path of the interpreter that has the SDK; installs it where it is missing. */
function findPython(): Promise<string> {
  return python ??= install();
}

async function install(): Promise<string> {
  const requirements = await Deno.readFile(REQUIREMENTS);
  const digest = createHash("sha256").update(requirements).digest("hex");
  const folder = `${CACHE}sdk-${digest.slice(0, 12)}`;
  await Deno.mkdir(folder, { recursive: true });
  // Test files may run at once; the first one installs, the others wait.
  using lock = await Deno.open(`${folder}/lock`, { write: true, create: true });
  await lock.lock(true);
  const ready = `${folder}/ready`;
  const venv = `${folder}/venv`;
  if (!await Deno.stat(ready).catch(() => null)) {
    await run("python3", ["-m", "venv", "--clear", venv]);
    await run(`${venv}/bin/pip`, [
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--require-hashes",
      "--requirement",
      REQUIREMENTS,
    ]);
    await Deno.writeTextFile(ready, "");
  }
  return `${venv}/bin/python`;
}

/** @throws {Error} where it cannot be run, or ends with another code than 0 */
async function run(
  command: string,
  args: string[],
  { input = "", clearEnv = false } = {},
): Promise<string> {
  const what = `${command} ${args.slice(0, 2).join(" ")}`;
  const hint = "The SDK tests need Python 3.10 or later with venv and pip.";
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(command, {
      args,
      clearEnv,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    throw new Error(`${what} cannot be run. ${hint}`, { cause: error });
  }
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  if (!success) {
    throw new Error(`${what} failed. ${hint}\n${text.decode(stderr)}`);
  }
  return text.decode(stdout);
}
