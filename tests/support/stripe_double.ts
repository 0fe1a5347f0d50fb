/**
 * A double of the few calls of Stripe's API that docs/billing.md makes. It is one because the real
 * API wants an account and a network, and because no account lets a test hold an answer back or
 * change a subscription between two of them. What speaks to it is Stripe's own client, and its types
 * are that client's.
 */
import Stripe from "stripe";

/** The last characters are what Stripe shows of a key in its errors. */
export const STRIPE_KEY = "rk_test_double_of_a_restricted_key_WXYZ";

/** Stripe gives at most as many as it was asked for; few here, so that there is a second page. */
const PAGE = 2;

/** What a test says of a subscription. */
export interface Paid {
  id?: string;
  customer: string;
  user?: string;
  prices: string[];
  status?: Stripe.Subscription.Status;
  /** How many of each price. */
  quantity?: number;
}

/** As Stripe has it, in the fields that tell who pays for what. */
export function subscription(
  { id = `sub_${crypto.randomUUID()}`, customer, user, prices, status = "active", quantity = 1 }:
    Paid,
): Stripe.Subscription {
  const items = prices.map((price) => ({
    object: "subscription_item",
    price: { id: price },
    quantity,
  }));
  return {
    id,
    object: "subscription",
    customer,
    status,
    metadata: user === undefined ? {} : { user_id: user },
    items: { object: "list", data: items, has_more: false, url: "/v1/subscription_items" },
  } as unknown as Stripe.Subscription;
}

/** A call that came. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly params: URLSearchParams;
  readonly idempotencyKey: string | null;
}

/** Stripe, as far as it is needed. */
export class StripeDouble {
  readonly asked: Asked[] = [];
  /** Refuses every call with this status. */
  failing: number | undefined;
  /** Awaited when an answer is made and has not gone out yet. */
  beforeAnswer: () => Promise<void> | void = () => {};
  readonly #subscriptions = new Map<string, Stripe.Subscription>();
  readonly #customers = new Map<string, string>();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => this.#answer(request),
  );

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** From now on this is so, and a subscription of the same id is no longer what it was. */
  set(subscription: Stripe.Subscription): Stripe.Subscription {
    this.#subscriptions.set(subscription.id, structuredClone(subscription));
    return subscription;
  }

  /** What is so now. */
  all(customer: string): Stripe.Subscription[] {
    return [...this.#subscriptions.values()].filter((it) => it.customer === customer);
  }

  /** As if the search had not seen yet what was made in the last minute. */
  forgetSearch(): void {
    this.#customers.clear();
  }

  /** Stripe's own client, which speaks to this. */
  client(): Stripe {
    const { hostname: host, port } = new URL(this.url);
    return new Stripe(STRIPE_KEY, { host, port: Number(port), protocol: "http" });
  }

  stop(): Promise<void> {
    return this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const sent = request.method === "POST"
      ? new URLSearchParams(await request.text())
      : searchParams;
    const idempotencyKey = request.headers.get("idempotency-key");
    this.asked.push({ method: request.method, path: pathname, params: sent, idempotencyKey });
    if (request.headers.get("authorization") !== `Bearer ${STRIPE_KEY}`) {
      const shown = `****${request.headers.get("authorization")?.slice(-4)}`;
      return refuse(401, `Invalid API Key provided: ${shown}`, "invalid_request_error");
    }
    if (this.failing) return refuse(this.failing, "Sorry.", "api_error");
    const answer = Response.json(this.#find(`${request.method} ${pathname}`, sent, idempotencyKey));
    await this.beforeAnswer();
    return answer;
  }

  #find(what: string, params: URLSearchParams, idempotencyKey: string | null): unknown {
    if (what === "GET /v1/subscriptions") return this.#list(params);
    if (what === "GET /v1/customers/search") {
      const [, user = ""] = /^metadata\["user_id"\]:"([\w-]+)"$/.exec(params.get("query")!) ?? [];
      const found = this.#customers.get(user);
      const data = found ? [{ id: found, object: "customer" }] : [];
      return { object: "search_result", url: "/v1/customers/search", has_more: false, data };
    }
    if (what === "POST /v1/customers") {
      const id = `cus_of_${idempotencyKey}`;
      this.#customers.set(params.get("metadata[user_id]")!, id);
      return { id, object: "customer" };
    }
    if (what === "POST /v1/checkout/sessions") {
      return {
        id: "cs_1",
        object: "checkout.session",
        url: "https://checkout.stripe.com/c/pay/cs_1",
      };
    }
    throw new Error(`The double has no ${what}`);
  }

  #list(params: URLSearchParams): unknown {
    // Without a status Stripe leaves out what is canceled.
    const wanted = (status: string) => params.get("status") === "all" || status !== "canceled";
    const all = this.all(params.get("customer")!).filter(({ status }) => wanted(status));
    const after = all.findIndex(({ id }) => id === params.get("starting_after")) + 1;
    const data = all.slice(after, after + Math.min(PAGE, Number(params.get("limit") ?? 10)));
    const has_more = after + data.length < all.length;
    return { object: "list", url: "/v1/subscriptions", has_more, data };
  }
}

function refuse(status: number, message: string, type: string): Response {
  return Response.json({ error: { message, type } }, { status });
}
