/** What a Behest token says: read, not verified, since that is the gateway's work. */

/** The claims that the page shows or uses. */
export interface Claims {
  uid: string;
  tier: number;
  exp: number;
  sid: string;
  role: string;
  iss: string;
  jti: string;
  /** The key that signed it, from its header: Behest's own, or the project's. */
  kid: string;
}

/** @throws {Error} for what is no JWT */
export function readClaims(token: string): Claims {
  const [header, payload] = token.split(".").slice(0, 2).map(decode);
  return { ...payload, kid: header.kid };
}

function decode(part: string) {
  const base64 = part.replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}
