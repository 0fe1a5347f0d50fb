/** The contract's error table, row by row: how each refusal comes about, and whom it calls. */
import { forge, makeSigner, sessionToken, signerOf, START } from "./keys.ts";
import {
  authRefusal,
  failing,
  gatewayRefusal,
  hang,
  json,
  raw,
  redirect,
  restRefusal,
  type Route,
  tooMany,
} from "./upstreams.ts";
import { PUBLISHABLE_KEY, type Routes, type Sent, type Settings, World } from "./world.ts";

/** One way to be refused. */
export interface Refusal {
  readonly code: string;
  readonly when: string;
  readonly settings?: Settings;
  readonly routes?: Routes;
  readonly sent?: Sent;
  /** Breaks the world in a way that no setting can. */
  readonly arrange?: (world: World) => void;
  /** The upstreams that are asked before it is refused; by default none. */
  readonly calls?: readonly Route[];
}

/** The deployment in which a row is refused. */
export async function refusing({ settings, routes, arrange }: Refusal): Promise<World> {
  const world = await World.make(settings, routes);
  arrange?.(world);
  return world;
}

const KEY = await signerOf("ES256");
const HMAC = await signerOf("HS256");
const token = (
  ...over: Parameters<typeof sessionToken> extends [unknown, ...infer R] ? R : never
) => sessionToken(KEY, ...over).then((token) => ({ token }));

const INVALID_REQUEST: Refusal[] = [
  { when: "the body is not JSON", body: "{" },
  { when: "the body is no object", body: "[]" },
  { when: "sessionId is out of range", body: '{"sessionId":""}' },
  { when: "model is out of range", body: '{"model":""}' },
].map(({ when, body }) => ({ code: "invalid_request", when, sent: { body } }));

const INVALID_TOKEN: Refusal[] = [
  { when: "the token is malformed", sent: { token: "a.b.c" } },
  {
    when: "the signature is wrong",
    sent: { token: await sessionToken({ ...await makeSigner("ES256"), kid: KEY.kid }) },
  },
  {
    when: "the key is unknown",
    sent: await token({}, { kid: "unknown" }),
    calls: ["jwks"] as const,
  },
  {
    when: "the algorithm is not allowed",
    sent: { token: await forge(KEY, { alg: "none", kid: KEY.kid }) },
  },
  { when: "nbf is in the future", sent: await token({ nbf: START + 60 }) },
  { when: "the audience is wrong", sent: await token({ aud: "other" }) },
  {
    when: "the issuer is wrong",
    settings: { JWT_ISSUER: "https://i.example" },
    sent: await token({ iss: "https://other.example" }),
  },
].map((row) => ({ code: "invalid_token", ...row }));

const NOT_A_USER: Refusal[] = [
  { when: "the token is the anon key", sent: await token({ role: "anon" }) },
  {
    when: "the token is the service role key",
    sent: await token({ role: "service_role" }),
  },
  { when: "the token has no sub", sent: await token({ sub: undefined }) },
  { when: "the token is the publishable key", sent: { token: PUBLISHABLE_KEY } },
].map((row) => ({ code: "not_a_user", ...row }));

const SUPABASE_REJECTED: Refusal[] = [
  {
    when: "the gateway takes no API key of ours any more",
    routes: { user: gatewayRefusal(401, "Legacy API keys are disabled") },
  },
  {
    when: "a firewall answers with a page in the Auth server's place",
    routes: { user: raw("<!doctype html><title>Blocked</title>", 403) },
  },
  { when: "a proxy redirects in the Auth server's place", routes: { user: redirect(302) } },
  { when: "the gateway refuses in PostgREST's place", routes: { plan: gatewayRefusal(401) } },
  { when: "a proxy knows no such path in PostgREST's place", routes: { plan: raw("", 404) } },
].map((row) => ({ code: "supabase_rejected", calls: ["user", "plan"], ...row }));

