/** One topic that a client has joined: whose changes it is told of, and until when. */

import type { Clock } from "./clock.ts";
import type { Change } from "./feed.ts";
import { expired, type Refusal, type Session } from "./session.ts";
import type { Subscription } from "./subscription.ts";

/** A session may end after longer than a timer can wait. */
const LONGEST_WAIT = 3_600_000;

/** What a channel is made of. */
export interface ChannelOptions {
  topic: string;
  /** Names the join; what is said in the name of an earlier one is out of date. */
  joinRef: string | null;
  session: Session;
  subscriptions: Subscription[];
  clock: Clock;
  send(event: string, payload: Record<string, unknown>): void;
  /** Told once, when the session has ended. */
  ended: (why: Refusal) => void;
}

export class Channel {
  readonly topic: string;
  readonly joinRef: string | null;
  readonly #subscriptions: Subscription[];
  readonly #clock: Clock;
  readonly #send: ChannelOptions["send"];
  readonly #ended: ChannelOptions["ended"];
  #session: Session;
  #forget = () => {};

  constructor({ topic, joinRef, session, subscriptions, clock, send, ended }: ChannelOptions) {
    this.topic = topic;
    this.joinRef = joinRef;
    this.#session = session;
    // As with Realtime: with one that is at fault, no other is told of either.
    this.#subscriptions = subscriptions.some(({ problem }) => problem) ? [] : subscriptions;
    this.#clock = clock;
    this.#send = send;
    this.#ended = ended;
    this.#watch();
  }

  get token(): string | undefined {
    return this.#session.token;
  }

  /** From now on it is this session that counts, another user's too. */
  renew(session: Session): void {
    this.#session = session;
    this.#watch();
  }

  /** Tells of a change, where it is one of the user's own row that was asked for. */
  tell(change: Change): void {
    const { user, expiresAt } = this.#session;
    // A timer may be late, after a machine slept: nobody is told after the end of their session.
    if (user === undefined || change.key !== user || expiresAt <= this.#clock.now()) return;
    const ids = this.#subscriptions.filter(({ wants }) => wants(change)).map(({ id }) => id);
    if (ids.length > 0) this.#send("postgres_changes", { ids, data: change.data });
  }

  /** Says what becomes of the channel besides changes. */
  system(extension: string, status: "ok" | "error", message: string): void {
    const channel = this.topic.slice(this.topic.indexOf(":") + 1);
    this.#send("system", { extension, status, message, channel });
  }

  close(): void {
    this.#forget();
  }

  #watch(): void {
    this.#forget();
    const { expiresAt } = this.#session;
    if (expiresAt === Infinity) return;
    const wait = Math.max(0, Math.min(expiresAt - this.#clock.now(), LONGEST_WAIT));
    this.#forget = this.#clock.after(wait, () => {
      const now = this.#clock.now();
      if (now < expiresAt) this.#watch();
      else this.#ended(expired(expiresAt, now));
    });
  }
}
