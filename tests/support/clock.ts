/** Time that stands still until a test moves it. */
import type { Clock } from "../../supabase/functions/behest-token/upstream.ts";
import { START } from "./keys.ts";

interface Timer {
  readonly at: number;
  readonly then: () => void;
}

export class FakeClock implements Clock {
  /** Counts what happened, so that a quiet world can be told from a busy one. */
  events = 0;
  #ms = 0;
  #working = 0;
  #timers = new Set<Timer>();

  now(): number {
    return START + Math.floor(this.#ms / 1000);
  }

  tick(): number {
    return this.#ms;
  }

  after(ms: number, then: () => void): () => void {
    this.events++;
    const timer = { at: this.#ms + Math.max(ms, 0), then };
    this.#timers.add(timer);
    return () => {
      this.events++;
      this.#timers.delete(timer);
    };
  }

  /** Whether nothing is left to do but wait. */
  get waiting(): boolean {
    return this.#timers.size > 0 && this.#working === 0;
  }

  /** Work of a double that takes real time, such as cryptography: no waiting meanwhile. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#working++;
    try {
      return await work;
    } finally {
      this.#working--;
      this.events++;
    }
  }

  /** Moves on by hand. What falls due on the way is called back in its order. */
  advance(ms: number): void {
    const end = this.#ms + ms;
    for (let next = this.#next(); next && next.at <= end; next = this.#next()) this.#fire(next);
    this.#ms = end;
    this.events++;
  }

  /** Moves on to what falls due next. */
  advanceToNext(): void {
    const next = this.#next();
    if (next) this.#fire(next);
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (!first || timer.at < first.at) first = timer;
    return first;
  }

  #fire(timer: Timer): void {
    this.events++;
    this.#timers.delete(timer);
    this.#ms = Math.max(this.#ms, timer.at);
    timer.then();
  }
}
