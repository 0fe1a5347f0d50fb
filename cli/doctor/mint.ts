/** The Behest token: whether it comes, and what it says. */
import { member, type Reply, textOf } from "./asker.ts";
import { adviceFor, codeOf, describe, isSilent, messageOf } from "./codes.ts";
import { adviceOnSettings } from "./deployment.ts";
import type { Visit } from "./examine.ts";
import { decode, type Jwt } from "./jwt.ts";
import { isLoopback, isSafe } from "./order.ts";
import type { Session } from "./session.ts";

/** The body of a 200. */
export interface Minted {
  readonly token: string;
  readonly sessionId: string;
  readonly ttl: number;
  readonly expiresAt: number;
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly tier: number;
  /** When it came, by this clock, in ms. */
  readonly at: number;
}

/** What of a Behest token the later checks need. */
export interface BehestToken {
  readonly jwt: Jwt;
  readonly kid?: string;
  readonly iat?: number;
  /** Everything in it is as it should be. */
  readonly isSound: boolean;
}

/** Seconds that a whole number of them may be off by rounding and waiting. */
const SLACK = 5;

/** Asks as the user. */
export async function checkMint(
  { order, ask, report, secrets, now }: Visit,
  session: Session,
  headers: Record<string, string>,
): Promise<Minted | undefined> {
  const answer = await ask.ask("the function", order.functionUrl, {
    method: "POST",
    headers: {
      ...headers,
      "Authorization": `Bearer ${session.token}`,
      "Content-Type": "application/json",
      ...(order.publishableKey === undefined ? {} : { "apikey": order.publishableKey }),
    },
    body: "{}",
  });
  if (isSilent(answer)) {
    report.cross("mints", `No token came: ${answer.silence}.`, adviceFor("internal"));
    return undefined;
  }
  secrets.add(textOf(answer.body, "token"));
  if (answer.status !== 200) {
    const code = codeOf(answer);
    const message = code === undefined ? "" : ` ${messageOf(answer)}`;
    report.cross(
      "mints",
      `No token came: ${describe(answer)}.${message}`,
      code === undefined
        ? "Read the function's log in the Supabase dashboard, and deploy this version."
        : code === "misconfigured"
        ? adviceOnSettings(message)
        : adviceFor(code),
    );
    return undefined;
  }
  const at = now();
  const { minted, faults } = read(answer, at, new URL(order.url));
  if (minted?.token === session.token) {
    report.cross(
      "mints",
      "What came back is the session token itself, and no Behest token.",
      `Deploy this version: supabase functions deploy ${order.functionName}`,
    );
    return undefined;
  }
  if (minted === undefined) {
    report.cross(
      "mints",
      `An answer came, but not as clients need it: ${faults.join(", ")}.`,
      `Deploy this version: supabase functions deploy ${order.functionName}`,
    );
    return undefined;
  }
  report.ok("mints", `A token for ${minted.ttl} s, for ${minted.baseUrl}.`);
  return minted;
}

function read({ body }: Reply, at: number, asked: URL): { minted?: Minted; faults: string[] } {
  const token = textOf(body, "token");
  const sessionId = /^[\w.:-]{1,128}$/.exec(textOf(body, "sessionId") ?? "")?.[0];
  const ttl = wholeOf(body, "ttl");
  const expiresAt = wholeOf(body, "expiresAt");
  const baseUrl = safeUrl(textOf(body, "baseUrl"), asked);
  const tier = wholeOf(body, "tier");
  const parts = { token, sessionId, ttl, expiresAt, baseUrl, tier };
  const faults = Object.entries(parts)
    .filter(([, value]) => value === undefined || value === "")
    .map(([name]) => `${name} is missing or wrong`);
  return faults.length > 0 ? { faults } : { minted: { ...parts, at } as Minted, faults };
}

function wholeOf(value: unknown, name: string): number | undefined {
  const found = member(value, name);
  return Number.isSafeInteger(found) && (found as number) >= 0 ? found as number : undefined;
}

/**
 * The token goes there, so it has to be where nobody listens in; and where a server elsewhere cannot
 * point at what runs on this machine.
 */
function safeUrl(text: string | undefined, asked: URL): string | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isOrigin = [url.origin, `${url.origin}/`].includes(text);
  if (!isOrigin || !isSafe(url) || (isLoopback(url) && !isLoopback(asked))) return undefined;
  return url.origin;
}

/** What the token says, against the session and the answer that it came in. */
export function checkClaims(
  { report }: Visit,
  session: Session,
  minted: Minted,
): BehestToken | undefined {
  const jwt = decode(minted.token);
  if (jwt === undefined) {
    report.cross("claims", "The token has not the form of a JWT.", adviceFor("behest_rejected"));
    return undefined;
  }
  const { header, payload } = jwt;
  const [kid, uid] = [textOf(header, "kid"), textOf(payload, "uid")];
  const [iat, exp] = [wholeOf(payload, "iat"), wholeOf(payload, "exp")];
  const tier = wholeOf(payload, "tier");
  const known = uid !== undefined && (session.sub === undefined || uid === session.sub);
  const path = known || uid === undefined ? undefined : pathTo(uid, session.appMetadata);

  const faults: string[] = [];
  if (textOf(header, "alg") !== "RS256") faults.push("alg is not RS256");
  if (!kid) faults.push("kid is missing");
  if (!known && path === undefined) faults.push("uid is not the session's user");
  if (iat === undefined || exp === undefined || Math.abs(exp - iat - minted.ttl) > SLACK) {
    faults.push("exp is not iat + ttl");
  }
  if (exp !== minted.expiresAt) faults.push("exp is not expiresAt");
  if (tier === undefined) faults.push("tier is no whole number");
  else if (tier !== minted.tier) faults.push("tier is not that of the answer");
  if (textOf(payload, "role") !== "user") faults.push("role is not user");
  if (textOf(payload, "sid") !== minted.sessionId) faults.push("sid is not sessionId");

  if (faults.length > 0) {
    report.cross(
      "claims",
      `The token is not as it should be: ${faults.join(", ")}.`,
      "Deploy this version of the function. Where BEHEST_UID_CLAIM is set, uid may be what the " +
        "Auth server keeps in the user's app_metadata: compare it there.",
    );
  } else {
    const note = path === undefined ? "" : ` (from app_metadata.${path}: BEHEST_UID_CLAIM)`;
    const end = new Date(minted.expiresAt * 1000);
    const until = Number.isNaN(end.getTime()) ? minted.expiresAt : end.toISOString();
    report.ok("claims", `uid ${uid}${note}, tier ${tier}, exp ${until}.`);
  }
  return { jwt, kid, iat, isSound: faults.length === 0 };
}

/** Where in `app_metadata` a uid stands, as a dotted path. */
function pathTo(uid: string, value: unknown, depth = 0): string | undefined {
  if (typeof value !== "object" || value === null || depth > 5) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    if (inner === uid) return name;
    const rest = pathTo(uid, inner, depth + 1);
    if (rest !== undefined) return `${name}.${rest}`;
  }
  return undefined;
}
