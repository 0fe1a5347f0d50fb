/** The API-key call: Behest mints. */
import { call, type Reply, type World } from "./upstream.ts";

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
  deadline: number,
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
    deadline,
  }, world);
}
