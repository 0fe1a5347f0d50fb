/** What docs/billing.md says, as far as it can be done. */
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import type Stripe from "stripe";
import { sections } from "./recipe_page.ts";

/** The page. */
export const BILLING = await Deno.readTextFile(new URL("../../docs/billing.md", import.meta.url));

/** A section's text. */
export function section(title: string): string {
  const text = sections(BILLING).get(title);
  assert.ok(text !== undefined, `docs/billing.md has no section ${title}`);
  return text;
}

/** The rows of a section's table, without its head. */
export function rows(title: string): string[][] {
  const lines = section(title).split("\n").filter((line) => line.startsWith("|")).slice(2);
  return lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/** The first block of a language in a section. */
export function block(title: string, language: string): string {
  const found = new RegExp(`^( *)\`\`\`${language}\n([^]*?)^ *\`\`\``, "m").exec(section(title));
  assert.ok(found, `${title} has no block of ${language}`);
  return found[2].replaceAll(new RegExp(`^${found[1]}`, "gm"), "");
}

/** What the lines on Checkout export. */
export interface Checkout {
  checkoutUrl(
    stripe: Stripe,
    user: { id: string; email?: string },
    price: string,
    returnTo: string,
  ): Promise<string | null>;
}

/**
 * Checks a text as Deno does with a file that is alone in its folder.
 * @throws {Error} with Deno's words
 */
export async function checkAlone<T>(text: string, use?: (url: string) => Promise<T>) {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/alone.ts`;
    await Deno.writeTextFile(path, text);
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--no-config", "--no-lock", path],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return await use?.(pathToFileURL(path).href);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The lines on Checkout, checked and loaded. */
export async function loadCheckout(): Promise<Checkout> {
  const text = block("Whose subscription it is", "ts");
  return (await checkAlone<Checkout>(text, (url) => import(url)))!;
}

/** Each status of a subscription, and whether it keeps its plan. */
export function statusTable(): [status: string, kept: boolean][] {
  return rows("Which status keeps the plan").map(([status, plan]) => {
    assert.ok(["its plan", "`free`"].includes(plan), plan);
    return [status.replaceAll("`", ""), plan === "its plan"];
  });
}

/** The settings that the page names, those that Supabase gives among them. */
export function settingNames(): string[] {
  const text = section("Put it there");
  const names = new Set(text.match(/\b(?:STRIPE|SUPABASE)(?:_[A-Z]+)+\b/g));
  // The name that it had before; either will do.
  assert.ok(names.delete("SUPABASE_SERVICE_ROLE_KEY"));
  return [...names];
}
