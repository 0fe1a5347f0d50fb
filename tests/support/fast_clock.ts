/** Time that runs faster than it does, for what real sockets must show and nobody should wait for. */
import type { Clock } from "../../supabase/functions/behest-token/upstream.ts";

/** The seconds of the day are the true ones; waiting is what goes faster. */
export function fastClock(times: number): Clock {
  return {
    now: () => Math.floor(Date.now() / 1000),
    tick: () => performance.now() * times,
    after: (ms, then) => {
      const timer = setTimeout(then, ms / times);
      return () => clearTimeout(timer);
    },
  };
}
