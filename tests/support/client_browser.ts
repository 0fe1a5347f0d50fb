/** What of a browser supabase-js looks at before it talks to other tabs and hears of a return to one. */
import { settle } from "./client_calls.ts";
import type { BehestOptions } from "./client_module.ts";
import { ClientWorld, type Storage, type Tab } from "./client_world.ts";

/**
 * Never closed: where a process's last channel is closed and another one opened at once, Deno gives
 * the new one the old one's ended subscription, and its `postMessage` throws "expected i32".
 */
new BroadcastChannel("kept open");

type Globals = Record<"window" | "document", unknown>;

export class Browser extends ClientWorld {
  readonly #window: EventTarget;

  constructor(window: EventTarget, date?: number) {
    super(date);
    this.#window = window;
  }

  /** Tabs with one storage, as those of one origin have. */
  async together(options: BehestOptions = {}): Promise<[Tab, Tab]> {
    const storage: Storage = new Map();
    return [await this.open({ storage, options }), await this.open({ storage, options })];
  }

  /** Tabs with a storage each, such as `sessionStorage`: each may have a user of its own. */
  async apart(options: BehestOptions = {}): Promise<[Tab, Tab]> {
    return [await this.open({ options }), await this.open({ options })];
  }

  /** Somebody comes back to the page. */
  async focus(): Promise<void> {
    this.#window.dispatchEvent(new Event("visibilitychange"));
    await settle();
  }
}

/**
 * Runs a test where `window` and `document` are, and takes what supabase-js warns of several clients.
 *
 * @param date of the device in ms, where sessions are judged by it
 */
export async function inBrowser(
  test: (browser: Browser) => Promise<void>,
  date?: number,
): Promise<void> {
  const globals = globalThis as unknown as Globals;
  const { warn } = console;
  const window = new EventTarget();
  globals.window = window;
  globals.document = { visibilityState: "visible" };
  console.warn = () => {};
  const browser = new Browser(window, date);
  try {
    await test(browser);
    browser.assertNobodyElse();
  } finally {
    await browser.close();
    console.warn = warn;
    delete (globals as Partial<Globals>).window;
    delete (globals as Partial<Globals>).document;
  }
}
