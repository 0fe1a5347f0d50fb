/**
 * Runs Supabase Lite: the Auth server and the REST API of Supabase, on Postgres (PGlite) in memory,
 * with the migrations of this project. Every start begins empty. With `ISSUER` set, the stack's
 * issuer stands before it.
 */

import { App } from "@supabase/lite";
import { applyPendingMigrations } from "@supabase/lite/cli";
import { createPgliteConnection } from "@supabase/lite/pglite";
import { makeHook } from "./issuer/hook.ts";
import { makeIssuer } from "./issuer/issuer.ts";
import { SigningKeys } from "./issuer/keys.ts";
import { exitWithParent } from "./parent.ts";
import { publish } from "./realtime/feed.ts";
import { makeTurns } from "./turns.ts";

/** What a project of Supabase's has before its first migration, and Lite does not. */
const PROJECT = `
  alter default privileges in schema public
    grant all on functions to anon, authenticated, service_role;
  create publication supabase_realtime;
  create role supabase_auth_admin noinherit login;
`;

/** A table for which Lite makes its roles. */
const FIRST_TABLE =
  "create table public.first (); alter table public.first enable row level security";

const secretKey = Deno.env.get("SUPABASE_SECRET_KEY") ?? "";
const jwtSecret = Deno.env.get("JWT_SECRET") ?? "";
const connection = await createPgliteConnection({ url: "memory://" });
const app = new App({
  connection,
  auth: {
    enabled: true,
    enable_signup: true,
    jwt_secret: jwtSecret,
    jwt_expiry: 3600,
    publishable_key: Deno.env.get("SUPABASE_PUBLISHABLE_KEY"),
    secret_key: secretKey,
    email: { enable_confirmations: false },
  },
});

exitWithParent();
// Lite grants its roles every right on every table, with the first request after there is one with
// row level security. In a project that was before its migrations: what they revoke stays revoked.
await connection.driver.exec(FIRST_TABLE);
await app.fetch(new Request("http://127.0.0.1/rest/v1/first", { headers: { apikey: secretKey } }));
await connection.driver.exec("drop table public.first");
await connection.driver.exec(PROJECT);
await applyPendingMigrations(app);
await publish(connection.driver, console.log);

const lite = async (request: Request) => await app.fetch(request, { peerAddress: null });
const issuer = Deno.env.get("ISSUER");
const answer = issuer === undefined ? lite : await standBefore(issuer);
// Lite has one connection and begins its transactions on it: two requests at once would be in one.
const inTurn = makeTurns();

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(`ready http://127.0.0.1:${port}`),
}, async (request) => {
  // Read beforehand, so that nobody waits for who is slow to send.
  const body = request.body && await request.bytes();
  return await inTurn(() => answer(new Request(request, { body })));
});

async function standBefore(url: string) {
  const { driver } = connection;
  const hook = Deno.env.get("HOOK");
  return makeIssuer({
    url,
    keys: await SigningKeys.make(),
    jwtSecret,
    secretKey,
    lite,
    hook: hook === undefined
      ? hook
      : await makeHook(driver, await Deno.readTextFile(new URL(hook))),
  });
}
