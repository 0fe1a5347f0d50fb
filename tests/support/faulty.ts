/** Upstreams on real sockets, each of which can be told to misbehave. */
import { type Clock, systemClock } from "../../supabase/functions/behest-token/upstream.ts";
import { makeBehestToken, userOf } from "./answers.ts";
import { signerOf } from "./keys.ts";
import { type Call, type Route, ROUTES } from "./upstreams.ts";
import { FaultyWire } from "./faulty_wire.ts";

/** What an upstream does with a connection, which is closed when it is done. */
export type Fault = (wire: FaultyWire) => Promise<void> | void;

/** A port of its own. */
export const LOOPBACK = { hostname: "127.0.0.1", port: 0 };

/** Supabase and Behest on one loopback port. */
export class Faulty {
  /** Connections of each upstream, and of a host that nobody has any business with. */
  readonly connections = { jwks: 0, user: 0, plan: 0, mint: 0, elsewhere: 0 };
  /** Bytes that were taken of each upstream. */
  readonly sent = { jwks: 0, user: 0, plan: 0, mint: 0, elsewhere: 0 };
  readonly #faults: Partial<Record<Call["route"], { fault: Fault; times: number }>> = {};
  readonly #clock: Clock;
  readonly #listener = Deno.listen(LOOPBACK);
  readonly #elsewhere = Deno.listen(LOOPBACK);
  readonly #open = new Set<FaultyWire>();
  readonly #ends: Promise<void>[];
  #stopped = false;

  constructor(clock = systemClock) {
    this.#clock = clock;
    this.#ends = [this.#listen(this.#listener), this.#listen(this.#elsewhere)];
  }

  get url(): string {
    return urlOf(this.#listener);
  }

  /** Another host, as far as a browser or a key is concerned. */
  get elsewhere(): string {
    return urlOf(this.#elsewhere);
  }

  /** Makes an upstream misbehave, for so many connections. */
  set(route: Route, fault: Fault, times = Infinity): void {
    this.#faults[route] = { fault, times };
  }

  /** Makes every upstream well again. */
  heal(): void {
    for (const route of ROUTES) delete this.#faults[route];
  }

  /** Ends every connection, too. */
  async stop(): Promise<void> {
    if (!this.#stopped) {
      this.#listener.close();
      this.#elsewhere.close();
    }
    this.#stopped = true;
    for (const wire of this.#open) wire.close();
    await Promise.all(this.#ends);
  }

  async #listen(listener: Deno.TcpListener): Promise<void> {
    const served: Promise<void>[] = [];
    for await (const conn of listener) {
      served.push(this.#serve(new FaultyWire(conn, this.#clock), listener === this.#elsewhere));
    }
    await Promise.all(served);
  }

  async #serve(wire: FaultyWire, elsewhere: boolean): Promise<void> {
    this.#open.add(wire);
    let route: Call["route"] = "elsewhere";
    try {
      const asked = await wire.route();
      if (!elsewhere) route = asked;
      this.connections[route]++;
      const set = this.#faults[route];
      await (set && set.times-- > 0 ? set.fault : healthy)(wire);
    } catch {
      // The other side has gone.
    } finally {
      this.sent[route] += wire.sent;
      wire.close();
      this.#open.delete(wire);
    }
  }
}

function urlOf(listener: Deno.TcpListener): string {
  return `http://127.0.0.1:${listener.addr.port}`;
}

/** What a healthy upstream says to a call. */
export async function right(call: Call): Promise<string> {
  switch (call.route) {
    case "jwks":
      return JSON.stringify({ keys: [(await signerOf("ES256")).jwk] });
    case "user":
      return JSON.stringify(userOf(call));
    case "plan":
      return JSON.stringify([{ plan: "pro" }]);
    default: {
      const { user_id, ttl, session_id } = JSON.parse(call.body ?? "{}");
      const now = Math.floor(Date.now() / 1000);
      const jwt = await makeBehestToken({ uid: user_id, sid: session_id }, now, ttl);
      return JSON.stringify({ jwt, ttl, session_id });
    }
  }
}

async function healthy(wire: FaultyWire): Promise<void> {
  const body = await right(await wire.request());
  await wire.send(head(`Content-Length: ${body.length}`) + body);
}

/** Status line and headers of an answer on a connection of its own. */
export function head(...headers: string[]): string {
  const lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", "Connection: close"];
  return [...lines, ...headers, "", ""].join("\r\n");
}
