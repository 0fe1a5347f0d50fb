/** Serves the demo page. Its script is bundled here: nothing comes from elsewhere. */

import type { Page } from "./front.ts";
import { MODEL } from "../gateway/chat.ts";
import type { PageSettings } from "../page/settings.ts";

/** What the page has to know of the stack. */
export type PageOptions = Omit<PageSettings, "model">;

let bundle: Promise<string> | undefined;

/** Nothing is bundled until the page is asked for; the other files are read each time. */
export function makePage({ url, publishableKey, gatewayUrl, users }: PageOptions): Page {
  const settings: PageSettings = { url, publishableKey, gatewayUrl, users, model: MODEL };
  const headers = {
    "Cache-Control": "no-store",
    // Proves that the page needs nothing but this stack.
    "Content-Security-Policy": [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src data:",
      `connect-src ${url} ${gatewayUrl}`,
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
    "/page.js": ["text/javascript; charset=utf-8", bundleScript],
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
  await bundleScript();
  // Inside a script element only `<` could end it early.
  const json = JSON.stringify(settings).replaceAll("<", "\\u003c");
  return (await read("page.html")).replace('"SETTINGS"', () => json);
}

function read(name: string): Promise<string> {
  return Deno.readTextFile(new URL(`../page/${name}`, import.meta.url));
}

/** Once for the whole process; a failure is tried again. */
function bundleScript(): Promise<string> {
  bundle ??= runBundler().catch((error) => {
    bundle = undefined;
    throw error;
  });
  return bundle;
}

/** @throws {Error} with the bundler's words */
async function runBundler(): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", "--minify", "dev/page/app.ts"],
    cwd: new URL("../..", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`deno bundle failed:\n${text.decode(stderr)}`);
  return text.decode(stdout);
}
