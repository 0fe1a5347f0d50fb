/** Two tabs of supabase-js itself, in orders that a seed decides. */
import assert from "node:assert/strict";
import { type Browser, inBrowser } from "../support/client_browser.ts";
import { seeded, settle } from "../support/client_calls.ts";
import { CHAT, signIn, signOut, type Tab } from "../support/client_world.ts";
import { createAt } from "../support/client_module.ts";

const SEEDS = 15;
const EVENTS = 40;
const USERS = ["ada", "bob", "cy"] as const;

type Random = (below: number) => number;

/** A tab with a storage of its own, and whom this tab itself has signed in. */
class Page {
  /** More than one only while a sign-in or a sign-out is under way. */
  mayBe: (string | undefined)[] = [undefined];
  readonly behest;

  constructor(readonly browser: Browser, readonly tab: Tab, what: string) {
    const fetch = browser.gateway.fetchOf(() => undefined);
    const checked = (input: RequestInfo | URL, init?: RequestInit) => {
      const sent = fetch(input, init);
      const { owner } = browser.gateway.last;
      assert.ok(this.mayBe.includes(owner), `${owner} is not ${this.mayBe}: ${what}`);
      return sent;
    };
    this.behest = createAt(tab.supabase, { fetch: checked }, browser.clock);
  }

  async become(user: string | undefined): Promise<void> {
    this.mayBe = [...this.mayBe, user];
    await (user ? signIn(this.tab, user) : signOut(this.tab));
    this.mayBe = [user];
  }
}

async function act(page: Page, random: Random, answers: (() => void)[], wrong: unknown[]) {
  const what = random(14);
  if (what === 1) return await page.become(USERS[random(3)]);
  if (what === 0 && random(2)) return await page.become(undefined);
  if (what === 3) return void await page.tab.supabase.auth.refreshSession();
  if (what < 8 && what > 3) return answers.splice(random(Math.max(answers.length, 1)), 1)[0]?.();
  if (what === 8) return page.browser.clock.advance(random(1000));
  page.behest.fetch(CHAT, { method: "POST", body: "{}" }).catch((error) => {
    if (error instanceof assert.AssertionError) wrong.push(error);
  });
}

Deno.test("no tab with a storage of its own ever sends the token of the other tab's user, in whatever order both act", async () => {
  let sent = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seeded(seed);
    await inBrowser(async (browser) => {
      const answers: (() => void)[] = [];
      browser.function.reply = (mint) =>
        new Promise((resolve) => {
          const good = () => browser.function.good(mint);
          const bad = () => new Response("", { status: 500 });
          answers.push(() => resolve(random(8) ? good() : bad()));
        });
      const tabs = await browser.apart();
      const pages = tabs.map((tab) => new Page(browser, tab, `seed ${seed}`));
      const wrong: unknown[] = [];
      for (let nth = 0; nth < EVENTS; nth++) {
        await act(pages[random(2)]!, random, answers, wrong);
        await settle(random(4));
      }
      for (const answer of answers) answer();
      await settle();
      for (const { behest } of pages) behest.close();
      assert.deepEqual(wrong, []);
      sent += browser.sent.length;
      browser.sent.length = 0;
    });
  }
  assert.ok(sent > 2 * SEEDS, `${sent} requests are too few to prove anything`);
});
