/** The issuer without a Supabase behind it, its keys, and Realtime's check of what it signs. */

import assert from "node:assert/strict";
import { createLocalJWKSet, jwtVerify } from "jose";
import { makeIssuer } from "../dev/stack/issuer/issuer.ts";
import { SigningKeys } from "../dev/stack/issuer/keys.ts";
import { makeJudge, Refusal } from "../dev/stack/realtime/session.ts";
import { sign } from "./support/realtime.ts";

/** An issuer before a Lite that answers what it is told to, and keeps what it was asked. */
async function alone(answer: (request: Request) => Response) {
  const keys = await SigningKeys.make();
  const asked: Request[] = [];
  const issuer = makeIssuer({
    url: "http://127.0.0.1/auth/v1",
    keys,
    jwtSecret: SECRET,
    secretKey: "sb_secret_of_the_tests",
    lite: (request) => {
      asked.push(request);
      return Promise.resolve(answer(request));
    },
  });
  const post = (path: string, headers: HeadersInit = {}) =>
    issuer(new Request(`http://127.0.0.1${path}`, { method: "POST", headers, body: "{}" }));
  return { keys, asked, post };
}

const SECRET = "what Lite signs with";

Deno.test("without a hook the claims stand in the order of GoTrue's", async () => {
  const lite = { aud: "authenticated", role: "authenticated", session_id: "s", iat: 1, exp: 2 };
  const access_token = await sign({ sub: "u", email: "e", ...lite }, SECRET);
  const user = {
    id: "u",
    email: "e",
    app_metadata: { provider: "email" },
    user_metadata: { name: "U" },
  };
  const granted = { access_token, refresh_token: "r", expires_in: 1, user };
  const { keys, post } = await alone(() => Response.json(granted));
  const answer = await (await post("/auth/v1/verify")).json();
  const token = answer.access_token;
  assert.deepEqual(answer, { ...granted, access_token: token });
  assert.deepEqual(Object.entries((await keys.verify(token))!), [
    ["iss", "http://127.0.0.1/auth/v1"],
    ["sub", "u"],
    ["aud", "authenticated"],
    ["exp", 2],
    ["iat", 1],
    ["email", "e"],
    ["phone", ""],
    ["app_metadata", { provider: "email" }],
    ["user_metadata", { name: "U" }],
    ["role", "authenticated"],
    ["aal", "aal1"],
    ["amr", [{ method: "otp", timestamp: 1 }]],
    ["session_id", "s"],
    ["is_anonymous", false],
  ]);
});

Deno.test("Lite is handed every claim of a session, what is no token as it came, and no other token", async () => {
  const { keys, asked, post } = await alone(() => new Response());
  const claims = { iss: "http://127.0.0.1/auth/v1", sub: "u", app_metadata: { plan: "max" } };
  const bearers = [`bearer ${await keys.sign(claims)}`, "Bearer sb_publishable_x", "Basic a.b.c"];
  for (const Authorization of bearers) await post("/rest/v1/profiles", { Authorization });
  const [session, ...rest] = asked.map(({ headers }) => headers.get("authorization")!);
  const { payload } = await jwtVerify(
    session!.slice("Bearer ".length),
    new TextEncoder().encode(SECRET),
  );
  assert.deepEqual(payload, claims);
  assert.deepEqual(rest, bearers.slice(1));

  // Lite would take it, with any white space around it.
  const own = await sign(claims, SECRET);
  for (const bearer of ["Bearer ", "BEARER  ", "Bearer\t", "Bearer \t x "]) {
    await post("/rest/v1/profiles", { Authorization: bearer + own });
    assert.equal(asked.at(-1)?.headers.get("authorization"), "Bearer not.of.ours");
  }
});

Deno.test("the keys are turned with the secret key alone", async () => {
  const { keys, asked, post } = await alone(() => new Response());
  const before = keys.jwks.keys.length;
  for (const apikey of ["", "sb_secret_of_others", "sb_publishable_x"]) {
    assert.equal((await post("/issuer/rotate", { apikey })).status, 404);
  }
  assert.deepEqual([keys.jwks.keys.length, asked.length], [before, 0]);
  assert.equal((await post("/issuer/rotate", { apikey: "sb_secret_of_the_tests" })).status, 200);
  assert.equal(keys.jwks.keys.length, before + 1);
  for (const key of keys.jwks.keys) assert.ok(!("d" in key) && key.use === "sig" && key.kid);
});

Deno.test("Realtime takes what the issuer signed, and neither the secret's nor an old key's", async () => {
  const keys = await SigningKeys.make();
  const judge = makeJudge({
    alg: "ES256",
    find: (header, token) => createLocalJWKSet(keys.jwks)(header, token),
  }, () => 1_000_000);
  const claims = { sub: "u", role: "authenticated", exp: 2_000 };
  const token = await keys.sign(claims);
  assert.deepEqual(await judge(token), { token, user: "u", expiresAt: 2_000_000 });
  await keys.rotate();
  assert.equal((await judge(token)).user, "u");
  keys.retire();
  for (
    const refused of [token, await sign(claims), await sign(claims, JSON.stringify(keys.jwks))]
  ) {
    await assert.rejects(
      judge(refused),
      (error) => error instanceof Refusal && error.code === "JwtSignatureError",
    );
  }
});
