/** What the page asks of the local stack, to see what the client does about it. */

import type { Way } from "./settings.ts";

/** What answers under the function's URL, and what it goes by. */
export interface FunctionState {
  state: "api-key" | "local" | "down";
  way: Exclude<Way, "direct">;
}

/** @throws {Error} where this page is not served by a stack that has such controls */
export async function functionState(): Promise<FunctionState> {
  return JSON.parse(await call("function"));
}

/** Picks how the function mints, or takes it down. What is not named stays. */
export async function setFunctionState(wanted: Partial<FunctionState>): Promise<void> {
  await call("function", wanted);
}

/** Has the gateway refuse a token from now on. */
export async function revokeToken(jti: string): Promise<void> {
  await call("revocations", { jti });
}

/** Writes a user's plan, as the webhook of a billing provider would. */
export async function setPlan(id: string, plan: string): Promise<void> {
  await call("plan", { id, plan });
}

/** What a browser says of a server that is gone is for nobody to read. */
export class NoStackError extends Error {
  override name = "no_stack";
  constructor(cause: unknown) {
    super("The local stack does not answer. See whether it still runs, then try again.", { cause });
  }
}

async function call(path: string, body?: object): Promise<string> {
  const answer = await fetch(`/dev/${path}`, {
    method: body ? "POST" : "GET",
    body: body && JSON.stringify(body),
  }).catch((error) => {
    throw new NoStackError(error);
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`The stack answers ${answer.status}: ${text}`);
  return text;
}
