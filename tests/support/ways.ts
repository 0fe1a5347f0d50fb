/** The three ways on the real stack, as tests go them. */
import assert from "node:assert/strict";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Stack } from "../../dev/stack/stack.ts";
import { setPlan } from "../../dev/stack/users.ts";
import { signUp } from "./issuer.ts";

export const WAYS = ["checked", "from claims", "direct"] as const;
export type Way = (typeof WAYS)[number];

/** What these tests need set; the rest is as the stack has it. */
export const SETTINGS = {
  BEHEST_PLAN_TIERS: '{"free":1,"pro":2,"max":3,"gold":9}',
  BEHEST_TIER: "4",
  BEHEST_OAUTH_CLIENTS: "listed-app",
  BEHEST_MODEL_POLICY: '{"big-model":["max"]}',
  // Of everybody who has signed up by e-mail: it shows whose word counts.
  BEHEST_UID_CLAIM: "app_metadata.provider",
};
export const UID = "email";

/** Somebody who has signed up, and is on this plan by their session. */
interface Someone {
  readonly supabase: SupabaseClient;
  readonly id: string;
  readonly session: string;
}

/** What came of asking Behest for something by one of the ways. */
interface Outcome {
  /** The function's answer; 200 where there is no function. */
  readonly status: number;
  readonly code: string | undefined;
  /** What goes to Behest. */
  readonly token: string;
  /** Steps that the function took. */
  readonly steps: string[];
  /** Behest's status, and what its answer says of who asked. */
  readonly chat: number;
  readonly said: string;
}

/** Goes the whole of a way with this session token. */
export async function go(
  stack: Stack,
  way: Way,
  session: string,
  { sessionId, model = "small-model" }: { sessionId?: string; model?: string } = {},
): Promise<Outcome> {
  const minted = way === "direct" ? undefined : await mint(stack, way, session, sessionId, model);
  const token = minted ? minted.body.token : session;
  const chat = token ? await askBehest(stack, token, sessionId ?? "any", model) : undefined;
  return {
    status: minted?.status ?? 200,
    code: minted?.body.error?.code,
    token,
    steps: minted?.steps ?? [],
    chat: chat?.status ?? 0,
    said: await chat?.text() ?? "",
  };
}

async function mint(stack: Stack, way: Way, session: string, sessionId = "s", model = "") {
  const { url, functionUrl } = stack;
  const answered = await fetch(`${url}/dev/function`, {
    method: "POST",
    headers: { Origin: url },
    body: JSON.stringify({ way: way === "checked" ? "checked" : "claims" }),
  });
  assert.equal(answered.status, 200, await answered.text());
  const answer = await fetch(functionUrl, {
    method: "POST",
    headers: { Authorization: `Bearer ${session}` },
    body: JSON.stringify({ sessionId, model }),
  });
  const timing = answer.headers.get("Server-Timing") ?? "";
  const steps = [...timing.matchAll(/(\w+);dur/g)].map(([, name]) => name!);
  return { status: answer.status, body: await answer.json(), steps };
}

export function askBehest({ gatewayUrl }: Stack, token: string, sessionId: string, model: string) {
  return fetch(`${gatewayUrl}/v1/chat/completions`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "X-Session-Id": sessionId },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Who am I?" }] }),
  });
}

export async function someone(stack: Stack, plan = "pro"): Promise<Someone> {
  const { supabase, id } = await signUp(stack);
  await setPlan(stack.url, stack.secretKey, id, plan);
  return { supabase, id, session: await refreshed(supabase) };
}

export async function refreshed(supabase: SupabaseClient): Promise<string> {
  const { data, error } = await supabase.auth.refreshSession();
  assert.ifError(error);
  return data.session!.access_token;
}

/** What Behest says of the tier. */
export const tierOf = ({ said }: Outcome) => Number(/ on tier (\d+)\./.exec(said)?.[1]);
