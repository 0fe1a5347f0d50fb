/** Stripe's webhook of docs/billing.md between the whole stack and a double of Stripe. */
import assert from "node:assert/strict";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import Stripe from "stripe";
import { type Child, startChild } from "../../dev/stack/child.ts";
import { type Stack, startStack } from "../../dev/stack/stack.ts";
import { STRIPE_KEY, StripeDouble } from "./stripe_double.ts";

export const WEBHOOK_SECRET = "whsec_test_of_the_endpoint";
export const PLANS = { price_pro: "pro", price_pro_year: "pro", price_max: "max" };

const stripe = new Stripe(STRIPE_KEY);

/** What the webhook says to Stripe. */
export interface Said {
  readonly status: number;
  readonly words: string;
}

/** How a delivery differs from a good one. */
export interface Delivery {
  secret?: string;
  /** When it was signed, in Unix seconds. */
  timestamp?: number;
  /** What arrives in place of what was signed. */
  body?: (signed: string) => string;
  signature?: string;
}

/** A call on its way to the database. */
export interface Call {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** How long something may take on a machine that is busy with other tests, in ms. */
const PATIENCE = 60_000;

/** Waits for what comes by another way than an answer. */
export async function until(
  what: string,
  happened: () => boolean | Promise<boolean>,
): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!await happened()) {
    if (performance.now() > end) throw new Error(`this never happens: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A running webhook. */
export interface Webhook extends Child {
  readonly log: string[];
  /** Resolves when a line has this: a line comes by another way than the answer. */
  logged(words: string): Promise<void>;
}

/** An event as Stripe makes it: a copy of the subscription at that time. */
export function event(type: string, object: unknown): string {
  return JSON.stringify({
    id: `evt_${crypto.randomUUID()}`,
    object: "event",
    api_version: "2026-10-28.endive",
    created: Math.floor(Date.now() / 1000),
    livemode: false,
    type: `customer.subscription.${type}`,
    data: { object },
  });
}

/** Everything that a test needs. */
export class Scene {
  /** What stands between the webhook and the database; answers in its place, where it has one. */
  atDatabase: (call: Call) => Promise<Response | void> | Response | void = () => {};
  /** Plans in the order in which they were written. */
  readonly written: string[] = [];
  readonly double = new StripeDouble();
  readonly answers: string[] = [];
  readonly #webhooks: Webhook[] = [];
  readonly #database: Deno.HttpServer<Deno.NetAddr>;

  constructor(readonly stack: Stack, readonly deno: string) {
    this.#database = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#hand(request),
    );
  }

  /** The settings that docs/billing.md names, and those that Supabase gives. */
  settings(): Record<string, string> {
    return {
      SUPABASE_URL: `http://127.0.0.1:${this.#database.addr.port}`,
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: this.stack.secretKey }),
      STRIPE_SECRET_KEY: STRIPE_KEY,
      STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
      STRIPE_PLANS: JSON.stringify(PLANS),
    };
  }

  /** Starts the file as it is written, with these settings alone. */
  async start(settings: Record<string, string> = this.settings()): Promise<Webhook> {
    const log: string[] = [];
    // What it imports is locked; the old Deno does not read the lock file of the new one.
    const lock = this.deno === Deno.execPath() ? ["--frozen"] : ["--no-config", "--no-lock"];
    const child = await startChild({
      name: "The webhook",
      deno: this.deno,
      args: [...lock, "--allow-net=127.0.0.1", "--allow-env", "tests/support/stripe_webhook.ts"],
      env: { ...settings, STRIPE_DOUBLE: this.double.url },
      inheritEnv: false,
      onLine: (line) => log.push(line),
    });
    const logged = (words: string) => until(words, () => log.some((line) => line.includes(words)));
    const webhook = { ...child, log, logged };
    this.#webhooks.push(webhook);
    return webhook;
  }

  /** Sends an event as Stripe does, signed by Stripe's own library. */
  async deliver(webhook: Child, payload: string, how: Delivery = {}): Promise<Said> {
    const signature = how.signature ?? await stripe.webhooks.generateTestHeaderStringAsync({
      payload,
      secret: how.secret ?? WEBHOOK_SECRET,
      timestamp: how.timestamp ?? Math.floor(Date.now() / 1000),
      cryptoProvider: Stripe.createSubtleCryptoProvider(),
    });
    return await this.send(webhook, how.body?.(payload) ?? payload, {
      "Stripe-Signature": signature,
    });
  }

  /** Sends anything. */
  async send(
    webhook: Child,
    body: string | null,
    headers: HeadersInit = {},
    method = "POST",
  ): Promise<Said> {
    const answer = await fetch(`${webhook.url}/stripe-webhook`, { method, headers, body });
    const words = await answer.text();
    this.answers.push(words, JSON.stringify([...answer.headers]));
    return { status: answer.status, words };
  }

  /** A new user, and what their app is. */
  async signUp(): Promise<{ id: string; customer: string; app: SupabaseClient }> {
    const app = createClient(this.stack.url, this.stack.publishableKey, {
      auth: { persistSession: false, autoRefreshToken: false },
    });
    const { data, error } = await app.auth.signUp({
      email: `${crypto.randomUUID()}@example.com`,
      password: crypto.randomUUID(),
    });
    assert.ifError(error);
    return { id: data.user!.id, customer: `cus_${crypto.randomUUID()}`, app };
  }

  /** The plan as the database has it. */
  async planOf(id: string): Promise<string> {
    const answer = await fetch(`${this.stack.url}/rest/v1/profiles?select=plan&id=eq.${id}`, {
      headers: { apikey: this.stack.secretKey },
    });
    return (await answer.json())[0].plan;
  }

  /** Nothing that anybody could read has any of the secrets, or a part of one. */
  assertNothingSecret(): void {
    assert.ok(this.answers.length > 0);
    const told = [...this.answers, ...this.#webhooks.flatMap(({ log }) => log)].join("\n");
    for (const secret of [this.stack.secretKey, STRIPE_KEY, WEBHOOK_SECRET, "WXYZ", "whsec_"]) {
      assert.ok(!told.includes(secret), secret);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#webhooks.map(({ stop }) => stop()));
    await Promise.all([this.#database.shutdown(), this.double.stop()]);
  }

  /** Hands a call on to the database, whatever stands before it. */
  askDatabase({ path, headers, body }: Call): Promise<Response> {
    return fetch(this.stack.url + path, { method: "POST", headers, body });
  }

  async #hand(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const { host: _, "content-length": __, ...headers } = Object.fromEntries(request.headers);
    const call = { path: pathname + search, headers, body: await request.text() };
    const answer = await this.atDatabase(call);
    if (answer) return answer;
    this.written.push(JSON.parse(call.body).plan);
    return await this.askDatabase(call);
  }
}

/** Lends a scene to a test. */
export async function onScene(
  deno: string,
  work: (scene: Scene, webhook: Webhook) => Promise<void>,
): Promise<void> {
  const stack = await startStack({ port: 0, gatewayPort: 0, quiet: true });
  const scene = new Scene(stack, deno);
  try {
    await work(scene, await scene.start());
  } finally {
    await scene.stop();
    await stack.stop();
  }
  // By now every line has been read.
  scene.assertNothingSecret();
}
