/**
 * A double of Supabase Realtime, which is an Elixir server and cannot run here: Postgres Changes
 * of a user's own row, by protocol 2.0.0, as supabase-js speaks it (`tests/realtime_test.ts`).
 * There is no broadcast and no presence, and no policy is looked at: a row is a user's own where
 * its primary key is the user's id, and no other row is told of.
 */

import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { type Change, readNews } from "./feed.ts";
import { DEFAULT_LIMITS, type RealtimeLimits } from "./limits.ts";
import { makeJudge, type SessionKey } from "./session.ts";
import { CLOSED, Socket, type World } from "./socket.ts";

/** `refusing` lets a client connect and refuses its joins; `down` refuses the client itself. */
export type RealtimeState = "up" | "refusing" | "down";

/** How long clients may take to say goodbye when all ends, in ms. */
const STOP_TIMEOUT = 1_000;

export interface RealtimeOptions {
  sessionKey: SessionKey;
  publishableKey: string;
  clock?: Clock;
  limits?: Partial<RealtimeLimits>;
}

export interface Realtime {
  readonly state: RealtimeState;
  /** What has been joined stays joined, but for `down`, which drops every socket. */
  set(state: RealtimeState): void;
  /** Closes every socket; clients come back by themselves. */
  drop(): void;
  /** Clients that are connected or have not gone yet, and what they have joined. */
  readonly load: { sockets: number; channels: number };
  /** Tells every client whom it concerns. */
  tell(change: Change): void;
  /** Takes in what `publish` has printed, and nothing else. */
  hear(line: string): void;
  /** Answers a request for the socket. */
  answer(request: Request): Response;
  stop(): Promise<void>;
}

export function makeRealtime(options: RealtimeOptions): Realtime {
  const { sessionKey, publishableKey, clock = SYSTEM_CLOCK } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const judge = makeJudge(sessionKey, clock.now);
  const world: World = { judge, clock, limits, published: [], refusing: false };
  const sockets = new Set<Socket>();
  let state: RealtimeState = "up";
  let allGone = () => {};

  const drop = () => {
    for (const socket of sockets) socket.close(CLOSED.dropped);
  };
  const set = (wanted: RealtimeState) => {
    state = wanted;
    world.refusing = wanted === "refusing";
    if (wanted === "down") drop();
  };
  const tell = (change: Change) => {
    for (const socket of sockets) socket.tell(change);
  };
  return {
    get state() {
      return state;
    },
    get load() {
      const channels = [...sockets].reduce((sum, socket) => sum + socket.channels, 0);
      return { sockets: sockets.size, channels };
    },
    set,
    drop,
    tell,
    hear(line) {
      const news = readNews(line);
      if (!news) return;
      if ("published" in news) world.published = news.published;
      else tell(news.change);
    },
    answer(request) {
      const { searchParams } = new URL(request.url);
      if (state === "down") return refuse(503, "Realtime is down.");
      if (searchParams.get("apikey") !== publishableKey) return refuse(401, "Invalid API key");
      if (searchParams.get("vsn") !== "2.0.0") return refuse(400, "This double speaks vsn=2.0.0.");
      if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
        return refuse(426, "A WebSocket is served here.");
      }
      if (sockets.size >= limits.sockets) return refuse(429, "Too many connected users");
      return open(request);
    },
    async stop() {
      set("down");
      if (sockets.size === 0) return;
      // Deno cannot cut off a client that does not answer; it goes with the process.
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, STOP_TIMEOUT);
        allGone = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };

  function open(request: Request): Response {
    let upgrade: Deno.WebSocketUpgrade;
    try {
      upgrade = Deno.upgradeWebSocket(request);
    } catch {
      return refuse(400, "This is no WebSocket handshake.");
    }
    const socket = new Socket(upgrade.socket, world);
    sockets.add(socket);
    const gone = () => {
      sockets.delete(socket);
      if (sockets.size === 0) allGone();
    };
    upgrade.socket.addEventListener("close", gone);
    return upgrade.response;
  }
}

function refuse(status: number, message: string): Response {
  return Response.json({ message }, { status });
}
