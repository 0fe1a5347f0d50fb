/** JSON that a server sent, read without trust. */

/** An object's member. */
export function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

/** The same, where it is text. */
export function textOf(value: unknown, name: string): string | undefined {
  const found = member(value, name);
  return typeof found === "string" ? found : undefined;
}

/** The same, where it is a whole number. */
export function wholeOf(value: unknown, name: string): number | undefined {
  const found = member(value, name);
  return Number.isSafeInteger(found) && (found as number) >= 0 ? found as number : undefined;
}
