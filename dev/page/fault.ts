/** What a failed step shows: a code and a message, from whichever SDK it failed in. */

import {
  AuthError,
  AuthRetryableFetchError,
  FunctionsFetchError,
  FunctionsHttpError,
} from "@supabase/supabase-js";
import OpenAI from "openai";

/** As the function and the gateway put it, too. */
export interface Fault {
  code: string;
  message: string;
}

/** A browser tells a page of no difference between a dead server and a refused origin. */
const NO_ANSWER: Fault = {
  code: "no_answer",
  message: "The browser let no answer through. Either nothing listens there, or this page's " +
    "origin is not in CORS_ORIGIN; its console knows which.",
};

/** Never throws: what is not known is shown by its name and message. */
export async function toFault(error: unknown): Promise<Fault> {
  if (
    error instanceof FunctionsFetchError || error instanceof AuthRetryableFetchError ||
    error instanceof OpenAI.APIConnectionError
  ) return NO_ANSWER;
  if (error instanceof FunctionsHttpError) {
    const response = error.context as Response;
    const body = await response.json().catch(() => undefined);
    return body?.error ?? { code: `http_${response.status}`, message: error.message };
  }
  if (error instanceof AuthError) {
    return { code: error.code ?? error.name, message: error.message };
  }
  if (error instanceof OpenAI.APIError) {
    const { message } = (error.error ?? error) as { message: string };
    return { code: error.code ?? `http_${error.status}`, message };
  }
  return error instanceof Error
    ? { code: error.name, message: error.message }
    : { code: "unknown", message: String(error) };
}
