/**
 * The providers that Supabase takes as third-party auth, each with its tokens in its own form, as its
 * documentation shows them, and the settings that go with it.
 */
import type { JWK } from "jose";
import { type Claims, EMAIL, forge, type Header, type Signer, signerOf, START } from "./keys.ts";
import { json } from "./upstreams.ts";
import { ORIGIN, type Settings, World } from "./world.ts";

/** A provider, and one kind of its tokens. */
export interface Provider {
  readonly name: string;
  /** What the function is told. */
  readonly settings: Settings;
  /** The header beside `alg` and `kid`. */
  readonly header: Header;
  readonly kid: string;
  /** A key as this provider lists it, beside the key itself. */
  readonly listed: JWK;
  readonly claims: Claims & { readonly iss: string; readonly sub: string };
  /** The issuer of somebody else's project at the same provider. */
  readonly otherIss: string;
}

const HOUR = { iat: START, exp: START + 3600 };
const CERTIFICATE = {
  x5c: ["MIIC…"],
  x5t: "NjVBRjY5MDlCMUIwNzU4RTA2QzZFMDQ4QzQ2MDAyQjVDNjk1RTM2Qg",
};
const ROLE = { role: "authenticated" };

/** Its session tokens have no `aud`, live for a minute, and name the page in `azp`. */
export const CLERK: Provider = {
  name: "Clerk",
  settings: {
    JWT_JWKS_URL: "https://my-app.clerk.accounts.dev/.well-known/jwks.json",
    JWT_ISSUER: "https://my-app.clerk.accounts.dev",
    JWT_AUDIENCE: "*",
  },
  header: { cat: "cl_B7d4PD222AAA", typ: "JWT" },
  kid: "ins_2fXqW8yJr3vQm1kZ5tB7nC9dE0h",
  listed: { use: "sig" },
  claims: {
    azp: ORIGIN,
    exp: START + 60,
    fva: [0, -1],
    iat: START,
    iss: "https://my-app.clerk.accounts.dev",
    jti: "5f1c0b7d2e9a4c38b6d7",
    nbf: START - 10,
    o: { id: "org_2fXq", rol: "admin", slg: "acme" },
    ...ROLE,
    sid: "sess_2fXqWAbCdEfGhIjKlMnOpQrStUv",
    sts: "active",
    sub: "user_2fXqW8yJr3vQm1kZ5tB7nC9dE0h",
    v: 2,
  },
  otherIss: "https://other-app.clerk.accounts.dev",
};

/** `iss` ends with a slash, `sub` has a bar in it, and `aud` is a list. */
export const AUTH0: Provider = {
  name: "Auth0",
  settings: {
    JWT_JWKS_URL: "https://my-app.eu.auth0.com/.well-known/jwks.json",
    JWT_ISSUER: "https://my-app.eu.auth0.com/",
    JWT_AUDIENCE: "https://api.my.app",
  },
  header: { typ: "JWT" },
  kid: "NjVBRjY5MDlCMUIwNzU4RTA2",
  listed: { use: "sig", ...CERTIFICATE },
  claims: {
    ...ROLE,
    "https://my.app/roles": ["admin"],
    iss: "https://my-app.eu.auth0.com/",
    sub: "auth0|65f0a1b2c3d4e5f60718293a",
    aud: ["https://api.my.app", "https://my-app.eu.auth0.com/userinfo"],
    iat: START,
    exp: START + 86_400,
    scope: "openid profile email",
    azp: "kZ5tB7nC9dE0hfXqW8yJr3vQm1kZ5tB7",
  },
  otherIss: "https://other-app.eu.auth0.com/",
};

/** One key set signs for every project there is: `iss` and `aud` alone keep them apart. */
export const FIREBASE: Provider = {
  name: "Firebase",
  settings: {
    JWT_JWKS_URL:
      "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
    JWT_ISSUER: "https://securetoken.google.com/my-app-1a2b3",
    JWT_AUDIENCE: "my-app-1a2b3",
  },
  header: { typ: "JWT" },
  kid: "f1d7c9a0b3e2486d95c7a8b1e0f3d2c4b5a69788",
  listed: { use: "sig" },
  claims: {
    ...ROLE,
    iss: "https://securetoken.google.com/my-app-1a2b3",
    aud: "my-app-1a2b3",
    auth_time: START - 100,
    user_id: "AbCdEfGhIjKlMnOpQrStUvWxYz12",
    sub: "AbCdEfGhIjKlMnOpQrStUvWxYz12",
    ...HOUR,
    email: EMAIL,
    email_verified: true,
    firebase: { identities: { email: [EMAIL] }, sign_in_provider: "password" },
  },
  otherIss: "https://securetoken.google.com/other-app-9z8y7",
};

