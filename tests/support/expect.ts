/** The contract's error table, and what every test asks of an answer. */
import assert from "node:assert/strict";
import type { Answer, Sent, World } from "./world.ts";

/** Code to status. */
export const STATUS: Record<string, number> = {
  ok: 200,
  invalid_request: 400,
  missing_token: 401,
  invalid_token: 401,
  expired_token: 401,
  not_a_user: 401,
  invalid_session: 401,
  quota_exceeded: 402,
  origin_forbidden: 403,
  anonymous_forbidden: 403,
  client_forbidden: 403,
  uid_missing: 403,
  model_forbidden: 403,
  method_not_allowed: 405,
  request_too_large: 413,
  rate_limited: 429,
  misconfigured: 500,
  internal: 500,
  supabase_rejected: 502,
  behest_rejected: 502,
  auth_unavailable: 503,
  plan_unavailable: 503,
  behest_unavailable: 503,
  auth_timeout: 504,
  plan_timeout: 504,
  behest_timeout: 504,
};

/** The answer has this code, the status that belongs to it, and a shape that fits. */
export function assertCode(answer: Answer, code: string, what = ""): void {
  assert.equal(answer.code, code, `${what} → ${answer.text}`);
  assert.equal(answer.status, STATUS[code], what);
  if (code === "ok") return;
  assert.deepEqual(Object.keys(answer.body), ["error"], what);
  assert.deepEqual(Object.keys(answer.body.error), ["code", "message"], what);
  assert.ok(answer.message.length > 0, `${what}: a message says what to do`);
}

/** Asks, and expects this code. */
export async function expectCode(
  world: World,
  sent: Sent,
  code: string,
  what = "",
): Promise<Answer> {
  const answer = await world.ask(sent);
  assertCode(answer, code, what);
  return answer;
}

/** Milliseconds in which an unknown key is asked for once. */
const REFETCH_MS = 30_000;

/**
 * Asks with a token whose key no inline set has, and expects this code. Nobody is called but for the
 * keys, and that only where they were not asked for in the last 30 seconds.
 */
export async function expectKeysAsked(
  world: World,
  sent: Sent,
  code: string,
  what = "",
): Promise<Answer> {
  const before = world.calls.length;
  const latest = world.to("jwks").at(-1)?.at ?? -Infinity;
  const due = world.clock.tick() - latest >= REFETCH_MS;
  const answer = await expectCode(world, sent, code, what);
  const called = world.calls.slice(before).map(({ route }) => route);
  assert.deepEqual(called, due ? ["jwks"] : [], `${what}: the keys alone are asked for`);
  return answer;
}

/** Asks, and expects this code with not one upstream call. */
export async function expectUncalled(
  world: World,
  sent: Sent,
  code: string,
  what = "",
): Promise<Answer> {
  const before = world.calls.length;
  const answer = await expectCode(world, sent, code, what);
  assert.equal(world.calls.length, before, `${what}: no upstream is called`);
  return answer;
}
