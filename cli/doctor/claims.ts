/** What the Behest token says. */
import { adviceFor } from "./codes.ts";
import type { CheckContext } from "./context.ts";
import { textOf, wholeOf } from "./json.ts";
import { decode, type Jwt } from "./jwt.ts";
import type { Minted } from "./mint.ts";
import type { Session } from "./session.ts";

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

/** What the token says, against the session and the answer that it came in. */
export function checkClaims(
  { report, secrets }: CheckContext,
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
    const note = path === undefined
      ? ""
      : ` (from ${secrets.quote(`app_metadata.${path}`)}: BEHEST_UID_CLAIM)`;
    const end = new Date(minted.expiresAt * 1000);
    const until = Number.isNaN(end.getTime()) ? minted.expiresAt : end.toISOString();
    report.ok("claims", `uid ${secrets.quote(uid ?? "")}${note}, tier ${tier}, exp ${until}.`);
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
