import assert from "node:assert/strict";
import { knows } from "../support/answers.ts";
import { localSettings } from "../support/behest_keys.ts";
import { expectCode } from "../support/expect.ts";
import { sessionToken, signerOf, SUB } from "../support/keys.ts";
import {
  authRefusal,
  type Behaviour,
  breakInBody,
  brokenJson,
  failing,
  gatewayRefusal,
  html,
  json,
  padded,
  raw,
  redirect,
  restRefusal,
  tooMany,
  unreachable,
} from "../support/upstreams.ts";
import {
  goodToken,
  PUBLISHABLE_KEY,
  type Settings,
  SUPABASE_URL,
  World,
} from "../support/world.ts";

const OTHER = "11111111-2222-4333-8444-555555555555";
const KEY = await signerOf("ES256");

Deno.test("the Auth server is asked with the caller's own token and the publishable key", async () => {
  const world = await World.make();
  await expectCode(world, {}, "ok");
  const [call, ...more] = world.to("user");
  assert.deepEqual(more, []);
  assert.equal(call?.method, "GET");
  assert.equal(call?.url, `${SUPABASE_URL}/auth/v1/user`);
  assert.equal(call?.headers.authorization, `Bearer ${await goodToken()}`);
  assert.equal(call?.headers.apikey, PUBLISHABLE_KEY);
  assert.equal(call?.redirect, "manual");
  assert.equal(call?.body, undefined);
});

const ANSWERS: [string, Behaviour, string][] = [
  ["knows the user", knows({}), "ok"],
  ["says 400 bad_jwt", authRefusal(400, "bad_jwt"), "invalid_session"],
  ["says 401, as for a bad token", authRefusal(401, "bad_jwt"), "invalid_session"],
  [
    "says 403 session_not_found, as after a sign-out",
    authRefusal(403, "session_not_found"),
    "invalid_session",
  ],
  ["says 403 user_banned", authRefusal(403, "user_banned"), "invalid_session"],
  [
    "says 404 user_not_found, as for a deleted user",
    authRefusal(404, "user_not_found"),
    "invalid_session",
  ],
  ["says 422", authRefusal(422, "validation_failed"), "invalid_session"],
  [
    "refuses by its header alone",
    raw("<p>", 403, { "x-sb-error-code": "session_not_found" }),
    "invalid_session",
  ],
  [
    "refuses by its body alone",
    json({ code: 403, error_code: "session_not_found", msg: "gone" }, 403),
    "invalid_session",
  ],
  ["refuses as older ones do", json({ code: 401, msg: "invalid JWT" }, 401), "invalid_session"],
  [
    "refuses in the form of API version 2024-01-01",
    json({ code: "session_not_found", message: "gone" }, 403),
    "invalid_session",
  ],
  ...[400, 401, 403, 404, 422].map((status): [string, Behaviour, string] => [
    `is silent, and somebody before it says ${status}`,
    failing(status),
    "supabase_rejected",
  ]),
  ["is kept from us by its gateway", gatewayRefusal(), "supabase_rejected"],
  [
    "is kept from us by the gateway of functions",
    json({ code: "UNAUTHORIZED_INVALID_JWT_FORMAT", message: "no" }, 401),
    "supabase_rejected",
  ],
  [
    "is kept from us by a page",
    raw("<!doctype html><title>Blocked</title>", 403, { "Content-Type": "text/html" }),
    "supabase_rejected",
  ],
  ["is kept from us with no body", raw(null, 401), "supabase_rejected"],
  [
    "is kept from us by what tells another status than its own",
    json({ code: 403, msg: "no" }, 401),
    "supabase_rejected",
  ],
  [
    "is kept from us by what names a code of nobody's",
    json({ code: "not_authorized", message: "no" }, 403),
    "supabase_rejected",
  ],
  // A token is always sent: somebody before it has taken it away.
  [
    "has seen no token, as it says by its header and its body",
    authRefusal(401, "no_authorization"),
    "supabase_rejected",
  ],
  [
    "has seen no token, as it says by its body alone",
    json({ code: 401, error_code: "no_authorization", msg: "no" }, 401),
    "supabase_rejected",
  ],
  [
    "has seen no token, as it says in the form of API version 2024-01-01",
    json({ code: "no_authorization", message: "no" }, 401),
    "supabase_rejected",
  ],
  ["is kept from us by PostgREST", restRefusal(401, "PGRST301"), "supabase_rejected"],
  [
    "refuses beyond 4 KiB",
    padded(json({ code: 403, error_code: "session_not_found", msg: "gone" }, 403), 4097),
    "supabase_rejected",
  ],
  [
    "refuses in exactly 4 KiB",
    padded(json({ code: 403, error_code: "session_not_found", msg: "gone" }, 403), 4096),
    "invalid_session",
  ],
  ["names another user", knows({ id: OTHER }), "invalid_session"],
  ["names the user in another case", knows({ id: SUB.toUpperCase() }), "invalid_session"],
  ["names a banned user", knows({ banned_until: "2999-01-01T00:00:00Z" }), "invalid_session"],
  ["names a user whose ban is over", knows({ banned_until: "2020-01-01T00:00:00Z" }), "ok"],
  ["says 429", tooMany("7"), "auth_unavailable"],
  ["says 500", failing(500), "auth_unavailable"],
  ["cannot be reached", unreachable, "auth_unavailable"],
  ["redirects", redirect(307), "supabase_rejected"],
  ["answers HTML", html, "auth_unavailable"],
  ["answers broken JSON", brokenJson, "auth_unavailable"],
  ["breaks off", breakInBody, "auth_unavailable"],
  ["answers null", json(null), "auth_unavailable"],
  ["answers a list", json([{ id: SUB }]), "auth_unavailable"],
  ["answers a user with no id", knows({ id: undefined }), "auth_unavailable"],
  ["answers nothing", raw(""), "auth_unavailable"],
  ["answers more than 64 KiB", padded(knows({}), 65_537), "auth_unavailable"],
  ["answers exactly 64 KiB", padded(knows({}), 65_536), "ok"],
];

