/** Who asks: sound users and unsound ones, with tokens made once and used again and again. */
import { makeBehestToken } from "../support/answers.ts";
import { forge, sessionClaims, sessionToken, type Signer } from "../support/keys.ts";
import { hmacToken } from "../support/keys.ts";

export const ORIGINS = ["https://one.example.com", "https://two.example.com"] as const;

const TIERS = { free: 1, pro: 2, max: 3 } as const;
const PLANS = ["free", "pro", "max"] as const;

/** What is the matter with a user, to the upstreams, and the code that comes of it. */
export const AILMENTS = {
  sound: "ok",
  ended: "invalid_session",
  mistaken: "invalid_session",
  unknowable: "auth_unavailable",
  planless: "plan_unavailable",
  unmintable: "behest_unavailable",
  swapped: "behest_rejected",
  spent: "quota_exceeded",
  hasty: "rate_limited",
} as const;
export type Ailment = keyof typeof AILMENTS;

export interface User {
  readonly sub: string;
  readonly ailment: Ailment;
  readonly plan: typeof PLANS[number];
  readonly tier: number;
  readonly origin: string;
  readonly token: string;
  /** The Behest token that the double gives out. */
  readonly behest: string;
}

/** What is wrong with a request before any upstream is asked, and the code that comes of it. */
export interface Shot {
  readonly code: string;
  readonly user: User;
  readonly token?: string;
  readonly method?: string;
  readonly origin?: string;
  readonly body?: string;
}

export interface People {
  readonly sound: User[];
  readonly ailing: User[];
  readonly shots: Shot[];
  /** A session that nobody signed, with HS256: where nobody has the secret, the Auth server is asked. */
  readonly forged: string;
}

/**
 * @param signers one in ten users has a token of the first, the others of the second
 * @param lifetime seconds for which the tokens must last
 * @param asked whether the Auth server is asked about users
 */
export async function makePeople(
  signers: [Signer, Signer],
  lifetime: number,
  asked: boolean,
): Promise<People> {
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now, exp: now + lifetime };
  let count = 0;
  const make = async (ailment: Ailment): Promise<User> => {
    const sub = crypto.randomUUID();
    const plan = PLANS[count % 3] ?? "free";
    const tier = TIERS[plan];
    const signer = signers[count++ % 10 === 0 ? 0 : 1];
    const claims = { ...times, sub, app_metadata: { plan } };
    return {
      sub,
      ailment,
      plan,
      tier,
      origin: ORIGINS[count % 2] ?? ORIGINS[0],
      token: await sessionToken(signer, claims),
      behest: await makeBehestToken({ uid: sub, tier }, now, lifetime),
    };
  };
  const many = (number: number, ailment: Ailment) =>
    Promise.all(Array.from({ length: number }, () => make(ailment)));
  const sound = await many(300, "sound");
  const ailing = (await Promise.all(
    Object.keys(AILMENTS).slice(1).map((ailment) => many(4, ailment as Ailment)),
  )).flat();
  const [user, other] = sound;
  if (!user || !other) throw new Error("nobody is there");
  const claims = { ...sessionClaims(), ...times, sub: user.sub };
  const signer = signers[1];
  const cut = user.token.lastIndexOf(".");
  const header = { alg: signer.alg, kid: signer.kid, typ: "JWT" };
  const bad = async (code: string, token: string | Promise<string>): Promise<Shot> => ({
    code,
    user,
    token: await token,
  });
  const forged = await hmacToken(JSON.stringify(signer.jwk), { ...header, alg: "HS256" }, claims);
  const shots = [
    await bad("missing_token", ""),
    await bad("invalid_token", "a.b.c"),
    await bad(
      "invalid_token",
      user.token.slice(0, cut) + other.token.slice(other.token.lastIndexOf(".")),
    ),
    await bad("invalid_token", forge(signer, { ...header, alg: "none" }, claims)),
    await bad("invalid_token", forge(signer, { ...header, kid: "nobody's" }, claims)),
    await bad(asked ? "invalid_session" : "invalid_token", forged),
    await bad("expired_token", forge(signer, header, { ...claims, exp: now - 60 })),
    await bad("not_a_user", forge(signer, header, { ...claims, role: "anon" })),
    { code: "origin_forbidden", user, origin: "https://evil.example" },
    { code: "request_too_large", user, body: JSON.stringify({ pad: "x".repeat(17_000) }) },
    { code: "invalid_request", user, body: '{"sessionId":' },
    { code: "invalid_request", user, body: '{"sessionId":"no spaces"}' },
    { code: "method_not_allowed", user, method: "PUT" },
  ];
  return { sound, ailing, shots, forged };
}
