/** Tests in a real browser, against a real stack: both are started once for all of a file. */

import type { BrowserContextOptions, Page } from "playwright-core";
import { type Stack, type StackOptions, startStack } from "../../dev/stack/stack.ts";
import { startChromium } from "../chromium.ts";

/** How long a page may take for one step, in ms. */
export const PATIENCE = 20_000;

/** How long it may take to load, in ms: its bundler is downloaded for the first one. */
export const BUNDLE_PATIENCE = 60_000;

/** By title, what a test does with a page that nobody has used, in a context of its own. */
export type BrowserTests = Record<string, (page: Page, stack: Stack) => Promise<void>>;

/** What the tests of a file have in common. */
export interface BrowserOptions {
  stack?: StackOptions;
  context?: BrowserContextOptions;
}

/** Runs each of the tests as a step of one. */
export function browserTest(title: string, options: BrowserOptions, tests: BrowserTests): void {
  Deno.test(title, (test) => runInBrowser(test, options, tests));
}

/** The same within a test that has more to set up. */
export async function runInBrowser(
  test: Deno.TestContext,
  options: BrowserOptions,
  tests: BrowserTests,
): Promise<void> {
  const browser = await startChromium();
  try {
    const stack = await startStack({ port: 0, gatewayPort: 0, quiet: true, ...options.stack });
    try {
      for (const [title, work] of Object.entries(tests)) {
        await test.step(title, async () => {
          const context = await browser.newContext(options.context);
          context.setDefaultTimeout(PATIENCE);
          context.setDefaultNavigationTimeout(BUNDLE_PATIENCE);
          try {
            await work(await context.newPage(), stack);
          } finally {
            await context.close();
          }
        });
      }
    } finally {
      await stack.stop();
    }
  } finally {
    await browser.close();
  }
}

/** Until just so many channels are joined, and none is left of a page before: a first look tells no change. */
export async function channels({ realtime }: Stack, count: number): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (realtime.load.channels !== count) {
    if (performance.now() > end) throw new Error(`${realtime.load.channels} channels`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
