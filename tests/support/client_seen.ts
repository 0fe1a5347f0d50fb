/** All that can be seen of something, by whatever means a page has. */

/** Nothing for what goes round in circles, as the SDK's client does. */
function jsonOf(thing: unknown): string {
  try {
    return JSON.stringify({ thing });
  } catch {
    return "";
  }
}

export function seen(thing: unknown): string {
  const deep = Deno.inspect(thing, { depth: 30, showHidden: true, iterableLimit: 1000 });
  const own = thing instanceof Error ? Deno.inspect(Object.getOwnPropertyDescriptors(thing)) : "";
  return [deep, own, String(thing), jsonOf(thing)].join("\n");
}
