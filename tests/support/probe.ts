/** The bare page of `dev/probe/`, on an origin that the stack allows and on one that it does not. */

import assert from "node:assert/strict";
import type { BrowserContext, Page } from "playwright-core";
import { MODEL } from "../../dev/gateway/chat.ts";
import { bundleScript } from "../../dev/stack/bundle.ts";
import type { Stack } from "../../dev/stack/stack.ts";
import type { Probe, ProbeSettings } from "../../dev/probe/probe_api.ts";
import { runInBrowser } from "./browser.ts";

/** One tab with the bare page. */
export interface Tab {
  page: Page;
  /** Has the page do something. */
  ask<Name extends keyof Probe>(
    name: Name,
    ...args: Parameters<Probe[Name]>
  ): Promise<Awaited<ReturnType<Probe[Name]>>>;
  /** Signs in as the user on this plan, and gives their id. */
  signIn(plan: string): Promise<string>;
  /** Whom each request to Behest named, as it left the browser. */
  uids: string[];
}

/** What a test has to work with. */
export interface ProbeWorld {
  stack: Stack;
  context: BrowserContext;
  /** Opens one more tab of the same browser. */
  open(storage?: "localStorage" | "sessionStorage", origin?: string): Promise<Tab>;
  /** Where the stack lets no page of it read anything. */
  foreignOrigin: string;
}

/** Nobody is to be slowed down. */
const LIMITS = { requestsPerMinute: { 1: 1_000_000 }, quota: 1_000_000 };

/** Runs each as a step, in a context of its own. */
export function probeTest(
  title: string,
  tests: Record<string, (world: ProbeWorld) => Promise<void>>,
): void {
  Deno.test(title, async (test) => {
    let settings: ProbeSettings | undefined;
    let script: Promise<string> | undefined;
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (r) => {
      const { pathname } = new URL(r.url);
      if (pathname === "/") return answer("text/html", html(settings!));
      if (pathname !== "/probe.js") return new Response(null, { status: 404 });
      return answer("text/javascript", await (script ??= bundleScript("dev/probe/probe.ts")));
    });
    const origin = `http://localhost:${server.addr.port}`;
    const foreignOrigin = `http://127.0.0.1:${server.addr.port}`;
    try {
      const stack = { origins: [origin], limits: LIMITS };
      await runInBrowser(
        test,
        { stack },
        Object.fromEntries(
          Object.entries(tests).map(([title, work]) => [title, async (first, stack) => {
            const { url, publishableKey, gatewayUrl } = stack;
            settings = { url, publishableKey, gatewayUrl, model: MODEL };
            const context = first.context();
            await first.close();
            await work({
              stack,
              context,
              foreignOrigin,
              open: (storage = "localStorage", at = origin) => openTab(context, stack, at, storage),
            });
          }]),
        ),
      );
    } finally {
      await server.shutdown();
    }
  });
}

function answer(type: string, body: string): Response {
  return new Response(body, { headers: { "Content-Type": `${type}; charset=utf-8` } });
}

function html(settings: ProbeSettings): string {
  return `<!DOCTYPE html><link rel="icon" href="data:,">
<script type="application/json" id="settings">${JSON.stringify(settings)}</script>
<script type="module" src="/probe.js"></script>`;
}

async function openTab(
  context: BrowserContext,
  stack: Stack,
  origin: string,
  storage: "localStorage" | "sessionStorage",
): Promise<Tab> {
  const page = await context.newPage();
  const uids: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(stack.gatewayUrl) || request.method() === "OPTIONS") return;
    uids.push(uidOf(request.headers().authorization));
  });
  await page.goto(origin);
  const tab: Tab = {
    page,
    uids,
    ask: (name, ...args) =>
      page.evaluate(
        ([name, args]) => Reflect.get(globalThis, "probe")[name](...args),
        [name, args] as const,
      ),
    async signIn(plan) {
      const { id, email, password } = stack.users.find((user) => user.plan === plan)!;
      await tab.ask("signIn", email, password);
      return id;
    },
  };
  await tab.ask("start", storage);
  return tab;
}

function uidOf(bearer: string): string {
  return JSON.parse(atob(bearer.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).uid;
}

/** Waits until supabase-js has told the tab of this user. */
export async function hear(tab: Tab, uid: string | null): Promise<void> {
  await tab.page.waitForFunction(
    (uid) => Reflect.get(globalThis, "probe").events().at(-1)?.[1] === uid,
    uid,
  );
}

/**
 * As somebody comes back to the tab: supabase-js tells of its user again each time. What another tab
 * has written may take a moment to be read here: they come back again.
 */
export async function comeBack(tab: Tab, uid: string): Promise<void> {
  let last: unknown[] | undefined;
  for (let tries = 0; tries < 40 && last?.[1] !== uid; tries++) {
    const before = (await tab.ask("events")).length;
    for (const state of ["hidden", "visible"] as const) await tab.ask("show", state);
    await tab.page.waitForFunction(
      (before) => Reflect.get(globalThis, "probe").events().length > before,
      before,
    );
    last = (await tab.ask("events")).at(-1);
  }
  assert.deepEqual(last, ["SIGNED_IN", uid]);
}

/** How often the tab has called the function. */
export async function mints(tab: Tab): Promise<number> {
  return (await tab.ask("sent")).filter(({ to }) => to === "function").length;
}

/**
 * No request of the tab was another's than that of who was signed in when it left.
 * @param by the tab's own storage; or, where tabs share it, what this one had heard
 */
export async function assertOwn(tab: Tab, by: "stored" | "heard"): Promise<void> {
  const sent = await tab.ask("sent");
  for (const request of sent) assert.equal(request.uid, request[by], JSON.stringify(request));
  // Nothing left the browser that the page has not told of.
  assert.deepEqual(tab.uids, sent.filter(({ to }) => to === "behest").map(({ uid }) => uid));
}