const POOL = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_aBcDeFgHi";
const APP_CLIENT = "7k2m9q4r1s8t5u3v6w0x2y4z6a";
const COGNITO = {
  kid: "mK9x/4wYb+3vQm1kZ5tB7nC9dE0hfXqW8yJr3vQm1kY=",
  header: {},
  listed: { use: "sig" },
  otherIss: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_zYxWvUtSr",
};
const POOL_SETTINGS = { JWT_JWKS_URL: `${POOL}/.well-known/jwks.json`, JWT_ISSUER: POOL };
const POOL_CLAIMS = {
  sub: "93a4c812-7041-70de-0f5b-2d1f6f0c9a11",
  "cognito:groups": ["staff"],
  iss: POOL,
  origin_jti: "0b4d5cfa-9f5e-4b3c-8d6f-3f1c7a2b9e10",
  event_id: "1c5e6d0b-8f4e-4a3c-9d6f-3f1c7a2b9e11",
  auth_time: START - 100,
  ...HOUR,
  ...ROLE,
  jti: "2d6f7e1c-7f3e-4b3c-8d6f-3f1c7a2b9e12",
};

/** The app client stands in `aud`. */
export const COGNITO_ID: Provider = {
  ...COGNITO,
  name: "Cognito (ID token)",
  settings: { ...POOL_SETTINGS, JWT_AUDIENCE: APP_CLIENT },
  claims: {
    ...POOL_CLAIMS,
    aud: APP_CLIENT,
    "cognito:username": "ada",
    email: EMAIL,
    token_use: "id",
  },
};

/** It has no `aud`: the app client stands in `client_id`, which is let in by name. */
export const COGNITO_ACCESS: Provider = {
  ...COGNITO,
  name: "Cognito (access token)",
  settings: { ...POOL_SETTINGS, JWT_AUDIENCE: "*", BEHEST_OAUTH_CLIENTS: APP_CLIENT },
  claims: {
    ...POOL_CLAIMS,
    client_id: APP_CLIENT,
    scope: "aws.cognito.signin.user.admin",
    token_use: "access",
    username: "ada",
    version: 2,
  },
};

/** Its keys are elsewhere than under `iss`, and without a template `role` is the organisation's. */
export const WORKOS: Provider = {
  name: "WorkOS",
  settings: {
    JWT_JWKS_URL: "https://api.workos.com/sso/jwks/client_01HXYZ0123456789ABCDEFGHJK",
    JWT_ISSUER: "https://api.workos.com/user_management/client_01HXYZ0123456789ABCDEFGHJK",
    JWT_AUDIENCE: "*",
  },
  header: {},
  kid: "sso_oidc_key_pair_01HXYZ0123456789ABCDEFGHJK",
  listed: { use: "sig", ...CERTIFICATE },
  claims: {
    iss: "https://api.workos.com/user_management/client_01HXYZ0123456789ABCDEFGHJK",
    sub: "user_01HBEQKA6K4QJAS93VPE39W1JT",
    sid: "session_01HQSXZGF8FHF7A9ZZFCW4387R",
    jti: "01HQSXZXPPFPKMDD32RKTFY6PV",
    org_id: "org_01HRDMC6CM357W30QMHMQ96Q0S",
    ...ROLE,
    user_role: "member",
    roles: ["member"],
    permissions: ["posts:read"],
    entitlements: ["audit-logs"],
    iat: START,
    exp: START + 300,
  },
  otherIss: "https://api.workos.com/user_management/client_01HOTHER0123456789ABCDEFG",
};

export const PROVIDERS = [CLERK, AUTH0, FIREBASE, COGNITO_ID, COGNITO_ACCESS, WORKOS];

/** This signer's key under the name of the provider's, and listed as it lists its own. */
export function keyOf({ kid, listed }: Provider, signer: Signer): Signer {
  const { kty, n, e, alg } = signer.jwk;
  return { ...signer, kid, jwk: { kty, n, e, alg, kid, ...listed } };
}

/** The provider's own key. */
export const ownKey = async (provider: Provider) => keyOf(provider, await signerOf("RS256"));

/** A token of the provider's; an override that is `undefined` takes a claim away. */
export async function tokenOf(
  provider: Provider,
  claims: Claims = {},
  signer?: Signer,
): Promise<string> {
  const { alg, kid, ...key } = signer ?? await ownKey(provider);
  const header = { alg, kid, ...provider.header };
  return await forge({ alg, kid, ...key }, header, { ...provider.claims, ...claims });
}

/** A project whose users this provider signs in; its key set is at the address of the settings. */
export async function worldOf(provider: Provider, settings: Settings = {}): Promise<World> {
  const { jwk } = await ownKey(provider);
  return await World.make({ ...provider.settings, ...settings }, { jwks: json({ keys: [jwk] }) });
}
