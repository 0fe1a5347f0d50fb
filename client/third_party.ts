/** Users of another provider (Clerk, Auth0, Firebase, …), whom supabase-js knows by their tokens alone. */

import type { Clock } from "./clock.ts";
import { readClaims } from "./session_token.ts";
import type { SessionAnswer, SupabaseLike } from "./supabase.ts";
import { begin, untilAborted } from "./work.ts";

/** Who is signed in, by events and by being asked. */
export interface Auth {
  readonly auth: SupabaseLike["auth"];
  /** Asks, and tells it as an event where it is news; where nobody else does. */
  readonly look?: (signal?: AbortSignal | null) => Promise<void>;
}

/**
 * @param supabase may have been made with the option `accessToken`: then it has no `auth`
 * @param ms that the provider may take to answer
 */
export function authOf(supabase: SupabaseLike, ms: number, clock: Clock): Auth {
  // supabase-js keeps the option by this name, which its types do not tell.
  const { accessToken } = supabase as { accessToken?: () => Promise<string | null> };
  if (!accessToken) return { auth: supabase.auth };
  let listener: Parameters<SupabaseLike["auth"]["onAuthStateChange"]>[0];
  let last: string | null | undefined;
  const getSession = async (): Promise<SessionAnswer> => {
    const access_token = await accessToken();
    // Whose a token is is all that is known of its user.
    const user = { id: readClaims(access_token ?? "").sub! };
    return { data: { session: access_token ? { access_token, user } : null }, error: null };
  };
  const look = async () => {
    // Whoever cannot be asked for may have left.
    const { session } = await getSession().then(({ data }) => data, () => ({ session: null }));
    const token = session && session.access_token;
    if (token !== last) listener("", session);
    last = token;
  };
  return {
    auth: {
      getSession,
      // The provider's own function does when it is time.
      refreshSession: getSession,
      onAuthStateChange(heard) {
        listener = heard;
        return { data: { subscription: { unsubscribe: () => void (listener = () => {}) } } };
      },
    },
    look: (signal) => untilAborted(begin(ms, clock, look).promise, signal),
  };
}
