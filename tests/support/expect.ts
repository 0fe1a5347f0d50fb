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
  model_forbidden: 403,
  method_not_allowed: 405,
  request_too_large: 413,
  rate_limited: 429,
  misconfigured: 500,
  internal: 500,
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
