/**
 * The official Behest SDK for Python, called from TypeScript: the oracle of what
 * a Behest token is. It is installed once, in an environment of its own under
 * `.cache/`; without Python every call fails, and so does the test that made it.
 */

import { fileURLToPath } from "node:url";
import { programsOf, run } from "../support/python.ts";

const REQUIREMENTS = new URL("requirements.txt", import.meta.url);
const SCRIPT = fileURLToPath(new URL("sdk.py", import.meta.url));

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
  const { stdout } = await run(await findPython(), [SCRIPT], {
    clearEnv: true,
    input: JSON.stringify({ call, behest, arguments: args }),
  });
  const { value, error } = JSON.parse(stdout);
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

let programs: Promise<string> | undefined;

/** Path of the interpreter that has the SDK; installs it where it is missing. */
async function findPython(): Promise<string> {
  return `${await (programs ??= programsOf("sdk", REQUIREMENTS))}/python`;
}
