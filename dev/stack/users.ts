/** The users that the dev stack begins with: one on each plan. */

/** A seeded user, as one signs in with. */
export interface User {
  id: string;
  email: string;
  password: string;
  plan: string;
}

/** The same for all; they exist on the loopback alone, and until the stack stops. */
const PASSWORD = "behest-local-dev";

/** By tier, as the function counts them. */
export const PLANS = ["free", "pro", "max"];

/**
 * Signs them up as users do, then sets their plan as billing would: a user cannot.
 * @throws {Error} with the answer, where Supabase refuses
 */
export function seedUsers(
  url: string,
  publishableKey: string,
  secretKey: string,
): Promise<User[]> {
  return Promise.all(PLANS.map(async (plan) => {
    const email = `${plan}@example.com`;
    const signUp = await send(`${url}/auth/v1/signup`, "POST", publishableKey, {
      email,
      password: PASSWORD,
    });
    const { id } = (await signUp.json()).user;
    await setPlan(url, secretKey, id, plan);
    return { id, email, password: PASSWORD, plan };
  }));
}

/**
 * Writes a user's plan as billing does.
 * @throws {Error} with the answer, where Supabase refuses
 */
export async function setPlan(
  url: string,
  secretKey: string,
  id: string,
  plan: string,
): Promise<void> {
  const answer = await send(
    `${url}/rest/v1/rpc/set_plan`,
    "POST",
    secretKey,
    { user_id: id, plan },
  );
  await answer.body?.cancel();
}

async function send(
  url: string,
  method: string,
  apikey: string,
  body: unknown,
): Promise<Response> {
  const answer = await fetch(url, {
    method,
    headers: { apikey, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) {
    throw new Error(
      `${method} ${url}: ${answer.status} ${await answer.text()}`,
    );
  }
  return answer;
}
