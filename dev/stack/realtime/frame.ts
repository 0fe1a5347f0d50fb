/** Frames of protocol 2.0.0, which is Phoenix's: `[join_ref, ref, topic, event, payload]`. */

/** One message, in either direction. */
export interface Frame {
  /** Names the join that the message belongs to. */
  joinRef: string | null;
  /** Names the message, where an answer is wanted. */
  ref: string | null;
  topic: string;
  event: string;
  payload: Record<string, unknown>;
}

/** Longest topic or event, in characters, as in Realtime's binary frames. */
const NAME_LENGTH = 255;

/** @returns nothing, where the text is no frame */
export function parseFrame(text: string): Frame | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || parts.length !== 5) return undefined;
  const [joinRef, ref, topic, event, payload] = parts;
  const sound = isRef(joinRef) && isRef(ref) && isName(topic) && isName(event) && isObject(payload);
  return sound ? { joinRef, ref, topic, event, payload } : undefined;
}

export function formatFrame({ joinRef, ref, topic, event, payload }: Frame): string {
  return JSON.stringify([joinRef, ref, topic, event, payload]);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isRef(value: unknown): value is string | null {
  return value === null || isName(value);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length <= NAME_LENGTH;
}
