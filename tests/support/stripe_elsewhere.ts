/** Sends what is meant for Stripe to `STRIPE_DOUBLE`. To be imported before Stripe's client is made. */
const STRIPE = "https://api.stripe.com/";
const double = Deno.env.get("STRIPE_DOUBLE") ?? "";
const elsewhere = globalThis.fetch;

globalThis.fetch = (input, init) => {
  const url = String(input instanceof Request ? input.url : input);
  return elsewhere(url.startsWith(STRIPE) ? `${double}/${url.slice(STRIPE.length)}` : input, init);
};
