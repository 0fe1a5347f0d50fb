/** Serves the demo page. */

import { bundleScript } from "./bundle.ts";
import type { Page } from "./front.ts";
import { MODEL } from "../gateway/chat.ts";
import type { PageSettings } from "../page/settings.ts";

/** What the page has to know of the stack. */
export type PageOptions =
  & Omit<PageSettings, "model" | "plans" | "ways">
  & Partial<Pick<PageSettings, "plans" | "ways">>;

let bundle: Promise<string> | undefined;

/** Nothing is bundled until the page is asked for; the other files are read each time. */
export function makePage(
  { plans = [], ways = [], ...options }: PageOptions,
): Page {
  const settings: PageSettings = { ...options, plans, ways, model: MODEL };
  const { url, gatewayUrl } = options;
  const headers = {
    "Cache-Control": "no-store",
    // Proves that the page needs nothing but this stack.
    "Content-Security-Policy": [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src data:",
      `connect-src 'self' ${url} ${url.replace(/^http/, "ws")} ${gatewayUrl}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join("; "),
    "X-Content-Type-Options": "nosniff",
  };
  const css = "text/css; charset=utf-8";
  const files: Record<string, [type: string, content: () => Promise<string>]> = {
    "/": ["text/html; charset=utf-8", () => readHtml(settings)],
    "/page.css": [css, () => read("page.css")],
    "/steps.css": [css, () => read("steps.css")],
    "/details.css": [css, () => read("details.css")],
    "/trials.css": [css, () => read("trials.css")],
    "/page.js": ["text/javascript; charset=utf-8", readScript],
  };
  return async (request) => {
    const file = files[new URL(request.url).pathname];
    if (!file || request.method !== "GET") return undefined;
    const [type, content] = file;
    try {
      return new Response(await content(), { headers: { ...headers, "Content-Type": type } });
    } catch (error) {
      return new Response((error as Error).message, { status: 500, headers });
    }
  };
}

/** Waits for the script, so that a bundle that fails is read instead of a dead page. */
async function readHtml(settings: PageSettings): Promise<string> {
  await readScript();
  // Inside a script element only `<` could end it early.
  const json = JSON.stringify(settings).replaceAll("<", "\\u003c");
  return (await read("page.html")).replace('"SETTINGS"', () => json);
}

function read(name: string): Promise<string> {
  return Deno.readTextFile(new URL(`../page/${name}`, import.meta.url));
}

/** Once for the whole process; a failure is tried again. */
function readScript(): Promise<string> {
  bundle ??= bundleScript("dev/page/app.ts").catch((error) => {
    bundle = undefined;
    throw error;
  });
  return bundle;
}