for (const [title, user, code] of ANSWERS) {
  Deno.test(`where the Auth server ${title}: ${code}`, async () => {
    const world = await World.make({}, { user });
    await expectCode(world, {}, code);
    assert.equal(
      world.to("mint").length,
      code === "ok" ? 1 : 0,
      "only a good session is minted for",
    );
    assert.equal(world.to("elsewhere").length, 0);
  });
}

Deno.test("a session that the Auth server denies is denied in local signing too", async () => {
  for (const user of [authRefusal(), knows({ id: OTHER })]) {
    const world = await World.make(await localSettings(), { user });
    await expectCode(world, {}, "invalid_session");
  }
});

Deno.test("with BEHEST_USER_CHECK=claims the token is trusted and the Auth server is not asked", async () => {
  const world = await World.make({ BEHEST_USER_CHECK: "claims" }, { user: authRefusal() });
  await expectCode(world, {}, "ok");
  assert.equal(world.to("user").length, 0);
});

Deno.test("an anonymous user is served, unless BEHEST_ANONYMOUS=deny", async () => {
  const token = await sessionToken(KEY, { is_anonymous: true, email: "" });
  for (const check of ["server", "claims"]) {
    const settings = { BEHEST_USER_CHECK: check };
    await expectCode(await World.make(settings), { token }, "ok");
    await expectCode(await World.make({ ...settings, BEHEST_ANONYMOUS: "allow" }), { token }, "ok");
    const denying = await World.make({ ...settings, BEHEST_ANONYMOUS: "deny" });
    await expectCode(denying, { token }, "anonymous_forbidden", check);
    assert.equal(denying.to("mint").length, 0);
    await expectCode(denying, {}, "ok", "who has signed up is served");
  }
});

Deno.test("who has signed up since the token was made is anonymous no more", async () => {
  const token = await sessionToken(KEY, { is_anonymous: true, email: "" });
  const world = await World.make({ BEHEST_ANONYMOUS: "deny" }, {
    user: knows({ is_anonymous: false }),
  });
  await expectCode(world, { token }, "ok");
});

Deno.test("who is anonymous to the Auth server is anonymous, though the token does not say so", async () => {
  const world = await World.make({ BEHEST_ANONYMOUS: "deny" }, {
    user: knows({ is_anonymous: true }),
  });
  await expectCode(world, {}, "anonymous_forbidden");
});

