/** The function's settings by name, and what each decides: they are all that it believes. */

const TIER = "which tier a user has, and so what is paid";
const TOKEN = "what a token that is signed here says";
const SESSIONS = "which sessions are good";

/** In the words of whoever finds one that somebody else has set. */
const DECIDES: Readonly<Record<string, string>> = {
  BEHEST_KEY: "whose Behest project pays",
  BEHEST_API_KEY: "whose Behest project pays: BEHEST_KEY by its old name",
  BEHEST_BASE_URL: "where BEHEST_KEY is sent",
  BEHEST_KID: TOKEN,
  BEHEST_TENANT_ID: TOKEN,
  BEHEST_PROJECT_ID: TOKEN,
  BEHEST_ISSUER: TOKEN,
  BEHEST_AUDIENCE: TOKEN,
  BEHEST_TTL: "how long a token is good",
  BEHEST_USER_CHECK: "whether users who were signed out, banned or deleted are refused",
  BEHEST_ANONYMOUS: "whether anonymous users get tokens",
  BEHEST_OAUTH_CLIENTS: "which OAuth clients get tokens",
  BEHEST_UID_CLAIM: "who a user is at Behest",
  BEHEST_PLAN_TABLE: TIER,
  BEHEST_PLAN_COLUMN: TIER,
  BEHEST_PLAN_USER_COLUMN: TIER,
  BEHEST_PLAN_CLAIM: TIER,
  BEHEST_PLAN_TIERS: TIER,
  BEHEST_PLAN_ON_ERROR: TIER,
  BEHEST_TIER: TIER,
  BEHEST_MODEL_POLICY: "which models are offered",
  CORS_ORIGIN: "which pages may ask for tokens",
  JWT_SECRET: "who signs sessions: whoever knows it can be any user",
  JWT_JWKS_URL: "who signs sessions: whoever owns the address can be any user",
  JWT_AUDIENCE: SESSIONS,
  JWT_ISSUER: SESSIONS,
};

/** What a setting decides; nothing where it is none of the function's. */
export function decidedBy(name: string): string | undefined {
  const isOurs = Object.hasOwn(DECIDES, name) || /^(?:BEHEST|JWT)_/.test(name);
  // A newer version may have more of them.
  return isOurs ? DECIDES[name] ?? "how the function works" : undefined;
}
