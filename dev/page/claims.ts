/** What a token says: read, not verified, since that is the gateway's work. */

import type { Way } from "./settings.ts";

/** The claims that the page shows or uses: a Behest token's, or, on the direct way, a session's. */
export interface Claims {
  uid: string;
  /** Of a Behest token: a session's token has a plan, of which the gateway makes a tier. */
  tier?: number;
  plan?: unknown;
  exp: number;
  sid: string;
  role: string;
  iss: string;
  jti?: string;
  /** The key that signed it, from its header: Behest's own, the project's, or Supabase's. */
  kid: string;
}

/** What each is called in a session token. */
const SESSION_NAMES: Partial<Record<keyof Claims, string>> = {
  uid: "sub",
  plan: "app_metadata.plan",
  sid: "session_id",
};

/** @throws {Error} for what is no JWT */
export function readClaims(token: string, way: Way): Claims {
  const [header, payload] = token.split(".").slice(0, 2).map(decode);
  const { sub, session_id, app_metadata } = payload;
  const session = { ...payload, uid: sub, sid: session_id, plan: app_metadata?.plan };
  return { ...(way === "direct" ? session : payload), kid: header.kid };
}

/** What a claim is called in the token itself. */
export function nameOf(claim: keyof Claims, way: Way): string {
  return way === "direct" && SESSION_NAMES[claim] || claim;
}

function decode(part: string) {
  const base64 = part.replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}
