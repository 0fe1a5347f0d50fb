/** The API-key call: Behest mints. */
import { call, type Reply, type Span, type World } from "./upstream.ts";

/** Tries after the first. */
const RETRIES = 2;

/**
 * Asks Behest for a token (`POST /v1/auth/mint`).
 *
 * @param body the core's request
 */
export function fetchToken(
  url: string,
  key: string,
  body: string,
  span: Span,
  world: World,
): Promise<Reply> {
  return call({
    url,
    headers: {
      "Authorization": `Bearer ${key}`,
      "Content-Type": "application/json",
      "Accept": "application/json",
    },
    body,
    retries: RETRIES,
    span,
  }, world);
}

/** Behest's name for the request, where it is safe to hand on. */
export function traceIdOf({ headers }: Reply): string | undefined {
  const id = headers?.get("X-Trace-Id");
  return id && /^[\x21-\x7e]{1,128}$/.test(id) ? id : undefined;
}
