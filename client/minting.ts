/** A mint under way, made anew for as long as something overtakes it. */

import type { Clock } from "./clock.ts";
import { type BehestError, isFinal, timedOut } from "./error.ts";
import type { Held } from "./token.ts";
import { begin, type Work } from "./work.ts";

/** How often it is made anew for what came on its way, before its failure is told. */
const MOST_ROUNDS = 8;

/** What overtakes a mint whose user is still here. */
export interface Generation {
  /** Counts what makes the result of one under way worthless. */
  now: number;
  /** That of the last `invalidate()`: what was sent before it may fail unheard. */
  forgiven: number;
}

/** One mint, as it is tried. */
export interface Round {
  /** Of what it was made with: it may be set until that is certain. */
  generation: number;
}

/** Whoever asks waits for it, and whoever leaves ends it. */
export interface Minting {
  promise: Promise<Held>;
  end(error: BehestError): void;
}

/** What a mint is, and what comes of it. */
export interface MintingSteps {
  mint(round: Round, signal: AbortSignal): Promise<Held>;
  /** In the very moment in which nothing has overtaken it. */
  keep(minted: Held): Held;
  /** @returns what serves in its place */
  fail(error: unknown): Held;
}

/** @param ms that all of it may take */
export function startMinting(
  ms: number,
  clock: Clock,
  generation: Generation,
  { mint, keep, fail }: MintingSteps,
): Minting {
  const begun = clock.tick();
  let attempt: Work<Held>;
  let ended: BehestError | undefined;
  const run = async () => {
    for (let nth = 0; nth < MOST_ROUNDS; nth++) {
      const round = { generation: generation.now };
      const left = ms - (clock.tick() - begun);
      attempt = begin(left, clock, (signal) => mint(round, signal));
      const [minted, error] = await attempt.promise.then(
        (minted): [Held?, unknown?] => [minted],
        (error) => [undefined, error],
      );
      // It may have been ended in this very moment.
      if (ended) throw ended;
      if (minted && round.generation === generation.now) return keep(minted);
      if (!minted && (isFinal(error) || generation.forgiven <= round.generation)) {
        return fail(error);
      }
    }
    return fail(timedOut());
  };
  return {
    promise: run(),
    end(error) {
      ended = error;
      attempt.end(error);
    },
  };
}
