/** A watched plan: one user, one page, and what the next token was minted by. */
import { settle } from "./client_calls.ts";
import { inMinimal, type Minimal } from "./client_minimal.ts";
import type { Behest } from "./client_module.ts";

export type PlanOptions = NonNullable<Parameters<Behest["watchPlan"]>[0]>;

/** What a test of a watch has at hand. */
export interface Watched {
  readonly supabase: Minimal;
  readonly behest: Behest;
  readonly stop: () => void;
  /** What `onError` has heard. */
  readonly errors: unknown[];
}

/** A page of which the test says whether it is seen. */
class PageDouble extends EventTarget {
  visibilityState = "visible";
  readonly #listeners: Set<EventListener> = new Set();

  /** How many listeners nobody has let go of. */
  get listeners(): number {
    return this.#listeners.size;
  }

  override addEventListener(type: string, listener: EventListener): void {
    this.#listeners.add(listener);
    super.addEventListener(type, listener);
  }

  override removeEventListener(type: string, listener: EventListener): void {
    this.#listeners.delete(listener);
    super.removeEventListener(type, listener);
  }

  become(visibilityState: string): void {
    this.visibilityState = visibilityState;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

/** Runs a test where there is a page, as in a browser. */
export async function onPage(test: (page: PageDouble) => Promise<void>): Promise<void> {
  const page = new PageDouble();
  Object.assign(globalThis, { document: page });
  try {
    await test(page);
  } finally {
    Reflect.deleteProperty(globalThis, "document");
  }
}

/** Ada, on the plan free, with a token at hand; her plan is watched, and her channel has joined. */
export async function inWatch(
  test: (watched: Watched) => Promise<void>,
  options: PlanOptions = {},
): Promise<void> {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.realtime.write("ada", "free");
    await behest.getToken();
    const errors: unknown[] = [];
    const stop = behest.watchPlan({ onError: (error) => errors.push(error), ...options });
    await settle();
    supabase.realtime.last.joined();
    await settle();
    await test({ supabase, behest, stop, errors });
  });
}

/** How many mints there were by the time that one more token is asked for. */
export async function mintsOf({ supabase, behest }: Watched): Promise<number> {
  await settle();
  await behest.getToken();
  return supabase.function.mints.length;
}
