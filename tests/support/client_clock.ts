/** A device's time: a date that can be set, and ticks that stand still in sleep. */
import { clearImmediate, setImmediate } from "node:timers";
import type { ClientClock } from "./client_module.ts";

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Beyond this a platform's timer fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** Ms that pass by themselves, with hands that stand still: no test sets them for so little. */
const SHORT_WAIT = 50;

export class DeviceClock implements ClientClock {
  #date: number;
  #ticks = 5_000;
  #timers = new Set<Timer>();

  /** @param date at the beginning, in ms */
  constructor(date = Date.UTC(2026, 0, 1)) {
    this.#date = date;
  }

  readonly now = (): number => this.#date;
  readonly tick = (): number => this.#ticks;
  readonly after = (ms: number, run: () => void): () => void => {
    if (ms <= SHORT_WAIT) {
      const soon = setImmediate(run);
      return () => clearImmediate(soon);
    }
    const timer = { at: this.#ticks + (ms > LONGEST_TIMER ? 1 : Math.max(ms, 0)), run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  /** How many timers wait. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Awake: both hands move, and timers fire in their order. */
  advance(seconds: number): void {
    const end = this.#ticks + seconds * 1000;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#move(next.at - this.#ticks);
      next.run();
    }
    this.#move(end - this.#ticks);
  }

  /** Asleep: the date goes on, the ticks and all timers stand still. */
  sleep(seconds: number): void {
    this.#date += seconds * 1000;
  }

  /** Somebody sets the date, or the network does. */
  setDate(bySeconds: number): void {
    this.#date += bySeconds * 1000;
  }

  #move(ms: number): void {
    this.#ticks += ms;
    this.#date += ms;
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= end && (!first || timer.at < first.at)) first = timer;
    }
    return first;
  }
}
