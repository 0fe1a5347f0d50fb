/** The one file, and how to tell a file of ours from one that somebody has changed. */
import { createHash } from "node:crypto";

export const FUNCTION_FOLDER = "supabase/functions/behest-token";
export const FUNCTION = `${FUNCTION_FOLDER}/index.ts`;

const DIGEST = /^\/\/ SHA-256 of this file without this line: ([0-9a-f]{64})\n/m;

/** Whether a file is just what some version of this package wrote: its head has its digest. */
export function isUntouched(text: string): boolean {
  // Git may have made its line ends Windows's.
  const plain = text.replaceAll("\r\n", "\n");
  const digest = DIGEST.exec(plain)?.[1];
  return digest !== undefined && digest === digestOf(plain.replace(DIGEST, ""));
}

/** In hex. */
function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A text for a person to read: of a line that nobody reads, how long it is, and its digest. */
export function readable(text: string): string {
  return text.split("\n").map((line) =>
    line.length <= 500
      ? line
      : `… ${line.length} characters, SHA-256 ${digestOf(line).slice(0, 16)} …`
  ).join("\n");
}
