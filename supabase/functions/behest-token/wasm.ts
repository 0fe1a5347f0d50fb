/** Loads the core. The only file that knows how the bytes travel. */
import { Core, type Environment, type Fault, fault, initSync } from "../../../pkg/behest_token.js";
import module from "../../../pkg/behest_token_wasm.js";

// As base64 in a script the module comes along whichever way the function is deployed.
initSync({ module: bytes(module) });

/**
 * The refusals that are the shim's to tell. Plain values, made once: they are at hand even in the
 * moment in which an instance has broken off and no other serves yet.
 */
export const faults = {
  internal: fault("internal"),
  origin_forbidden: fault("origin_forbidden"),
  method_not_allowed: fault("method_not_allowed"),
  invalid_request: fault("invalid_request"),
  request_too_large: fault("request_too_large"),
  auth_timeout: fault("auth_timeout"),
};

/** Whether a caught value is a refusal of the core's or of `faults`. */
export function isFault(value: unknown): value is Fault {
  return typeof value === "object" && value !== null && "code" in value && "status" in value &&
    !(value instanceof Error);
}

/**
 * Reads the settings and imports the keys. Rejects where the platform has no SubtleCrypto.
 *
 * A trap in any core throws the instance of all away, then and there: what it left half done must
 * not serve a second request. Every handle into it is refused from then on with an `Error`, so each
 * core must be opened anew.
 */
export async function openCore(env: Environment): Promise<Core> {
  return await Core.open(env);
}

/** What Node and Deno have of their own, as far as it is of use here; another runtime may have none. */
interface Process {
  getBuiltinModule?(name: string): {
    readonly Buffer: { from(text: string, encoding: "base64"): Uint8Array<ArrayBuffer> };
  };
}

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  // ES2026; Deno 2.1 has none yet, and its Buffer at hand, which newer ones would have to load.
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const { process } = globalThis as { process?: Process };
  const buffer = process?.getBuiltinModule?.("node:buffer");
  if (buffer) return buffer.Buffer.from(base64, "base64");
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes;
}
