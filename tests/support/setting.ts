/** A setting as the contract lists it, and what shows that it is heard. */
import { payloadOf, random } from "./keys.ts";
import type { Answer, Routes, Sent, Settings, World } from "./world.ts";

/** One variable. */
export interface Setting {
  readonly name: string;
  /** The deployment in which it is looked at. */
  readonly around?: Settings;
  readonly routes?: Routes;
  readonly sent?: Sent;
  /** What shows its value. */
  readonly see: (answer: Answer, world: World) => unknown;
  /** What is seen where it is not set; `misconfigured` where it is required. */
  readonly unset: unknown;
  /** Values, and what is seen of each. */
  readonly good: readonly (readonly [value: string, seen: unknown])[];
  /** Values that are misconfigured. */
  readonly bad: readonly string[];
}

/** Text unlike any word of a message, so that it is seen wherever it comes out. */
export const mark = () => `zq${random(9)}`;

/** The answer's code. */
export const codeOf: Setting["see"] = ({ code }) => code;

/** The claims of the minted token. */
export const claimsOf = ({ body }: Answer) => payloadOf(body.token);
