/** What docs/clients.md has: sections, each with files to make and a line on what CI does. */
import assert from "node:assert/strict";

/** The page. */
export const CLIENTS = await Deno.readTextFile(new URL("../../docs/clients.md", import.meta.url));

/** Texts by the path of their file. */
export type Texts = Record<string, string>;

/** A file as the page shows it: its path alone on a line, then its text. */
const FILE = /^`([^`\n]+)`:\n\n```(\w+)\n([^]*?)^```$/gm;

/**
 * @param markdown a page
 * @returns its sections by their title, without what stands before the first one
 */
export function sections(markdown: string): Map<string, string> {
  const [, ...texts] = markdown.split(/^## /m);
  return new Map(texts.map((text) => {
    const end = text.indexOf("\n");
    return [text.slice(0, end), text.slice(end + 1)];
  }));
}

/** The files of some sections, by their paths. */
export function filesOf(...titles: string[]): Texts {
  const files: Texts = {};
  for (const title of titles) {
    const section = sections(CLIENTS).get(title);
    assert.ok(section !== undefined, `docs/clients.md has no section ${title}`);
    const found = [...section.matchAll(FILE)];
    assert.ok(found.length > 0, `${title} has no files`);
    for (const [, path, , text] of found) files[path] = text;
  }
  return files;
}

/** What Lovable is asked to write under a number: the lines that stand further in. */
export function lovableText(number: string): string {
  const [, text] = /^```text\n([^]*?)^```$/m.exec(sections(CLIENTS).get("Lovable") ?? "") ?? [];
  const [, item] = new RegExp(`^${number}\\. ([^]*?)^(?:\\d\\. |\n)`, "m").exec(text ?? "") ?? [];
  assert.ok(item, `Lovable is told no ${number}`);
  // What comes before is a sentence, which ends with a colon.
  return item.slice(item.indexOf(":\n") + 2).replaceAll(/^ {3}/gm, "");
}
