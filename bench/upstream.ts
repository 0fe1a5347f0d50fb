/**
 * Supabase and Behest as cheap as can be, in a process of their own: ready answers after a set time,
 * so that what is measured is the function. Behest's tokens come ready made; it signs nothing.
 *
 * `/bench/users` takes the users; `/bench?ms=25` sets the time, gives what was counted until then,
 * and counts anew.
 */
import { exitWithParent } from "../dev/stack/parent.ts";

/** What was counted since the last time. */
export interface Counts {
  /** Calls of every kind. */
  readonly calls: number;
  /** Calls that began when no other was under way: how often the function waits in sequence. */
  readonly sequence: number;
}

/** What the double answers. */
export interface Ready {
  /** What the Auth server says of a user, by the caller's `Authorization`. */
  readonly users: Record<string, { readonly user: string }>;
  /** Behest's token by uid. */
  readonly minted: Record<string, string>;
}

let ms = 0;
let underWay = 0;
let calls = 0;
let sequence = 0;

let { users, minted }: Ready = { users: {}, minted: {} };

async function serve(): Promise<never> {
  Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => console.log(`ready http://127.0.0.1:${port}`),
  }, async (request) => {
    const path = request.url.slice(request.url.indexOf("/", 8));
    if (path === "/bench/users") {
      ({ users, minted } = await request.json());
      return new Response();
    }
    if (path.startsWith("/bench")) return Response.json(count(path));
    calls++;
    if (underWay++ === 0) sequence++;
    // A body is read whatever the answer will be, as a server would.
    const body = request.method === "POST" ? await request.json() : undefined;
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
    underWay--;
    return answer(path, request.headers, body);
  });

  function answer(path: string, headers: Headers, body?: { user_id: string; session_id: string }) {
    if (body) {
      const { user_id, session_id } = body;
      const jwt = minted[user_id];
      if (jwt === undefined) return json("{}", 422);
      return json(`{"jwt":"${jwt}","project_id":"prj_1","ttl":900,"session_id":"${session_id}"}`);
    }
    const known = users[headers.get("Authorization") ?? ""];
    if (!known) return json("{}", 401);
    if (path === "/auth/v1/user") return json(known.user);
    // PostgREST gives a list, or the one row where supabase-js's `single` asks for it.
    const single = headers.get("Accept")?.includes("pgrst.object");
    return json(single ? '{"plan":2}' : '[{"plan":2}]');
  }
  return await exitWithParent();
}

function count(path: string): Counts {
  const counts = { calls, sequence };
  [calls, sequence] = [0, 0];
  ms = Number(new URLSearchParams(path.split("?")[1]).get("ms"));
  return counts;
}

function json(text: string, status = 200): Response {
  return new Response(text, { status, headers: { "Content-Type": "application/json" } });
}

if (import.meta.main) await serve();
