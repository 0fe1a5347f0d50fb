/** `doctor` where Clerk, Auth0, Cognito, WorkOS or Firebase signs the sessions of a project. */
import assert from "node:assert/strict";
import type { CheckId } from "../../cli/doctor/report.ts";
import { EDDSA, ES256, HS256, RS256, useDirect, visitDirect } from "../support/doctor_direct.ts";
import { examineElsewhere } from "../support/doctor_elsewhere.ts";
import { AFTER_SESSION, assertCross, idsOf, run, THIRD_PARTY } from "../support/doctor_run.ts";
import { PAGE } from "../support/doctor_site.ts";
import { meaningOf, testThatNoSecretWasPrinted } from "../support/doctor_stack.ts";
import { type Claims, encodePart, forge, makeSigner, type Signer } from "../support/keys.ts";

useDirect();

/** A provider, as Supabase's function is told of it, and what its tokens say beside that. */
interface Provider {
  readonly iss: string;
  readonly jwks: string;
  readonly audience?: string;
  readonly claims: Claims;
}

const CLERK: Provider = {
  iss: "https://clerk.my.app",
  jwks: "https://clerk.my.app/.well-known/jwks.json",
  audience: "*",
  claims: { sub: "user_2abcDEF", azp: "https://my.app", sid: "sess_1", role: "authenticated" },
};
const AUTH0: Provider = {
  iss: "https://tenant.eu.auth0.com/",
  jwks: "https://tenant.eu.auth0.com/.well-known/jwks.json",
  audience: "https://my.api",
  claims: {
    sub: "auth0|64f0c0ffee",
    aud: ["https://my.api", "https://tenant.eu.auth0.com/userinfo"],
    role: "authenticated",
  },
};
const COGNITO: Provider = {
  iss: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf",
  jwks: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf/.well-known/jwks.json",
  audience: "7client",
  claims: {
    sub: "0b4d5cfa-9f5e-4b3c-8d6f-3f1c7a2b9e10",
    aud: "7client",
    role: "authenticated",
    token_use: "id",
  },
};
const WORKOS: Provider = {
  iss: "https://api.workos.com/user_management/client_01",
  jwks: "https://api.workos.com/sso/jwks/client_01",
  claims: { sub: "user_01ABC", aud: "authenticated", role: "authenticated", user_role: "admin" },
};
const FIREBASE: Provider = {
  iss: "https://securetoken.google.com/my-project",
  jwks: "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
  audience: "my-project",
  claims: { sub: "Xy12", user_id: "Xy12", aud: "my-project", role: "authenticated" },
};

/** What a test changes; without any all is well. */
interface Site {
  readonly provider?: Provider;
  readonly signer?: Signer;
  readonly claims?: Claims;
  readonly kid?: string;
  /** The keys that the provider shows. */
  readonly keys?: object[];
  readonly env?: Record<string, string | undefined>;
  readonly jwks?: () => Response;
}

function settingsOf({ iss, jwks, audience }: Provider): Record<string, string | undefined> {
  return { JWT_ISSUER: iss, JWT_JWKS_URL: jwks, JWT_AUDIENCE: audience };
}

async function visitProvider(site: Site = {}) {
  const { provider = CLERK, signer = RS256, kid = signer.kid, keys = [RS256.jwk] } = site;
  const iat = Math.floor(Date.now() / 1000);
  const times = { iat, exp: iat + 60 };
  const claims = { iss: provider.iss, ...provider.claims, ...times, ...site.claims };
  const session = await forge(signer, { alg: signer.alg, kid, typ: "JWT" }, claims);
  const visited = await examineElsewhere({
    session,
    args: ["--publishable-key", "sb_publishable_0123456789abcdef"],
    world: { env: { ...settingsOf(provider), ...site.env } },
    bend: (url) => url === provider.jwks ? site.jwks?.() ?? Response.json({ keys }) : undefined,
  });
  return { ...visited, session };
}

/** Exactly this check is a cross, and the token went nowhere. */
async function crossed(
  site: Site,
  id: CheckId,
  meaning: RegExp,
  advice: RegExp,
  more: CheckId[] = [],
) {
  const visited = await visitProvider(site);
  assertCross(visited, id, meaning, advice, [...more, ...AFTER_SESSION]);
  assert.ok(visited.sent.every(({ authorization }) => !authorization?.includes(visited.session)));
}

