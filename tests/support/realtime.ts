/** The double of Realtime alone, with a clock that a test moves, and a client that says anything. */
import { SignJWT } from "jose";
import type { Change } from "../../dev/stack/realtime/feed.ts";
import { type Frame, parseFrame } from "../../dev/stack/realtime/frame.ts";
import type { RealtimeLimits } from "../../dev/stack/realtime/limits.ts";
import { makeRealtime, type Realtime } from "../../dev/stack/realtime/realtime.ts";
import { secretOf } from "../../dev/stack/realtime/session.ts";
import { DeviceClock } from "./client_clock.ts";

export const SECRET = "a secret of the tests, and of nobody else";
export const KEY = "sb_publishable_of_the_tests";
export const ALICE = "a11ce000-0000-4000-8000-000000000000";
export const BOB = "b0b00000-0000-4000-8000-000000000000";

/** What supabase-js asks for, for a user's own row. */
export const OWN = { event: "*", schema: "public", table: "profiles", filter: `id=eq.${ALICE}` };

/** How a channel ends that was joined as `Wire.join` does. */
export const CLOSE = {
  joinRef: "1",
  ref: "1",
  topic: "realtime:t",
  event: "phx_close",
  payload: {},
};

export interface Double {
  realtime: Realtime;
  clock: DeviceClock;
  /** The longest time, in ms, for which a timer was set; beyond 2^31 it would fire at once. */
  longestWait(): number;
  port: number;
  /** The socket's address, with what is given instead of the key and the version. */
  url(query?: string): string;
  connect(): Promise<Wire>;
  /** A session that ends in so many seconds. */
  session(sub: string, seconds?: number, more?: Record<string, unknown>): Promise<string>;
}

/** Once it is done, nothing may be left: neither a socket nor a channel nor a timer. */
export async function withDouble(
  work: (double: Double) => Promise<void>,
  limits: Partial<RealtimeLimits> = {},
): Promise<void> {
  const clock = new DeviceClock();
  let longest = 0;
  const after = (ms: number, run: () => void) => {
    longest = Math.max(longest, ms);
    return clock.after(ms, run);
  };
  const time = { now: clock.now, after };
  const realtime = makeRealtime({
    sessionKey: secretOf(SECRET),
    publishableKey: KEY,
    clock: time,
    limits,
  });
  realtime.hear('realtime {"published":[{"schema":"public","table":"profiles"}]}');
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    realtime.answer,
  );
  const { port } = server.addr;
  const url = (query = `apikey=${KEY}&vsn=2.0.0`) =>
    `ws://127.0.0.1:${port}/realtime/v1/websocket?${query}`;
  const wires: Wire[] = [];
  try {
    await work({
      realtime,
      clock,
      longestWait: () => longest,
      port,
      url,
      async connect() {
        const wire = await Wire.open(url());
        wires.push(wire);
        return wire;
      },
      session: (sub, seconds = 3600, more = {}) =>
        sign({ sub, role: "authenticated", exp: clock.now() / 1000 + seconds, ...more }),
    });
  } finally {
    await realtime.stop();
    await Promise.all(wires.map(({ closed }) => closed));
    await server.shutdown();
  }
  const left = { ...realtime.load, timers: clock.timers };
  if (left.sockets + left.channels + left.timers > 0) throw new Error(JSON.stringify(left));
}

export function sign(
  claims: Record<string, unknown>,
  secret = SECRET,
  alg = "HS256",
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg, typ: "JWT" })
    .sign(new TextEncoder().encode(secret));
}

/** A change of the row of `key`, as the process of Postgres tells it. */
export function change(key: string, plan: string, type: Change["data"]["type"] = "UPDATE"): Change {
  const columns = [{ name: "id", type: "uuid" }, { name: "plan", type: "text" }];
  const told = { schema: "public", table: "profiles", type, columns, errors: null };
  const record = type === "DELETE" ? {} : { record: { id: key, plan } };
  const old = type === "INSERT" ? {} : { old_record: { id: key } };
  return {
    key,
    data: { ...told, commit_timestamp: "2026-01-01T00:00:00.000Z", ...record, ...old },
  };
}

/** A client without a library: it says what it is told to, and keeps what it hears. */
export class Wire {
  readonly socket: WebSocket;
  readonly closed: Promise<CloseEvent>;
  /** Heard, and not taken yet. */
  readonly heard: Frame[] = [];
  #wake = () => {};

  static async open(url: string): Promise<Wire> {
    const wire = new Wire(url);
    await new Promise((resolve, reject) => {
      wire.socket.onopen = resolve;
      wire.socket.onerror = reject;
    });
    return wire;
  }

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.closed = new Promise((resolve) => this.socket.onclose = resolve);
    this.socket.onmessage = ({ data }) => {
      this.heard.push(parseFrame(data)!);
      this.#wake();
    };
  }

  say(event: string, payload: unknown, { topic = "realtime:t", joinRef = "1", ref = "1" } = {}) {
    this.socket.send(JSON.stringify([joinRef, ref, topic, event, payload]));
  }

  /** The next frame, whatever it is. @throws {Error} where the socket was closed instead */
  async next(): Promise<Frame> {
    const closed = this.closed.then(({ code }) => {
      if (this.heard.length === 0) throw new Error(`closed with ${code}`);
    });
    while (this.heard.length === 0) {
      await Promise.race([closed, new Promise<void>((resolve) => this.#wake = resolve)]);
    }
    closed.catch(() => {});
    return this.heard.shift()!;
  }

  /** Joins, and gives what the reply says. */
  async join(access_token: unknown, asked: unknown = [OWN], topic = "realtime:t") {
    this.say("phx_join", { config: { postgres_changes: asked }, access_token }, { topic });
    const { payload } = await this.next();
    if (payload.status === "ok" && Array.isArray(asked) && asked.length > 0) await this.next();
    return payload as { status: string; response: Record<string, unknown> };
  }

  /** Waits until all that was said has been answered. */
  async settle(): Promise<Frame[]> {
    this.say("heartbeat", {}, { topic: "phoenix", ref: "settle" });
    const frames = [];
    for (let frame = await this.next(); frame.ref !== "settle"; frame = await this.next()) {
      frames.push(frame);
    }
    return frames;
  }
}

/** The plan that a frame tells of. */
export function plan({ payload }: Frame): unknown {
  return (payload.data as Change["data"] | undefined)?.record?.plan;
}
