/** What happened in one request: a line for the log, and the times for `Server-Timing`. */
import type { Clock, Reply } from "./upstream.ts";

/** A step of the way, as `Server-Timing` names it. */
export type Step = "verify" | "user" | "plan" | "mint";

/** One line of the log. No token, key, e-mail or body is ever in it. */
export type Line = Record<string, unknown>;

/** Collects what one request did. */
export class Entry {
  /** The tick at which the request came. */
  readonly start: number;
  /** What else the line tells. */
  readonly facts: Line = {};
  /** Behest's name for this request. */
  traceId?: string;
  readonly #clock: Clock;
  /** The latest tick: where one step ends, the next begins, and the clock is read once. */
  #latest: number;
  /** Milliseconds of each step that ran, in the order of their ends. */
  readonly #times: [Step, number][] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.start = this.#latest = clock.tick();
  }

  /** Ends what came before the first step, and is no step. */
  begin(): void {
    this.#latest = this.#clock.tick();
  }

  /** Where the step that begins now begins: at the end of the one before. What the core decided in between is part of it. */
  get latest(): number {
    return this.#latest;
  }

  /** Ends a step; it began where the one before it ended, or at a tick. */
  end(step: Step, start = this.#latest): void {
    this.#latest = this.#clock.tick();
    this.#times.push([step, this.#latest - start]);
  }

  /** Ends a step that began at a tick when its upstream has answered. */
  async time(step: Step, start: number, reply: Promise<Reply>): Promise<Reply> {
    const answer = await reply;
    this.end(step, start);
    return answer;
  }

  /** The steps that ran (Server Timing, W3C), in milliseconds. */
  serverTiming(): string {
    return this.#times.map(([step, ms]) => `${step};dur=${ms.toFixed(1)}`).join(", ");
  }

  /** The line. */
  line(code: string, status: number): Line {
    const ms: Line = {};
    for (const [step, time] of this.#times) ms[step] = Math.round(time);
    return { code, status, ...this.facts, ms, traceId: this.traceId };
  }
}

/**
 * A uid for the log, unless the project has made it something that no log may hold: an e-mail
 * address, or what is longer than a UUID, as every token and key is.
 */
export function loggable(uid: string): string | undefined {
  return uid.length <= 36 && !uid.includes("@") ? uid : undefined;
}

/** Logs each notice once an isolate: what is wrong for one user is wrong for thousands. */
export function once(log: (line: Line) => void): (notice: string) => void {
  const seen = new Set<string>();
  return (notice) => {
    if (seen.has(notice)) return;
    // Should notices differ without end, some are told again rather than all remembered.
    if (seen.size >= 100) seen.clear();
    seen.add(notice);
    log({ notice });
  };
}
