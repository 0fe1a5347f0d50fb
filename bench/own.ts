/**
 * Our own part of a request: what it takes where fetch, timers and the server are doubles that answer at
 * once, one request after the other. On the Deno that runs this:
 *
 *     npx -y deno@2.1.4 run -A --no-lock bench/own.ts [FOLDER]
 *
 * FOLDER is another state of this repository (git worktree).
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { makeUsers, settingsOf } from "./contestants.ts";

const folder = pathToFileURL(resolve(Deno.args[0] ?? ".", "_"));
const { createHandler } = await import(
  new URL("supabase/functions/behest-token/handler.ts", folder).href
);
const { requests, ready } = await makeUsers(64);
const encoder = new TextEncoder();
const headers = new Headers({ "Content-Type": "application/json" });

/** What of a `Response` the function looks at. */
function answer(text: string) {
  let left: Uint8Array | undefined = encoder.encode(text);
  const read = () => {
    const value = left;
    left = undefined;
    return Promise.resolve({ done: value === undefined, value });
  };
  const body = { getReader: () => ({ read, cancel: () => Promise.resolve() }) };
  return Promise.resolve({ status: 200, ok: true, headers, body });
}

/** What of a call's options the answers depend on. */
interface Call {
  readonly body?: string;
  readonly headers: Record<string, string>;
}

function upstreams(url: string, { body, headers }: Call) {
  if (body !== undefined) {
    const { user_id, session_id } = JSON.parse(body);
    const jwt = ready.minted[user_id];
    return answer(
      `{"jwt":"${jwt}","project_id":"prj_1","ttl":900,"session_id":"${session_id}"}`,
    );
  }
  if (!url.includes("/auth/v1/user")) return answer('[{"plan":2}]');
  return answer(ready.users[headers["Authorization"] ?? ""]?.user ?? "");
}

/** What of a `Request` the function looks at. HS256, which the core verifies itself. */
const asked = requests.hs256.map((bytes) => {
  const [, ...lines] = new TextDecoder().decode(bytes).trim().split("\r\n");
  const headers = new Headers(lines.map((line) => line.split(": ") as [string, string]));
  return { method: "POST", headers, body: null };
});

/** Microseconds a request: the median of some rounds, once V8 has compiled what it will. */
async function measure(claims: Record<string, string>): Promise<number> {
  const contestant = { name: "ours", what: "", entry: "", env: claims };
  const env = new Map(
    Object.entries(await settingsOf(contestant, "api-key", "http://127.0.0.1:9")),
  );
  const clock = {
    now: () => Math.floor(Date.now() / 1000),
    tick: () => performance.now(),
    after: () => () => {},
  };
  const handle = createHandler({ env, fetch: upstreams, clock, log: () => {} });
  const rounds = [];
  for (let round = -8; round < 9; round++) {
    const start = performance.now();
    for (let nth = 0; nth < 4000; nth++) {
      const { status } = await handle(asked[nth % asked.length]);
      if (status !== 200) throw new Error(`The function answered ${status}`);
    }
    if (round >= 0) rounds.push((performance.now() - start) / 4);
  }
  return rounds.sort((one, other) => one - other)[4] ?? NaN;
}

const claims = { BEHEST_USER_CHECK: "claims", BEHEST_PLAN_CLAIM: "app_metadata.plan" };
console.log(`as it comes ${(await measure({})).toFixed(0)} µs a request`);
console.log(`with user and plan from claims ${(await measure(claims)).toFixed(0)} µs a request`);
