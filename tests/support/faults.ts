/** Every refusal of the contract's error table, by its code. */
import { type Fault, fault, type FaultCode } from "../../pkg/behest_token.js";
// Loads the module.
import "../../supabase/functions/behest-token/wasm.ts";

const surface = await Deno.readTextFile(new URL("../../src/surface.d.ts", import.meta.url));

/** The codes in the table's order, as the surface has them; a test of the core holds them to its own. */
const CODES = [
  ...(/export type FaultCode =([^;]*);/.exec(surface)?.[1] ?? "").matchAll(/"(\w+)"/g),
].map(([, code]) => code as FaultCode);

export const faults = Object.fromEntries(CODES.map((code) => [code, fault(code)])) as Record<
  FaultCode,
  Fault
>;
