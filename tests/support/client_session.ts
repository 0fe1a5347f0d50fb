/** `getSession()` as it is where it takes its time: asked now, and answered when the test does. */
import { Held, settle } from "./client_calls.ts";
import { type Minimal, sessionOf } from "./client_minimal.ts";

export type Answer = Awaited<ReturnType<Minimal["auth"]["getSession"]>>;

/** From here on `getSession()` answers when the test does. */
export function holdSession(supabase: Minimal): Held<Answer>[] {
  const asked: Held<Answer>[] = [];
  supabase.onGetSession = () => {
    const held = new Held<Answer>();
    asked.push(held);
    return held.promise;
  };
  return asked;
}

/** From here on `getSession()` answers at once, by what is in the storage. */
export function freeSession(supabase: Minimal): void {
  supabase.onGetSession = () => supabase.answer();
}

/** Gives the same answer for as long as it is asked for. */
export async function answerAll(asked: Held<Answer>[], user: string | undefined): Promise<void> {
  for (let turn = 0; turn < 15; turn++) {
    for (const each of asked) each.answer(sessionAnswer(user));
    await settle();
  }
}

export function sessionAnswer(user: string | undefined): Answer {
  return { data: { session: user === undefined ? null : sessionOf(user) }, error: null };
}

/** What `getSession()` answers where it cannot say: the session has to be refreshed, and nobody does. */
export function offline(): Answer {
  const error = Object.assign(new Error("fetch failed"), {
    name: "AuthRetryableFetchError",
    status: 0,
  });
  return { data: { session: null }, error };
}

/** An event of another tab's, whose storage is not this one's: who is signed in here stays. */
export function tellElsewhere(supabase: Minimal, user: string): void {
  const { signedIn } = supabase;
  const session = sessionOf(user);
  supabase.tell("SIGNED_IN", { ...session, access_token: `${session.access_token}-elsewhere` });
  supabase.signedIn = signedIn;
}

/** Time for a `getSession()` that contradicts an event to be asked as often as it is. */
export const decide = (): Promise<void> => settle(40);
