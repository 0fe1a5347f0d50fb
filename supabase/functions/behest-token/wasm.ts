/** Loads the core. The only file that knows how the bytes travel. */
import { Core, type Environment, type Fault, fault, initSync } from "../../../pkg/behest_token.js";
import module from "../../../pkg/behest_token_wasm.js";

// As base64 in a script the module comes along whichever way the function is deployed.
initSync({ module: await bytes(module) });

export { fault };

/** At hand even in the moment in which an instance has broken off and no other serves yet. */
export const INTERNAL = fault("internal");

/** Whether a caught value is a refusal of the core's or of `fault`. */
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

async function bytes(base64: string): Promise<Uint8Array<ArrayBuffer>> {
  // ES2026; Deno 2.1 has none yet, and its Buffer at hand, which newer ones have to load.
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const { Buffer } = await import("node:buffer");
  return Buffer.from(base64, "base64");
}
