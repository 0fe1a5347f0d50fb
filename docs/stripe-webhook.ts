/**
 * Stripe's webhook as a Supabase Edge Function: keeps `plan` in `profiles` at what the user pays for.
 * To be copied to supabase/functions/stripe-webhook/index.ts; docs/billing.md has the rest.
 */
// deno-lint-ignore no-import-prefix -- this file is copied alone, without an import map
import Stripe from "npm:stripe@23.1.0";

/** A subscription in one of these states gives its plan. `past_due`: Stripe still tries to collect. */
const GIVING = ["active", "trialing", "past_due"];

const env = (name: string) => Deno.env.get(name) ?? "";
/** A setting in JSON; nothing, where it is none. */
const json = (name: string) => new Response(env(name)).json().catch(() => undefined);
const secretKeys = await json("SUPABASE_SECRET_KEYS");
const secretKey: string = secretKeys?.default || env("SUPABASE_SERVICE_ROLE_KEY");
/** Price to plan, from the least to the best. */
const plans = new Map<string, unknown>(Object.entries(await json("STRIPE_PLANS") ?? {}));
const faulty = Object.entries({
  SUPABASE_URL: env("SUPABASE_URL"),
  SUPABASE_SECRET_KEYS: secretKey,
  STRIPE_SECRET_KEY: env("STRIPE_SECRET_KEY"),
  STRIPE_WEBHOOK_SECRET: env("STRIPE_WEBHOOK_SECRET"),
  // A map that says nothing, or is the wrong way round, would put everybody on `free`.
  STRIPE_PLANS: plans.size > 0 &&
    [...plans].every(([price, plan]) =>
      /^(price|plan)_/.test(price) && typeof plan === "string" && plan !== ""
    ),
}).filter(([, good]) => !good).map(([name]) => name);

const stripe = new Stripe(env("STRIPE_SECRET_KEY") || "unset", {
  httpClient: Stripe.createFetchHttpClient(),
  timeout: 10_000,
});

/** Its words are our own, and may be told; those of others may have a key in them. */
class Later extends Error {}

/** Prices that this user pays now. Stripe is asked: what an event says of them may be old. */
async function pricesOf(user: string, customer: string): Promise<string[]> {
  const prices: string[] = [];
  const all = stripe.subscriptions.list({ customer, status: "all", limit: 100 });
  for await (const { status, metadata, items } of all) {
    // A customer may pay for several users.
    if (metadata.user_id !== user || !GIVING.includes(status)) continue;
    // None of a price is not paid for.
    prices.push(
      ...items.data.filter(({ quantity }) => quantity !== 0).map(({ price }) => price.id),
    );
  }
  return prices;
}

/** @returns whether the database knows the user */
async function setPlan(user: string, plan: string): Promise<boolean> {
  // What is no UUID is nobody's id.
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(user)) return false;
  const answer = await fetch(`${env("SUPABASE_URL")}/rest/v1/rpc/set_plan`, {
    method: "POST",
    headers: {
      apikey: secretKey,
      // A legacy key is a token, and some gateways want it here as well.
      ...!secretKey.startsWith("sb_") && { Authorization: `Bearer ${secretKey}` },
      "Content-Type": "application/json",
    },
    body: JSON.stringify({ user_id: user, plan }),
    redirect: "error",
    signal: AbortSignal.timeout(10_000),
  });
  const text = await answer.text();
  if (answer.ok) return true;
  // No such user: to send it again would not help. All else may pass, or can be mended: a database
  // that is down, a key, the migration, a trigger that does not take this plan.
  const [, code = ""] = /"code":\s*"(\w+)"/.exec(text) ?? [];
  if (code === "PT404") return false;
  throw new Later(`set_plan answers ${answer.status} ${code}`);
}

/** @returns what there is to say of it */
async function follow({ customer, metadata: { user_id: user } }: Stripe.Subscription) {
  if (!user) return "no user_id in the subscription's metadata: nobody's plan";
  // Another event may be at work beside this one, with an older answer of Stripe's: whoever writes
  // last also asks last, and writes again until what is written is what Stripe says.
  for (let written, round = 0; round < 5; round++) {
    const prices = await pricesOf(user, customer as string);
    const unknown = prices.filter((price) => !plans.has(price));
    const best = [...plans.keys()].findLast((price) => prices.includes(price));
    const plan = best ? plans.get(best) as string : "free";
    const note = unknown.length > 0 ? `, and STRIPE_PLANS does not have ${unknown}` : "";
    if (plan === written) return `user ${user} is on ${plan}${note}`;
    if (!await setPlan(user, plan)) return `the database has no user ${user}${note}`;
    written = plan;
  }
  throw new Later("Stripe said something else each time");
}

/** The same words for the log and for Stripe's dashboard; none of them is secret. */
function say(status: number, words: string, headers?: HeadersInit): Response {
  console.log(`${status} ${words}`);
  return new Response(words, { status, headers });
}

Deno.serve(async (request) => {
  if (request.method !== "POST") return say(405, "POST alone", { Allow: "POST" });
  if (faulty.length > 0) return say(500, `missing or wrong settings: ${faulty.join(", ")}`);
  let event: Stripe.Event;
  try {
    event = await stripe.webhooks.constructEventAsync(
      await request.text(),
      request.headers.get("stripe-signature") ?? "",
      env("STRIPE_WEBHOOK_SECRET"),
      undefined, // Stripe's tolerance: an event is refused when its signature is 5 minutes old.
      Stripe.createSubtleCryptoProvider(),
    );
  } catch {
    return say(400, "no signature by STRIPE_WEBHOOK_SECRET, or an old one");
  }
  const about = `${event.id} ${event.type}:`;
  if (!event.type.startsWith("customer.subscription.")) return say(200, `${about} not needed`);
  try {
    return say(200, `${about} ${await follow(event.data.object as Stripe.Subscription)}`);
  } catch (error) {
    const { type, code, name, message } = error as Stripe.errors.StripeError;
    const cause = error instanceof Later ? message : type ? `Stripe: ${code ?? type}` : name;
    return say(503, `${about} try again (${cause})`);
  }
});
