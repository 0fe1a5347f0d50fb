/** Whose a request is: it goes out with the token of who made it, or not at all. */

import { userChanged } from "./error.ts";
import type { Auth } from "./third_party.ts";
import type { Held } from "./token.ts";
import type { CurrentUser } from "./user.ts";

/**
 * To be called when the request is made: it is that of who is here then, or was told to have come.
 *
 * @param look says who is here, where nobody is told
 * @param ready gives the token of whoever is here by then
 * @throws {BehestError} `user_changed` where that is another; what `look` and `ready` throw
 */
export async function ownersToken(
  user: CurrentUser,
  look: Auth["look"],
  ready: () => Promise<Held>,
  signal: AbortSignal | null | undefined,
): Promise<Held> {
  if (look) {
    const here = await look(signal);
    const arrived = await ready();
    if (arrived.user !== here) throw userChanged();
    return arrived;
  }
  const { id, certain, named, arrivals, decided } = user;
  const { length } = arrivals;
  const told = certain ? id : named ?? id ?? arrivals[length - 1];
  const doubt = decided.length;
  const arrived = await ready();
  // Where nobody was known or told of, it is that of whoever came first.
  const first = told ?? arrivals.find((who, nth) => who && nth >= length);
  if (arrived.user !== id && arrived.user !== first) throw userChanged();
  // Nor that of who comes back after it was decided for another.
  if (arrived.user !== (decided[doubt] ?? arrived.user)) throw userChanged();
  return arrived;
}