Deno.test("who is anonymous by the token is anonymous where the Auth server does not say", async () => {
  const world = await World.make({ BEHEST_ANONYMOUS: "deny" }, {
    user: json({ id: SUB, app_metadata: {} }),
  });
  const token = await sessionToken(KEY, { is_anonymous: true });
  await expectCode(world, { token }, "anonymous_forbidden");
});

Deno.test("who is deleted, though still known to the Auth server, gets no token", async () => {
  const world = await World.make({}, { user: knows({ deleted_at: "2026-01-01T00:00:00Z" }) });
  await expectCode(world, {}, "invalid_session");
  await expectCode(await World.make({}, { user: knows({ deleted_at: null }) }), {}, "ok");
});

const UID: Settings = { BEHEST_UID_CLAIM: "app_metadata.behest.uid" };
const mintedFor = (world: World) => JSON.parse(world.to("mint").at(-1)?.body ?? "{}").user_id;

Deno.test("BEHEST_UID_CLAIM is read from the Auth server's answer, and the plan is still looked up by sub", async () => {
  const token = await sessionToken(KEY, { app_metadata: { behest: { uid: "stale" } } });
  const user = knows({ app_metadata: { behest: { uid: "customer-7" } } });
  const world = await World.make(UID, { user });
  await expectCode(world, { token }, "ok");
  assert.equal(mintedFor(world), "customer-7");
  assert.equal(new URL(world.to("plan")[0]?.url ?? "").searchParams.get("id"), `eq.${SUB}`);
});

Deno.test("BEHEST_UID_CLAIM is read from the token where claims are trusted", async () => {
  const token = await sessionToken(KEY, { app_metadata: { behest: { uid: "customer-7" } } });
  const world = await World.make({ ...UID, BEHEST_USER_CHECK: "claims" });
  await expectCode(world, { token }, "ok");
  assert.equal(mintedFor(world), "customer-7");
});

Deno.test("BEHEST_UID_CLAIM is read from the token where the Auth server's answer has nothing there", async () => {
  const token = await sessionToken(KEY, { app_metadata: { behest: { uid: "customer-7" } } });
  for (const app_metadata of [undefined, null, {}, { behest: {} }, { behest: { uid: null } }]) {
    const world = await World.make(UID, { user: knows({ app_metadata }) });
    await expectCode(world, { token }, "ok", JSON.stringify(app_metadata));
    assert.equal(mintedFor(world), "customer-7");
  }
});

Deno.test("a uid that is missing is uid_missing: no new sign-in would help", async () => {
  for (const app_metadata of [undefined, null, {}, { behest: {} }, { behest: { uid: null } }]) {
    for (const check of ["server", "claims"]) {
      const world = await World.make({ ...UID, BEHEST_USER_CHECK: check });
      const token = await sessionToken(KEY, { app_metadata });
      await expectCode(world, { token }, "uid_missing", JSON.stringify(app_metadata));
      assert.equal(world.to("mint").length, 0);
    }
  }
});

Deno.test("a uid that is out of range, reserved or not plain is uid_missing, though the token names a good one", async () => {
  const token = await sessionToken(KEY, { app_metadata: { behest: { uid: "customer-7" } } });
  const uids = [
    ...["", "e".repeat(256), "admin", "system", "dashboard-service", "Admin"],
    ...[
      " customer-7",
      "customer-7 ",
      "customer-7\n",
      "\u00a0customer-7",
      "customer\u0000-7",
      "a\u0085b",
    ],
    ...[{}, ["a"], true, false, 1.5],
  ];
  for (const uid of uids) {
    const world = await World.make(UID, { user: knows({ app_metadata: { behest: { uid } } }) });
    await expectCode(world, { token }, "uid_missing", JSON.stringify(uid));
    assert.equal(world.to("mint").length, 0);
  }
  const longest = await World.make(UID, {
    user: knows({ app_metadata: { behest: { uid: "e".repeat(255) } } }),
  });
  await expectCode(longest, { token }, "ok");
});

Deno.test("a uid in user_metadata is not taken: users write it themselves", async () => {
  const world = await World.make({ BEHEST_UID_CLAIM: "user_metadata.uid" });
  const { message } = await expectCode(world, {}, "misconfigured");
  assert.match(message, /BEHEST_UID_CLAIM/);
});