Deno.test("all is well with a token in the form of each provider, and nobody is asked who the user is", async () => {
  for (const provider of [CLERK, AUTH0, COGNITO, WORKOS, FIREBASE]) {
    const visited = await visitProvider({ provider });
    assert.deepEqual(idsOf(visited, "ok"), THIRD_PARTY, visited.out);
    assert.equal(visited.exit, 0);
    const asked = visited.sent.map(({ url }) => url);
    assert.ok(asked.every((url) => !/\/auth\/v1\/(user|token|\.well-known)/.test(url)));
    // The provider is asked for its keys alone, as a stranger.
    const there = visited.sent.filter(({ url }) => url === provider.jwks);
    assert.ok(there.length > 0);
    assert.ok(there.every(({ authorization, apikey }) => authorization === null && !apikey));
  }
  for (const signer of [ES256, EDDSA]) {
    const visited = await visitProvider({ signer, keys: [signer.jwk] });
    assert.deepEqual(idsOf(visited, "ok"), THIRD_PARTY, signer.alg);
  }
});

Deno.test("the forgery that is tried poses as the provider's", async () => {
  const { sent } = await visitProvider({ provider: AUTH0, keys: [RS256.jwk, ES256.jwk] });
  const forged = sent.map(({ authorization }) => authorization?.split(".") ?? [])
    .find(([header]) =>
      header?.includes(encodePart({ alg: "ES256", kid: ES256.kid }).slice(0, 60))
    );
  const claims = JSON.parse(atob((forged?.[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")));
  assert.deepEqual([claims.iss, claims.aud], [AUTH0.iss, "https://my.api"]);
});

Deno.test("a token of another issuer is sent nowhere, and the slash is named where it alone differs", async () => {
  const rest: CheckId[] = ["session_signature", "session_claims"];
  for (
    const [provider, JWT_ISSUER, meaning, advice] of [
      [AUTH0, "https://tenant.eu.auth0.com", /differs by the slash at the end/, /Auth0's iss ends/],
      [CLERK, "https://clerk.my.app/", /differs by the slash at the end/, /as the token has it/],
      [CLERK, "https://clerk.my.other", /"https:\/\/clerk\.my\.app", and not JWT_ISSUER/, /letter/],
      [FIREBASE, "https://securetoken.google.com/other", /my-project", and not/, /letter/],
    ] as const
  ) {
    await crossed({ provider, env: { JWT_ISSUER } }, "session", meaning, advice, rest);
  }
  await crossed({ claims: { iss: undefined } }, "session", /names no issuer/, /provider/, rest);
  const hostile = { claims: { iss: 'https://a.b" ✓ All is well' } };
  await crossed(hostile, "session", /"https:\/\/a\.b' \? All is well", and not/, /letter/, rest);
});

Deno.test("a project that names no third party takes none of its tokens", async () => {
  const env = { JWT_JWKS_URL: undefined };
  const visited = await visitProvider({ env });
  assertCross(visited, "session", /another project's/, /JWT_JWKS_URL/, AFTER_SESSION);
});

Deno.test("a claim that the function would refuse is a cross, with each provider's remedy", async () => {
  const now = Math.floor(Date.now() / 1000);
  for (
    const [site, meaning, advice] of [
      [{ env: { JWT_AUDIENCE: undefined } }, /aud is missing, as .* Clerk's/, /JWT_AUDIENCE=\*/],
      [
        { provider: FIREBASE, env: { JWT_AUDIENCE: undefined } },
        /"my-project"/,
        /Firebase: the pro/,
      ],
      [
        { provider: AUTH0, env: { JWT_AUDIENCE: "x" } },
        /"https:\/\/my\.api, .*userinfo"/,
        /own app's/,
      ],
      [{ provider: WORKOS, claims: { role: "admin" } }, /role is "admin", and not/, /WorkOS has a/],
      [{ claims: { role: undefined } }, /role is missing/, /Supabase wants role: authenticated/],
      [{ claims: { sub: "" } }, /sub is missing/, /signed-in user/],
      [{ claims: { exp: now - 1 } }, /exp has passed/, /Sign in again/],
    ] as [Site, RegExp, RegExp][]
  ) {
    await crossed(site, "session_claims", meaning, advice);
  }
  const any = await visitProvider({ provider: FIREBASE, env: { JWT_AUDIENCE: "*" } });
  assert.deepEqual(idsOf(any, "ok"), THIRD_PARTY);
});

Deno.test("a token that none of the provider's keys has signed is a cross", async () => {
  const stranger = await makeSigner("RS256");
  for (
    const [site, meaning, advice] of [
      [{ signer: stranger }, /not in the set/, /JWT_JWKS_URL is another issuer's/],
      [{ signer: stranger, kid: RS256.kid }, /does not fit/, /every letter/],
      [{ signer: HS256 }, /secret has signed/, /key pair/],
      [{ keys: [ES256.jwk] }, /not in the set/, /another issuer's/],
    ] as [Site, RegExp, RegExp][]
  ) {
    await crossed(site, "session_signature", meaning, advice);
  }
});

Deno.test("a key set that cannot be used is a cross, and the token stays here", async () => {
  const down = () => new Response(null, { status: 503 });
  const secret = { ...RS256.jwk, d: "c2VjcmV0" };
  for (
    const [site, meaning, advice] of [
      [{ jwks: down }, /shows no key set \(status 503\)/, /provider's own page/],
      [{ keys: [] }, /key set is empty/, /JWT_JWKS_URL/],
      [
        { keys: [{ kty: "RSA" }] },
        /none has a kid and is good for ES256 or RS256 or EdDSA/,
        /JWKS/,
      ],
      [{ keys: [secret] }, /A SECRET KEY IS SHOWN/, /at once/],
    ] as [Site, RegExp, RegExp][]
  ) {
    await crossed(site, "issuer_keys", meaning, advice, ["session_signature"]);
  }
});

Deno.test("a provider whose clock is off is named as the one", async () => {
  const late = new Date(Date.now() - 300_000).toUTCString();
  const jwks = () => Response.json({ keys: [RS256.jwk] }, { headers: { Date: late } });
  const visited = await visitProvider({ jwks });
  assertCross(visited, "clock", /off: the issuer is (299|300|301) s behind\.$/, /that machine/);
});

Deno.test("with --direct the form names the provider, and leaves an audience empty that there is none of", async () => {
  const args = ["--direct", "--url", "https://ref.supabase.co", "--origin", PAGE];
  const fetch = () => Promise.resolve(Response.json({ keys: [RS256.jwk] }));
  for (
    const [provider, audience] of [[CLERK, "(leave it empty)"], [AUTH0, "https://my.api"]] as const
  ) {
    const { out } = await run(args, { env: settingsOf(provider), fetch });
    assert.ok(out.includes(`  issuer    ${provider.iss}\n  JWKS URL  ${provider.jwks}\n`));
    assert.ok(out.includes(`  audience  ${audience}\n`));
  }
});

Deno.test("with --direct a provider's session is judged by the provider's keys, and shown to Behest", async () => {
  const claims = { sub: "user_2abcDEF", aud: "authenticated", app_metadata: { plan: "pro" } };
  for (const plan of [claims.app_metadata, undefined]) {
    const visited = await visitDirect({
      claims: { ...claims, app_metadata: plan },
      // Beside a project that knows nothing of these users.
      args: ["--url", "http://localhost:9"],
      settings: ({ issuer, jwksUrl }) => ({ JWT_ISSUER: issuer, JWT_JWKS_URL: jwksUrl }),
      project: () => Response.json({}),
    });
    assert.deepEqual(idsOf(visited, "failed"), [], visited.out);
    assert.deepEqual(idsOf(visited, "warned"), plan ? [] : ["session_plan"]);
    if (!plan) assert.match(visited.table, /do this: .*let the provider write app_metadata\.plan/);
  }
});

Deno.test("settings that do not go together exit with 2", async () => {
  const where = ["--url", "https://ref.supabase.co", "--origin", PAGE];
  const login = ["--email", "a@b.c", "--password", "hunter2-hunter2", "--publishable-key", "key"];
  const jwks = "https://a.b/jwks.json";
  for (
    const [args, env, message] of [
      [[], { JWT_JWKS_URL: jwks }, /needs JWT_ISSUER/],
      [
        [],
        { JWT_JWKS_URL: "http://a.b/jwks.json", JWT_ISSUER: "x" },
        /JWT_JWKS_URL is an https URL/,
      ],
      [[], { JWT_JWKS_URL: "jwks.json", JWT_ISSUER: "x" }, /JWT_JWKS_URL is an https URL/],
      [[], { JWT_JWKS_URL: "https://u:p@a.b/", JWT_ISSUER: "x" }, /JWT_JWKS_URL is an https URL/],
      [login, { JWT_JWKS_URL: jwks, JWT_ISSUER: "x" }, /give one with --token/],
    ] as const
  ) {
    const ran = await run([...where, ...args, "--json"], { env });
    assert.deepEqual([ran.exit, ran.out], [2, ""]);
    assert.match(ran.warned, message);
  }
});

Deno.test("a project's own sessions are examined as ever where no third party is named", async () => {
  const env = { JWT_ISSUER: "https://ref.supabase.co/auth/v1", JWT_AUDIENCE: "authenticated" };
  const visited = await examineElsewhere({ world: { env } });
  assert.deepEqual(idsOf(visited, "failed"), []);
  assert.equal(meaningOf(visited, "issuer_keys"), "");
});

testThatNoSecretWasPrinted();
