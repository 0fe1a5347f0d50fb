/** The Auth server's key set: fetched when a token needs it, kept, and fetched again in measure. */
import type { Core, Token } from "../../../pkg/behest_token.js";
import { call, type World } from "./upstream.ts";
import { isFault } from "./wasm.ts";

/** Milliseconds that a key set is good for; Supabase's own edge keeps it as long. */
const KEEP_MS = 10 * 60_000;
/** Least milliseconds between two refetches. */
const PAUSE_MS = 30_000;
/** Milliseconds that a fetch may take with its retry, where nothing can be done without it. */
const LIMIT_MS = 10_000;
/** Milliseconds where keys are at hand: an outage must leave time for the rest of the request. */
const REFETCH_LIMIT_MS = 4_000;

/** Keeps the core's key set fresh. The core holds the keys; this one knows how old they are. */
export class KeyRing {
  readonly #core: Core;
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #world: World;
  readonly #log: (notice: string) => void;
  #fetchedAt?: number;
  #refetchedAt = -Infinity;
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
   */
  async provide(token: Token): Promise<void> {
    const state = this.#core.keyState(token);
    if (state === "settled") return;
    const { clock } = this.#world;
    if (this.#fetchedAt !== undefined) {
      if (state === "held" && clock.tick() - this.#fetchedAt < KEEP_MS) return;
      if (this.#underWay === undefined && clock.tick() - this.#refetchedAt < PAUSE_MS) return;
    }
    this.#core.screen(token, clock.now());
    await (this.#underWay ??= this.#fetch().finally(() => this.#underWay = undefined));
  }

  async #fetch(): Promise<void> {
    const { clock } = this.#world;
    if (this.#fetchedAt !== undefined) this.#refetchedAt = clock.tick();
    const answer = await call({
      url: this.#url,
      headers: this.#headers,
      retries: 1,
      deadline: clock.tick() + (this.#fetchedAt === undefined ? LIMIT_MS : REFETCH_LIMIT_MS),
    }, this.#world);
    try {
      const skipped = await this.#core.acceptKeys(answer);
      this.#fetchedAt = clock.tick();
      if (skipped > 0) this.#log(`jwks.json: ${skipped} of its keys cannot be used`);
    } catch (fault) {
      // While the endpoint is down, the keys at hand go on serving.
      if (this.#fetchedAt === undefined || !isFault(fault)) throw fault;
      this.#log("jwks.json cannot be fetched: the keys at hand go on serving");
    }
  }
}
