/** Users of another provider (Clerk, Auth0, Firebase, …), whom supabase-js knows by their tokens alone. */

import type { Clock } from "./clock.ts";
import { closedError } from "./error.ts";
import { readClaims } from "./session_token.ts";
import type { SessionAnswer, SupabaseLike, SupabaseSession } from "./supabase.ts";
import { begin, untilAborted, type Work } from "./work.ts";

/** Who is signed in, by events and by being asked. */
export interface Auth {
  readonly auth: SupabaseLike["auth"];
  /**
   * Where there are no events: asks who is here, and tells it as one where it is news.
   *
   * @returns their id; nothing where nobody is, or nobody can say
   */
  readonly look?: (signal?: AbortSignal | null) => Promise<string | undefined>;
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
  /** The last token that was told or answered; at first none was, not even that there is none. */
  let last: string | undefined | null = null;
  const looks: Set<Work<string | undefined>> = new Set();

  const session = async (): Promise<SupabaseSession | null> => {
    const access_token = await Promise.resolve().then(accessToken).catch((error) => {
      // Its fields may be secrets, and its status is not the Auth server's.
      throw { name: Object(error).name };
    });
    // Whose a token is is all that is known of its user.
    const id = access_token && readClaims(access_token).sub;
    return id ? { access_token, user: { id } } : null;
  };
  const getSession = async (): Promise<SessionAnswer> => {
    const now = await session();
    last = now?.access_token;
    return { data: { session: now }, error: null };
  };

  const ask = async () => {
    // Whoever cannot be asked for may have left.
    const now = await session().catch(() => null);
    const token = now?.access_token;
    if (token !== last) listener("", now);
    last = token;
    return now?.user.id;
  };

  return {
    auth: {
      getSession,
      // The provider's own function does when it is time.
      refreshSession: getSession,
      onAuthStateChange(heard) {
        listener = heard;
        const unsubscribe = () => {
          listener = () => {};
          looks.forEach((look) => look.end(closedError()));
        };
        return { data: { subscription: { unsubscribe } } };
      },
    },
    look(signal) {
      const own = begin(ms, clock, ask);
      looks.add(own);
      own.promise.catch(() => {}).finally(() => looks.delete(own));
      return untilAborted(own.promise, signal);
    },
  };
}
