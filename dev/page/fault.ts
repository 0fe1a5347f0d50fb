/** What a user reads of an error: by its code, whichever SDK it came from. */

import { AuthError, AuthRetryableFetchError } from "@supabase/supabase-js";
import OpenAI from "openai";
import { BehestError } from "../../client/mod.ts";

/** What happened, and what to do. */
export interface Fault {
  code: string;
  message: string;
  /** What a developer wants to know beside that. */
  detail?: string;
}

/** For people. What is not here is said in the error's own words, which are a developer's. */
const WORDS: Record<string, string> = {
  no_session: "Sign in first.",
  user_changed: "Somebody else has signed in meanwhile. Ask once more.",
  network: "No answer came. Check your connection, and try again in a moment.",
  timeout: "That took too long. Try again in a moment.",
  bad_answer: "Something on the way answered in the server's place. On a public Wi-Fi, open its " +
    "sign-in page first; then try again.",
  rate_limited: "Too many requests in a short time. Wait a little, then try again.",
  quota_exceeded: "Your share is used up. Take a larger plan, or wait for the next period.",
  model_forbidden: "Your plan does not include this model. Choose another one, or a larger plan.",
  anonymous_forbidden: "Guests cannot do this. Sign up first.",
  expired_token: "Your session is over. Sign in again.",
  invalid_session: "Your session is over. Sign in again.",
};

/** A browser tells a page of no difference between a dead server and a refused origin. */
const NO_ANSWER: Fault = {
  code: "no_answer",
  message: "No answer came. Check your connection, and try again in a moment.",
  detail: "Either nothing listens there, or this page's origin is not allowed; the console knows.",
};

/** Never throws: what is not known is shown by its name and message. */
export function toFault(error: unknown): Fault {
  const own = behestErrorOf(error);
  if (own) return inWords(own.code, own.message, own.retryAfter);
  if (error instanceof AuthRetryableFetchError || error instanceof OpenAI.APIConnectionError) {
    return NO_ANSWER;
  }
  if (error instanceof OpenAI.APIError) {
    const { message } = (error.error ?? error) as { message: string };
    const wait = Number(error.headers?.get("Retry-After") ?? undefined);
    return inWords(error.code ?? `http_${error.status}`, message, wait);
  }
  if (error instanceof AuthError) {
    return { code: error.code ?? error.name, message: error.message };
  }
  return error instanceof Error
    ? { code: error.name, message: error.message }
    : { code: "unknown", message: String(error) };
}

/** OpenAI's SDK may hold it as the cause of an error of its own. */
function behestErrorOf(error: unknown): BehestError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof BehestError) return at;
  }
}

function inWords(code: string, message: string, retryAfter?: number): Fault {
  const when = retryAfter ? ` Try again in ${retryAfter} s.` : "";
  const words = WORDS[code];
  if (!words) return { code, message: message + when };
  // What says the same again is no detail.
  const detail = message.toLowerCase().includes(words.toLowerCase()) ? undefined : message;
  return { code, message: words + when, detail };
}
