/**
 * What a function owes beside its checks: each wait has an end, each body a bound, each request a line
 * in the log, and an answer the headers that a browser needs. Bodies are read as ours reads them.
 */
import { boundedBytes } from "../../supabase/functions/behest-token/upstream.ts";

// Deno 2.1 walks the stack at each look at one of these in the global object.
const { clearTimeout, console, performance, setTimeout } = globalThis;
const decoder = new TextDecoder();

/** The JSON that a server answers in 5 seconds and in 64 KiB. */
// deno-lint-ignore no-explicit-any
export async function ask(url: string, init: RequestInit): Promise<any> {
  const late = new AbortController();
  const asked = fetch(url, { ...init, redirect: "manual", signal: late.signal });
  const timer = setTimeout(() => late.abort(), 5000);
  try {
    const { body } = await asked;
    return body && JSON.parse(decoder.decode(await boundedBytes(body, 64 * 1024)));
  } finally {
    clearTimeout(timer);
  }
}

/** A 200, and its line in the log. */
export function answer({ headers }: Request, body: unknown, tier: number): Response {
  const ms = performance.now();
  console.log(JSON.stringify({ code: "ok", status: 200, tier, ms: { mint: Math.round(ms) } }));
  return new Response(JSON.stringify(body), {
    headers: {
      "Access-Control-Allow-Origin": headers.get("Origin") ?? "",
      "Access-Control-Expose-Headers": "Server-Timing, X-Trace-Id, Retry-After",
      "Cache-Control": "no-store",
      "Content-Type": "application/json",
      "Server-Timing": `mint;dur=${ms.toFixed(1)}`,
      "Vary": "Origin",
    },
  });
}
