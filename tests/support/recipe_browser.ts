/** A recipe's page in Chromium, on an origin of its own, which the function and Behest let in. */
import { extname } from "node:path";
import { createClient, type Session } from "@supabase/supabase-js";
import type { Browser, Page } from "playwright-core";
import { type Gateway, startGateway } from "../../dev/gateway/gateway.ts";
import { type Stack, startStack } from "../../dev/stack/stack.ts";
import { startChromium } from "../chromium.ts";

/** How long a page may take for one step, in ms, beside builds that take every core. */
const PATIENCE = 30_000;

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
};

/** Answers what a page asks of its own origin. */
export type Serve = (request: Request) => Promise<Response>;

/** A browser, a stack, and an origin for pages. */
export interface Stage {
  readonly stack: Stack;
  readonly gateway: Gateway;
  readonly origin: string;
  /** Opens a page; `session` is of who is signed in by then, as supabase-js keeps it. */
  open(serve: Serve, session?: Session): Promise<Page>;
}

/** Lends a stage to a test. */
export async function onStage(work: (stage: Stage) => Promise<void>): Promise<void> {
  await using stack = new AsyncDisposableStack();
  let serve: Serve = () => Promise.resolve(new Response(null, { status: 404 }));
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => serve(request),
  );
  stack.defer(() => server.shutdown());
  const origin = `http://localhost:${server.addr.port}`;
  const gateway = stack.adopt(await startGateway({ origins: [origin] }), (it) => it.stop());
  const env = {
    CORS_ORIGIN: origin,
    BEHEST_BASE_URL: gateway.url,
    BEHEST_KEY: gateway.credentials.apiKey,
  };
  const started = await startStack({ port: 0, gatewayPort: 0, quiet: true, env });
  stack.defer(() => started.stop());
  const browser = stack.adopt(await startChromium(), (it) => it.close());
  await work({
    stack: started,
    gateway,
    origin,
    open(from, session) {
      serve = from;
      return openPage(browser, origin, started, session);
    },
  });
}

/** What each page's console had, to be told where a test fails. */
const printed = new WeakMap<Page, string[]>();

async function openPage(
  browser: Browser,
  origin: string,
  stack: Stack,
  session: Session | undefined,
): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  const lines: string[] = [];
  printed.set(page, lines);
  page.on("console", (message) => lines.push(message.text()));
  page.on("pageerror", (error) => lines.push(String(error)));
  if (session) {
    const name = `sb-${new URL(stack.url).hostname.split(".")[0]}-auth-token`;
    const [key, value] = [name, JSON.stringify(session)].map((text) => JSON.stringify(text));
    await page.addInitScript(`localStorage.setItem(${key}, ${value})`);
  }
  await page.goto(origin);
  return page;
}

/** Signs a seeded user in, outside of the page. */
export async function signIn(stack: Stack, plan: string): Promise<Session> {
  const { email, password } = stack.users.find((user) => user.plan === plan)!;
  const options = { auth: { persistSession: false, autoRefreshToken: false } };
  const client = createClient(stack.url, stack.publishableKey, options);
  const { data, error } = await client.auth.signInWithPassword({ email, password });
  if (error) throw error;
  return data.session;
}

/** Serves files, by what a path begins with; the page itself is `index.html`. */
export function serveFiles(places: Record<string, string>): Serve {
  return async ({ url }) => {
    const { pathname } = new URL(url);
    const path = pathname === "/" ? "/index.html" : pathname;
    const prefix = Object.keys(places).find((prefix) => path.startsWith(prefix));
    const file = prefix && places[prefix] + path.slice(prefix.length);
    const body = file && await Deno.readFile(file).catch(() => undefined);
    if (!body) return new Response(null, { status: 404 });
    return new Response(body, { headers: { "Content-Type": TYPES[extname(file)] ?? "" } });
  };
}

/** Asks as a person does, and waits for an answer with these words in it. */
export async function chat(page: Page, prompt: string, ...words: string[]): Promise<void> {
  await page.locator("input").fill(prompt);
  await page.getByRole("button", { name: "Ask" }).click();
  const output = page.locator("output");
  for (const text of words) {
    await output.filter({ hasText: text }).waitFor().catch(async () => {
      const shown = [await output.textContent(), ...printed.get(page) ?? []];
      throw new Error(`${prompt}: no ${text}, but ${shown.join("\n")}`);
    });
  }
}
