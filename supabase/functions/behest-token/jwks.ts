/** The key set: fetched when a token needs it, kept, and fetched again in measure. */
import type { Core, Fault, KeyState, Token } from "../../../pkg/behest_token.js";
import { call, type World } from "./upstream.ts";
import { faults, isFault } from "./wasm.ts";

/** Milliseconds that a key set is good for; Supabase's own edge keeps it as long. */
const KEEP_MS = 10 * 60_000;
/** Least milliseconds between two refetches. */
const PAUSE_MS = 30_000;
/** Milliseconds in which a first fetch that failed is not tried again. */
const RECOVERY_MS = 1_000;
/** Milliseconds that a fetch may take with its retry. */
const LIMIT_MS = 10_000;
/** Milliseconds that a request waits for a newer set where there is one. */
const PATIENCE_MS = 1_000;

/** A fetch that failed, and at which tick. */
interface Failure {
  readonly fault: Fault;
  readonly at: number;
}

/** Keeps the core's key set fresh. The core holds the keys; this one knows how old they are. */
export class JwksCache {
  readonly #core: Core;
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #world: World;
  readonly #log: (notice: string) => void;
  /** Whether there is a set, fetched or from the settings. */
  #hasSet: boolean;
  #fetchedAt = -Infinity;
  #refetchedAt = -Infinity;
  /** How the latest fetch failed, until one succeeds. */
  #failure?: Failure;
  /** The fetch under way. Requests that come meanwhile wait for it, so an older answer can never overwrite a newer one. */
  #underWay?: Promise<void>;

  constructor(
    core: Core,
    url: string,
    headers: Record<string, string>,
    hasSet: boolean,
    world: World,
    log: (notice: string) => void,
  ) {
    this.#core = core;
    this.#url = url;
    this.#headers = headers;
    this.#hasSet = hasSet;
    this.#world = world;
    this.#log = log;
  }

  /**
   * Sees to it that the token's key is at hand, if it can be. Rejects with the core's 401s for a
   * token that is not worth a fetch, and with `supabase_rejected`, `auth_unavailable` or
   * `auth_timeout` where nobody can say whether the key exists.
   *
   * @param deadline the tick at which the whole request must be answered
   */
  provide(token: Token, deadline: number): Promise<void> | undefined {
    const state = this.#core.keyState(token);
    if (state === "settled") return undefined;
    if (state === "held" && this.#world.clock.tick() - this.#fetchedAt < KEEP_MS) return undefined;
    return this.#renew(token, state, deadline);
  }

  async #renew(token: Token, state: KeyState, deadline: number): Promise<void> {
    const { clock } = this.#world;
    try {
      if (state === "missing") this.#core.screen(token, clock.now());
      let ended = true;
      if (this.#isDue()) {
        this.#underWay ??= this.#fetch().finally(() => this.#underWay = undefined);
        const left = deadline - clock.tick();
        // The keys at hand go on serving: nobody waits long for better.
        ended = await this.#ends(this.#hasSet ? Math.min(PATIENCE_MS, left) : left);
      }
      if (state === "held") return;
      if (!ended) throw faults.auth_timeout;
      // A key that nobody could ask for may well be good.
      if (this.#failure) throw this.#outage(this.#failure);
    } catch (error) {
      // After anything else the instance is gone, and the token with it.
      if (isFault(error)) this.#core.discard(token);
      throw error;
    }
  }

  /** Whether to fetch now, or to wait for the fetch under way. */
  #isDue(): boolean {
    if (this.#underWay !== undefined) return true;
    const now = this.#world.clock.tick();
    if (this.#hasSet) return now - this.#refetchedAt >= PAUSE_MS;
    // An Auth server that is down is not asked again for every token that comes.
    return this.#failure === undefined || now - this.#failure.at >= RECOVERY_MS;
  }

  /** What the latest fetch failed with; nobody tries again before the next one. */
  #outage({ fault, at }: Failure): Fault {
    const next = this.#hasSet ? this.#refetchedAt + PAUSE_MS : at + RECOVERY_MS;
    const seconds = Math.ceil((next - this.#world.clock.tick()) / 1000);
    const { retryAfter } = fault;
    // Who says "at once" is taken at their word.
    return { ...fault, retryAfter: retryAfter && Math.max(retryAfter, seconds) };
  }

  /** Waits for the fetch under way; gives whether it ended in so many milliseconds. */
  async #ends(ms: number): Promise<boolean> {
    let stopTimer = () => {};
    const late = new Promise<boolean>((resolve) => {
      stopTimer = this.#world.clock.after(ms, () => resolve(false));
    });
    const fetched = this.#underWay?.then(() => true);
    // Whoever waits no longer is not told how it ended.
    fetched?.catch(() => {});
    try {
      return await Promise.race([fetched ?? true, late]);
    } finally {
      stopTimer();
    }
  }

  /** Fetches the set. Rejects only where the instance broke. */
  async #fetch(): Promise<void> {
    const { clock } = this.#world;
    const start = clock.tick();
    if (this.#hasSet) this.#refetchedAt = start;
    const answer = await call({
      url: this.#url,
      headers: this.#headers,
      asksWho: true,
      retries: 1,
      span: { start, deadline: start + LIMIT_MS },
    }, this.#world);
    try {
      const skipped = await this.#core.acceptKeys(answer);
      this.#fetchedAt = clock.tick();
      this.#hasSet = true;
      this.#failure = undefined;
      if (skipped > 0) this.#log(`jwks.json: ${skipped} of its keys cannot be used`);
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#failure = { fault: error, at: clock.tick() };
      if (this.#hasSet) {
        this.#log("jwks.json has no key set of use: the keys at hand go on serving");
      }
    }
  }
}
