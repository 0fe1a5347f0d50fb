/** The Auth server's key set: fetched when a token needs it, kept, and fetched again in measure. */
import type { Core, Token } from "../../../pkg/behest_token.js";
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
/** Milliseconds that a request waits for a fresher set while its key is at hand. */
const PATIENCE_MS = 1_000;

/** Keeps the core's key set fresh. The core holds the keys; this one knows how old they are. */
export class KeyRing {
  readonly #core: Core;
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #world: World;
  readonly #log: (notice: string) => void;
  #fetchedAt?: number;
  #refetchedAt = -Infinity;
  /** How the first fetch failed, while that is news. */
  #failure?: { readonly fault: unknown; readonly at: number };
  /** The fetch under way. Requests that come meanwhile wait for it, so an older answer can never overwrite a newer one. */
  #underWay?: Promise<void>;

  constructor(
    core: Core,
    url: string,
    headers: Record<string, string>,
    world: World,
    log: (notice: string) => void,
  ) {
    this.#core = core;
    this.#url = url;
    this.#headers = headers;
    this.#world = world;
    this.#log = log;
  }

  /**
   * Sees to it that the token's key is at hand, if it can be. Rejects with the core's 401s for a
   * token that is not worth a fetch, and with `auth_unavailable` or `auth_timeout` where no key set
   * can be had.
   *
   * @param deadline the tick at which the whole request must be answered
   */
  async provide(token: Token, deadline: number): Promise<void> {
    const state = this.#core.keyState(token);
    if (state === "settled") return;
    const { clock } = this.#world;
    if (this.#fetchedAt !== undefined) {
      if (state === "held" && clock.tick() - this.#fetchedAt < KEEP_MS) return;
      if (this.#underWay === undefined && clock.tick() - this.#refetchedAt < PAUSE_MS) return;
    }
    try {
      this.#core.screen(token, clock.now());
      // An Auth server that is down is not asked again for every token that comes.
      if (this.#failure && clock.tick() - this.#failure.at < RECOVERY_MS) throw this.#failure.fault;
      this.#underWay ??= this.#fetch().finally(() => this.#underWay = undefined);
      // While the endpoint is down, the keys at hand go on serving: nobody waits long for better.
      const left = deadline - clock.tick();
      const ended = await this.#ends(state === "held" ? Math.min(PATIENCE_MS, left) : left);
      if (!ended && state !== "held") throw faults.auth_timeout;
    } catch (error) {
      // After anything else the instance is gone, and the token with it.
      if (isFault(error)) this.#core.discard(token);
      throw error;
    }
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

  async #fetch(): Promise<void> {
    const { clock } = this.#world;
    const start = clock.tick();
    if (this.#fetchedAt !== undefined) this.#refetchedAt = start;
    const answer = await call({
      url: this.#url,
      headers: this.#headers,
      retries: 1,
      span: { start, deadline: start + LIMIT_MS },
    }, this.#world);
    try {
      const skipped = await this.#core.acceptKeys(answer);
      this.#fetchedAt = clock.tick();
      this.#failure = undefined;
      if (skipped > 0) this.#log(`jwks.json: ${skipped} of its keys cannot be used`);
    } catch (fault) {
      if (!isFault(fault)) throw fault;
      if (this.#fetchedAt === undefined) {
        this.#failure = { fault, at: clock.tick() };
        throw fault;
      }
      // While the endpoint is down, the keys at hand go on serving.
      this.#log("jwks.json cannot be fetched: the keys at hand go on serving");
    }
  }
}
