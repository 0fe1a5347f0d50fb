/** Minting from the session token alone, as the access token hook makes it: nobody is ever called. */
import assert from "node:assert/strict";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { createHandler } from "../../supabase/functions/behest-token/handler.ts";
import type { Line } from "../../supabase/functions/behest-token/log.ts";
import { behestKey, localSettings } from "../support/behest_keys.ts";
import { FakeClock } from "../support/clock.ts";
import { STATUS } from "../support/expect.ts";
import {
  type Algorithm,
  ALGORITHMS,
  type Claims,
  forge,
  PUBLIC_ALGORITHMS,
  sessionClaims,
  type Signer,
  signerOf,
  START,
  SUB,
} from "../support/keys.ts";
import { BASE_URL, type Settings, SUPABASE_URL } from "../support/world.ts";

/** The tier of who has no plan. */
const WORTHLESS = 9;
const LONG = "Straße-".repeat(42) + "300.00";

const KEYS = await Promise.all(PUBLIC_ALGORITHMS.map(async (alg) => (await signerOf(alg)).jwk));
const HMAC = await signerOf("HS256");

/** Where the keys are. No API key of Supabase's is set: there is no call to send one with. */
const SETTINGS: readonly (readonly [string, Settings, readonly Algorithm[]])[] = [
  ["the key set", { SUPABASE_JWKS: JSON.stringify({ keys: [...KEYS, HMAC.jwk] }) }, ALGORITHMS],
  ["the secret", { JWT_SECRET: HMAC.secret }, ["HS256"]],
  ["both", { SUPABASE_JWKS: JSON.stringify({ keys: KEYS }), JWT_SECRET: HMAC.secret }, ALGORITHMS],
];

async function handlerOf(keys: Settings, log: Line[] = []) {
  const settings: Settings = {
    ...await localSettings(),
    SUPABASE_URL,
    BEHEST_BASE_URL: BASE_URL,
    BEHEST_USER_CHECK: "claims",
    BEHEST_PLAN_CLAIM: "app_metadata.plan",
    BEHEST_PLAN_TIERS: JSON.stringify({ free: 1, pro: 2, max: 3, [LONG]: 7, true: 5 }),
    BEHEST_TIER: String(WORTHLESS),
    ...keys,
  };
  const called: string[] = [];
  const handle = createHandler({
    env: { get: (name) => settings[name] },
    fetch: (input) => {
      called.push(String(input));
      return Promise.resolve(new Response(null, { status: 404 }));
    },
    clock: new FakeClock(),
    log: (line) => log.push(line),
  });
  return async (token: string) => {
    const headers = { Authorization: `Bearer ${token}` };
    const response = await handle(
      new Request(`${SUPABASE_URL}/functions/v1/behest-token`, { method: "POST", headers }),
    );
    const body = await response.json();
    assert.deepEqual(called, [], "nobody is called");
    assert.equal(response.status, STATUS[body.error?.code ?? "ok"]);
    return body;
  };
}

/** A token whose claims the hook has been through: Auth writes them in the alphabet's order then. */
async function hooked(signer: Signer, over: Claims = {}): Promise<string> {
  const sorted = Object.entries(sessionClaims(over)).sort(([a], [b]) => a < b ? -1 : 1);
  const header = { alg: signer.alg, kid: signer.kid, typ: "JWT" };
  return await forge(signer, header, Object.fromEntries(sorted));
}

const FULL = { provider: "email", providers: ["email"] };

/** What the hook makes of each state, and the tier of it. */
const TOKENS: readonly (readonly [string, Claims, number])[] = [
  ["a plan", { app_metadata: { ...FULL, plan: "pro" } }, 2],
  ["a plan in another case", { app_metadata: { ...FULL, plan: "MAX" } }, 3],
  ["a plan from a column of numbers", { app_metadata: { ...FULL, plan: 3 } }, 3],
  ["a plan from a column of booleans", { app_metadata: { ...FULL, plan: true } }, 5],
  ["a plan of 300 characters", { app_metadata: { ...FULL, plan: LONG } }, 7],
  ["300 characters that are no plan", { app_metadata: { plan: "🗝".repeat(300) } }, WORTHLESS],
  ["a plan in an app_metadata of the hook's own", { app_metadata: { plan: "free" } }, 1],
  ["no plan", { app_metadata: FULL }, WORTHLESS],
  ["no app_metadata", { app_metadata: undefined }, WORTHLESS],
  ["an app_metadata that was null", { app_metadata: {} }, WORTHLESS],
  ["an anonymous user's plan", { is_anonymous: true, app_metadata: { plan: "free" } }, 1],
  ["a second factor", { aal: "aal2", app_metadata: { ...FULL, plan: "max" } }, 3],
  [
    "a plan that the user wrote",
    { user_metadata: { plan: "max", app_metadata: { plan: "max" } }, plan: "max" },
    WORTHLESS,
  ],
];

for (const [where, keys, algorithms] of SETTINGS) {
  for (const alg of algorithms) {
    Deno.test(`with ${where}, each token that the hook makes mints for ${alg} without a call`, async () => {
      const log: Line[] = [];
      const ask = await handlerOf(keys, log);
      for (const [what, claims, tier] of TOKENS) {
        const body = await ask(await hooked(await signerOf(alg), claims));
        assert.equal(body.tier, tier, what);
        const { payload } = await jwtVerify(body.token, (await behestKey()).publicKey, {
          issuer: "https://api.behest.ai",
          audience: "behest",
          currentDate: new Date(START * 1000),
        });
        assert.equal(decodeProtectedHeader(body.token).alg, "RS256");
        assert.equal(payload.uid, SUB);
        assert.equal(payload.tier, tier, what);
        const line = log.findLast((line) => "code" in line);
        assert.deepEqual([line?.code, line?.mode, line?.alg], ["ok", "local", alg]);
      }
    });

    Deno.test(`with ${where}, a token for ${alg} that is no longer the hook's is refused without a call`, async () => {
      const ask = await handlerOf(keys);
      const signer = await signerOf(alg);
      const paid = { app_metadata: { ...FULL, plan: "max" } };
      const [head, , signature] = (await hooked(signer)).split(".");
      const [, payload] = (await hooked(signer, paid)).split(".");
      const rows: [string, string, string][] = [
        [
          "another plan under the old signature",
          [head, payload, signature].join("."),
          "invalid_token",
        ],
        ["no longer good", await hooked(signer, { ...paid, exp: START - 6 }), "expired_token"],
        ["another audience", await hooked(signer, { ...paid, aud: "anon" }), "invalid_token"],
        [
          "an API key",
          await hooked(signer, { ...paid, role: "anon", sub: undefined }),
          "not_a_user",
        ],
        [
          "an OAuth client",
          await hooked(signer, { ...paid, client_id: "c-1" }),
          "client_forbidden",
        ],
      ];
      for (const [what, token, code] of rows) {
        assert.equal((await ask(token)).error?.code, code, what);
      }
    });
  }
}

Deno.test("a fetch that is called fails these tests", async () => {
  const ask = await handlerOf({ JWT_SECRET: HMAC.secret });
  const token = await hooked(await signerOf("ES256"));
  await assert.rejects(ask(token), /nobody is called/);
});
