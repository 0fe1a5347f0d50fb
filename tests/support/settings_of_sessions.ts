/** The contract's settings of who may ask and how a session is verified, row by row. */
import { sessionToken, signerOf, SUB } from "./keys.ts";
import { claimsOf, codeOf, mark, type Setting } from "./setting.ts";
import { json } from "./upstreams.ts";
import { ORIGIN, SUPABASE_URL } from "./world.ts";

const KEY = await signerOf("ES256");
const HMAC = await signerOf("HS256");
const metadata = { app_metadata: { uid: "customer-7" } };
const withMetadata = { token: await sessionToken(KEY, metadata) };

const secret = {
  // Without one the Auth server would be asked, and this is about who verifies here.
  around: { BEHEST_USER_CHECK: "claims" },
  sent: { token: await sessionToken(HMAC) },
  see: codeOf,
  unset: "invalid_token",
  good: [[HMAC.secret, "ok"], ["another secret of thirty-two bytes", "invalid_token"]],
  bad: [
    mark(),
    "x".repeat(31),
    "x".repeat(40),
    ` ${mark()}${mark()}${mark()}`,
    `"${mark()}${mark()}${mark()}"`,
    `${mark()}${mark()}${mark()}'`,
    `sb_secret_${mark()}${mark()}`,
    `eyJ${mark()}.${mark()}.${mark()}`,
    `{"kty":"oct","k":"${mark()}${mark()}"}`,
    `-----BEGIN PUBLIC KEY-----\n${mark()}`,
    `https://${mark()}.supabase.co/auth/v1`,
    crypto.randomUUID(),
    String(KEY.jwk.x),
    String(KEY.jwk.y),
    "super-secret-jwt-token-with-at-least-32-characters-long",
  ],
} as const;

/** Of the issuer of tokens where a test says nothing else. */
const PROJECT_ISSUER = `${SUPABASE_URL}/auth/v1`;
/** Whether a call asks about keys or sessions. */
const isOfSessions = (url: string) => !/\/rest\/v1\/|\/v1\/auth\/mint$/.test(url);

const apikey = {
  around: { SUPABASE_PUBLISHABLE_KEYS: undefined },
  see: ({ code }, world) => world.to("user")[0]?.headers.apikey ?? code,
  unset: "misconfigured",
} as const satisfies Partial<Setting>;

export const CALLER_SETTINGS: Setting[] = [
  {
    name: "CORS_ORIGIN",
    sent: { origin: ORIGIN },
    see: codeOf,
    unset: "origin_forbidden",
    good: [[ORIGIN, "ok"], ["https://*.example.com", "ok"], [
      "https://b.example",
      "origin_forbidden",
    ]],
    bad: ["*", `https://${mark()}.example/path`, `${ORIGIN} ${mark()}`],
  },
  {
    name: "BEHEST_USER_CHECK",
    see: (_, world) => world.to("user").length,
    unset: 1,
    good: [["server", 1], ["claims", 0]],
    bad: [mark(), "Server", "none"],
  },
  {
    name: "BEHEST_ANONYMOUS",
    sent: { token: await sessionToken(KEY, { is_anonymous: true }) },
    see: codeOf,
    unset: "ok",
    good: [["allow", "ok"], ["deny", "anonymous_forbidden"]],
    bad: [mark(), "no"],
  },
  {
    name: "BEHEST_OAUTH_CLIENTS",
    sent: { token: await sessionToken(KEY, { client_id: "an-app" }) },
    see: codeOf,
    unset: "client_forbidden",
    good: [["*", "ok"], ["other, an-app,", "ok"], ["other,AN-APP", "client_forbidden"]],
    bad: ["an-app,*", `an app ${mark()}`],
  },
  {
    name: "BEHEST_UID_CLAIM",
    sent: withMetadata,
    see: (answer) => claimsOf(answer).uid,
    unset: SUB,
    good: [["sub", SUB], ["app_metadata.uid", "customer-7"]],
    bad: [`user_metadata.${mark()}`, "email", "app_metadata", "app_metadata."],
  },
];

export const SUPABASE_SETTINGS: Setting[] = [
  { name: "JWT_SECRET", ...secret },
  { name: "SUPABASE_JWT_SECRET", ...secret },
  {
    name: "JWT_AUDIENCE",
    sent: { token: await sessionToken(KEY, { aud: "mine" }) },
    see: codeOf,
    unset: "invalid_token",
    good: [["mine", "ok"], ["authenticated", "invalid_token"]],
    bad: ["*"],
  },
  {
    name: "JWT_JWKS_URL",
    around: { JWT_ISSUER: PROJECT_ISSUER },
    routes: { jwks: json({ keys: [KEY.jwk] }) },
    see: ({ code }, world) => [code, ...world.calls.map(({ url }) => url).filter(isOfSessions)],
    unset: ["ok", `${SUPABASE_URL}/auth/v1/user`],
    good: [
      ["https://i.example/keys", ["ok", "https://i.example/keys"]],
      ["https://i.example/jwk/a@b?c=d", ["ok", "https://i.example/jwk/a@b?c=d"]],
      ["http://127.0.0.1:9000/keys", ["ok", "http://127.0.0.1:9000/keys"]],
    ],
    bad: [
      mark(),
      "https://i.example",
      `http://i.example/${mark()}`,
      `https://a:${mark()}@i.example/keys`,
      `https://i.example/keys#${mark()}`,
      `file:///${mark()}`,
    ],
  },
  {
    name: "JWT_ISSUER",
    sent: { token: await sessionToken(KEY, { iss: "https://i.example" }) },
    see: codeOf,
    unset: "ok",
    good: [["https://i.example", "ok"], ["https://j.example", "invalid_token"]],
    bad: [],
  },
  {
    name: "SUPABASE_URL",
    see: ({ code }, world) => world.to("user")[0]?.url ?? code,
    unset: "misconfigured",
    good: [
      [SUPABASE_URL, `${SUPABASE_URL}/auth/v1/user`],
      ["http://kong:8000/", "http://kong:8000/auth/v1/user"],
    ],
    bad: [`ftp://${mark()}.example`, `https://${mark()}.example/path`, mark()],
  },
  {
    name: "SUPABASE_PUBLISHABLE_KEYS",
    ...apikey,
    good: [['{"default":"one","other":"two"}', "one"]],
    bad: [`{"default": ${mark()}`, `["${mark()}"]`, `{"default":"${mark()} x"}`],
  },
  { name: "SUPABASE_PUBLISHABLE_KEY", ...apikey, good: [["one", "one"]], bad: [`${mark()} x`] },
  { name: "SUPABASE_ANON_KEY", ...apikey, good: [["one", "one"]], bad: [`${mark()} x`] },
  {
    name: "SUPABASE_JWKS",
    around: { SUPABASE_JWKS: undefined },
    routes: { jwks: json({ keys: [KEY.jwk] }) },
    see: ({ code }, world) => [code, world.to("jwks").length],
    unset: ["ok", 1],
    good: [
      [JSON.stringify({ keys: [KEY.jwk] }), ["ok", 0]],
      [JSON.stringify([KEY.jwk]), ["ok", 0]],
      // What is missing in it is asked for.
      ['{"keys":[]}', ["ok", 1]],
    ],
    bad: [`{"keys": ${mark()}`, `{"sets":"${mark()}"}`, `{"keys":"${mark()}"}`],
  },
];
