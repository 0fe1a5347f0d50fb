/** Sessions on the dev stack, and what each server says to one. */
import assert from "node:assert/strict";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Stack } from "../../dev/stack/stack.ts";

/** As an app has it. */
export function client({ url, publishableKey }: Stack): SupabaseClient {
  return createClient(url, publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
}

/** Someone who has signed up just now, and what Auth gave. */
export async function signUp(stack: Stack) {
  const supabase = client(stack);
  const email = `${crypto.randomUUID()}@example.com`;
  const { data, error } = await supabase.auth.signUp({ email, password: crypto.randomUUID() });
  assert.ifError(error);
  return { supabase, session: data.session!, id: data.user!.id };
}

/** Asks as a user with this token. */
function ask({ url, publishableKey }: Stack, path: string, token: string): Promise<Response> {
  const headers = { apikey: publishableKey, Authorization: `Bearer ${token}` };
  return fetch(url + path, { headers });
}

/** What the Auth server and PostgREST say to a token: status and code of each. */
export async function verdict(stack: Stack, token: string) {
  const user = await ask(stack, "/auth/v1/user", token);
  const row = await ask(stack, "/rest/v1/profiles?select=id", token);
  const { error_code } = await user.json();
  const { code } = await row.json();
  assert.equal(user.headers.get("x-sb-error-code") ?? undefined, error_code);
  return [user.status, error_code, row.status, code];
}

/** What the function says to a token, and the steps that it took. */
export async function mint({ functionUrl }: Stack, token: string) {
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await fetch(functionUrl, { method: "POST", headers });
  const steps = answer.headers.get("server-timing")?.match(/\w+(?=;)/g);
  return { status: answer.status, steps, ...await answer.json() };
}

export const TAKEN = [200, undefined, 200, undefined];
export const REFUSED = [403, "bad_jwt", 401, "PGRST301"];

/** What the gateway says to a token. */
export async function chat({ gatewayUrl }: Stack, token: string) {
  const answer = await fetch(`${gatewayUrl}/v1/chat/completions`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "X-Session-Id": "s" },
    body: JSON.stringify({ model: "any", messages: [{ role: "user", content: "ping" }] }),
  });
  return { status: answer.status, text: await answer.text() };
}
