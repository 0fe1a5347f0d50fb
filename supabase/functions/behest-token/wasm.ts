/** Loads the core. The only file that knows how the bytes travel. */
import {
  Core,
  type Environment,
  type Fault,
  faults as readFaults,
  initSync,
} from "../../../pkg/behest_token.js";
import module from "../../../pkg/behest_token_wasm.js";

// As base64 in a script the module comes along whichever way the function is deployed.
initSync({ module: bytes(module) });

/** Every refusal of the contract, by its code. Plain values: they outlive an instance. */
export const faults = readFaults();

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

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  // ES2026; Deno 2.1 has none yet.
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes;
}
