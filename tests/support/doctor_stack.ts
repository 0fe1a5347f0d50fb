/** The real stack, for tests of the doctor: open while a file of tests runs. */
import assert from "node:assert/strict";
import { type Stack, startStack } from "../../dev/stack/stack.ts";
import type { CheckId } from "../../cli/doctor/report.ts";
import { ALL, type Examined, idsOf, printed, secrets } from "./doctor_run.ts";

/** Runs while tests do. */
export let stack: Stack;

/** Opens it before a file's tests, and looks after them whether any run printed a secret. */
export function useStack(): void {
  Deno.test.beforeAll(async () => {
    stack = await startStack({ port: 0, gatewayPort: 0, quiet: true });
    const { apiKey, signingKey } = stack.credentials;
    const keys = [apiKey, signingKey, stack.publishableKey, stack.secretKey, stack.jwtSecret];
    for (const secret of [...keys, stack.users[1].password]) secrets.add(secret);
  });
  Deno.test.afterAll(() => stack.stop());
}

/** To be called after a file's last test. */
export function testThatNoSecretWasPrinted(): void {
  Deno.test("no run of all these printed a secret", () => {
    assert.ok(secrets.size > 15 && printed.length > 20, `${secrets.size} ${printed.length}`);
    const all = printed.join("\n");
    for (const secret of secrets) {
      assert.ok(!all.includes(secret), `a secret of ${secret.length} characters was printed`);
      const signature = secret.split(".")[2];
      if (signature) assert.ok(!all.includes(signature));
    }
  });
}

/** A session token of the user on the plan `pro`. */
export async function sessionToken(): Promise<string> {
  const { email, password } = stack.users[1];
  const answer = await fetch(`${stack.url}/auth/v1/token?grant_type=password`, {
    method: "POST",
    headers: { apikey: stack.publishableKey, "Content-Type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  const { access_token, refresh_token } = await answer.json();
  secrets.add(access_token).add(refresh_token);
  return access_token;
}

/** Every check is a tick. */
export function assertWell(examined: Examined): void {
  assert.deepEqual(idsOf(examined, "ok"), ALL, examined.out);
  assert.equal(examined.exit, 0);
}

/** What a check found. */
export function meaningOf({ checks }: Examined, id: CheckId): string {
  return checks.find((check) => check.id === id)?.meaning ?? "";
}
