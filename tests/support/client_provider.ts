/** A page where another provider signs users in: supabase-js has its `accessToken`, and no `auth`. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { DeviceClock } from "./client_clock.ts";
import { BehestDouble, FunctionDouble } from "./client_function.ts";
import { type Behest, type BehestOptions, createAt } from "./client_module.ts";

/** Seconds that a token lives; Clerk's are the shortest. */
const LIFE = 60;

/** Clerk, Auth0 and their like, as far as `accessToken` asks them. */
export class ProviderDouble {
  token: string | null = null;
  /** How often it was asked. */
  asked = 0;
  /** Takes the place of the answer. */
  answer: (() => Promise<string | null>) | undefined;
  user: string | undefined;
  readonly #clock: DeviceClock;
  #count = 0;

  constructor(clock: DeviceClock) {
    this.#clock = clock;
  }

  readonly accessToken = (): Promise<string | null> => {
    this.asked++;
    return this.answer?.() ?? Promise.resolve(this.token);
  };

  /** Somebody signs in or out; nobody is told. */
  become(user: string | undefined): void {
    this.user = user;
    this.renew();
  }

  /** A new token of the same user. */
  renew(): void {
    this.renewAt(0);
  }

  /** The same, by a server whose date is so many seconds ahead of this device's. */
  renewAt(ahead: number): void {
    const iat = Math.floor(this.#clock.now() / 1000) + ahead;
    const claims = { sub: this.user, iat, exp: iat + LIFE, jti: ++this.#count };
    const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
    this.token = this.user === undefined ? null : `header.${payload}.signature`;
  }
}

/** What a test has at hand. */
export interface Provided {
  readonly provider: ProviderDouble;
  readonly supabase: SupabaseClient;
  readonly behest: Behest;
  readonly function: FunctionDouble;
  readonly gateway: BehestDouble;
  readonly clock: DeviceClock;
}

/** A page with this user; no request of it carried another's token than who was here then. */
export async function inProvider(
  user: string | undefined,
  options: BehestOptions,
  test: (page: Provided) => Promise<void>,
): Promise<void> {
  const clock = new DeviceClock();
  const provider = new ProviderDouble(clock);
  const edge = new FunctionDouble();
  const gateway = new BehestDouble();
  provider.become(user);
  const supabase = createClient("https://abcdefghijklmnopqrst.supabase.co", "sb_publishable_key", {
    accessToken: provider.accessToken,
    global: {
      async fetch(input, init = {}) {
        const request = new Request(input, { ...init, signal: null });
        const { pathname } = new URL(request.url);
        if (!pathname.startsWith("/functions/v1/")) return Response.json([]);
        return await edge.answer(request, init.signal ?? new AbortController().signal);
      },
    },
    realtime: {
      transport: class {
        close() {}
      } as unknown as typeof WebSocket,
    },
  });
  const fetch = gateway.fetchOf(() => provider.user);
  const behest = createAt(supabase, { fetch, ...options }, clock);
  try {
    await test({ provider, supabase, behest, function: edge, gateway, clock });
    for (const { owner, signedIn, url } of gateway.sent) assert.equal(owner, signedIn, url);
  } finally {
    behest.close();
    await supabase.removeAllChannels();
  }
}