const OF_UPSTREAMS: Refusal[] = [
  ...SUPABASE_REJECTED,
  {
    code: "supabase_rejected",
    when: "the gateway gives out no key set",
    settings: { SUPABASE_JWKS: undefined },
    routes: { jwks: gatewayRefusal(401) },
    calls: ["jwks"],
  },
  {
    code: "uid_missing",
    when: "BEHEST_UID_CLAIM names a place where this user has no uid",
    settings: { BEHEST_UID_CLAIM: "app_metadata.uid" },
    calls: ["user", "plan"],
  },
  {
    code: "client_forbidden",
    when: "the token is an OAuth client's that BEHEST_OAUTH_CLIENTS does not list",
    sent: await token({ client_id: "another-app", scope: "openid" }),
  },
  {
    code: "invalid_session",
    when: "the Auth server no longer knows the session",
    routes: { user: authRefusal(403, "session_not_found") },
    calls: ["user", "plan"],
  },
  {
    code: "invalid_session",
    when: "the Auth server no longer knows the user",
    routes: { user: authRefusal(403, "user_not_found") },
    calls: ["user", "plan"],
  },
  {
    code: "anonymous_forbidden",
    when: "an anonymous user comes where BEHEST_ANONYMOUS=deny",
    settings: { BEHEST_ANONYMOUS: "deny" },
    sent: await token({ is_anonymous: true }),
    calls: ["user", "plan"],
  },
  {
    code: "model_forbidden",
    when: "the model policy refuses this plan that model",
    settings: { BEHEST_MODEL_POLICY: '{"opus":["max"]}' },
    sent: { body: '{"model":"opus"}' },
    calls: ["user", "plan"],
  },
  ...([
    ["quota_exceeded", "Behest says 402", failing(402)],
    ["rate_limited", "Behest says 429", tooMany("7")],
    ["behest_rejected", "Behest refuses our key", failing(401)],
    ["behest_rejected", "Behest answers with what is no token of this user", json({ jwt: "x" })],
    ["behest_unavailable", "Behest fails", failing(503)],
    ["behest_timeout", "Behest does not answer in time", hang],
  ] as const).map(([code, when, mint]): Refusal => ({
    code,
    when,
    routes: { mint },
    calls: ["user", "plan", "mint"],
  })),
  ...([
    ["auth_unavailable", "the Auth server fails", { user: failing(500) }],
    ["auth_timeout", "the Auth server does not answer in time", { user: hang }],
    ["plan_unavailable", "the database fails", { plan: failing(500) }],
    ["plan_unavailable", "PostgREST refuses the token", { plan: restRefusal(401, "PGRST301") }],
    ["plan_timeout", "the database does not answer in time", { plan: hang }],
  ] as const).map(([code, when, routes]): Refusal => ({
    code,
    when,
    routes,
    calls: ["user", "plan"],
  })),
];

/** Every row of the table; `invalid_token` and `not_a_user` with each reason that it gives. */
export const REFUSALS: readonly Refusal[] = [
  ...INVALID_REQUEST,
  { code: "missing_token", when: "there is no bearer token", sent: { token: null } },
  ...INVALID_TOKEN,
  { code: "expired_token", when: "exp has passed", sent: await token({ exp: START - 60 }) },
  ...NOT_A_USER,
  {
    code: "origin_forbidden",
    when: "the Origin is not allowed",
    sent: { origin: "https://evil.example" },
  },
  { code: "method_not_allowed", when: "the method is GET", sent: { method: "GET" } },
  {
    code: "request_too_large",
    when: "the body is over 16 KiB",
    sent: { body: " ".repeat(16 * 1024 + 1) },
  },
  {
    code: "misconfigured",
    when: "a required setting is missing",
    settings: { BEHEST_KEY: undefined },
  },
  {
    code: "misconfigured",
    when: "there is no key at all and the Auth server is not asked",
    settings: { SUPABASE_JWKS: "[]", BEHEST_USER_CHECK: "claims" },
    sent: { token: await sessionToken(HMAC) },
  },
  {
    code: "misconfigured",
    when: "no key can verify a token and the Auth server is not asked",
    settings: { SUPABASE_JWKS: undefined, BEHEST_USER_CHECK: "claims" },
    sent: { token: await sessionToken(HMAC) },
    calls: ["jwks"],
  },
  {
    code: "internal",
    when: "there is a bug",
    arrange: (world) =>
      world.clock.now = () => {
        throw new Error("a bug");
      },
  },
  ...OF_UPSTREAMS,
];
