/** The access token hook, called as the Auth server calls it, with the events that it sends. */
import assert from "node:assert/strict";
import type { Database } from "./databases.ts";
import { ALICE, migrated, setPlan } from "./migrations.ts";

export const HOOK = await Deno.readTextFile(
  new URL("../../supabase/optional/access_token_hook.sql", import.meta.url),
);

/** As Postgres names it. */
export const NAME = "public.behest_access_token_hook(jsonb)";

/** Who may call the hook, but for its owner. */
export async function callers(db: Database): Promise<unknown> {
  const [row] = await db.query(`
    select coalesce(array_agg(a.grantee::regrole::text), '{}') as names
    from pg_proc p cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    where p.oid = '${NAME}'::regprocedure and a.grantee <> p.proowner`);
  return row?.names;
}

/** A role of this test's own: roles outlive a database. */
export function newRole(what: string): string {
  return `${what}_${crypto.randomUUID().slice(0, 8)}`;
}

/** A project whose users have plans, with the hook; Alice pays. */
export async function hooked(db: Database, before: readonly string[] = []): Promise<void> {
  await migrated(db, before);
  await db.migrate(HOOK);
  await setPlan(db, ALICE, "pro");
}

/** A table of theirs with a plan column of this type, and one row. */
export function own(type: string, value: string): string {
  return `create table public.profiles (id uuid primary key, plan ${type});
    alter table public.profiles enable row level security;
    insert into public.profiles values ('${ALICE}', ${value});`;
}

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Claims = { [name: string]: Json };

/** An event whose claims are there. */
export interface Event extends Claims {
  claims: Claims;
}

/** A sign-in by password; claims that are `undefined` are left out. */
export function eventOf(claims: Record<string, Json | undefined> = {}, user: string = ALICE) {
  const event = {
    metadata: {
      uuid: "8ccaa7af-909f-44e7-84cb-67cdccb56be6",
      time: "2026-11-26T10:05:27.871Z",
      name: "customize-access-token",
      ip_address: "192.0.2.7",
    },
    user_id: user,
    claims: {
      iss: "https://abcdefghijklmnopqrst.supabase.co/auth/v1",
      sub: user,
      aud: "authenticated",
      exp: 1_800_003_600,
      iat: 1_800_000_000,
      email: "ada.lovelace@example.com",
      phone: "",
      app_metadata: { provider: "email", providers: ["email"] },
      user_metadata: { email: "ada.lovelace@example.com", email_verified: true, plan: "max" },
      role: "authenticated",
      aal: "aal1",
      amr: [{ method: "password", timestamp: 1_800_000_000 }],
      session_id: "0b4d5cfa-9f5e-4b3c-8d6f-3f1c7a2b9e10",
      is_anonymous: false,
      ...claims,
    },
    authentication_method: "password",
  };
  return JSON.parse(JSON.stringify(event)) as Event;
}

/** Every way to a token. */
export const EVENTS: Readonly<Record<string, Event>> = {
  "a sign-in": eventOf(),
  "a refresh": { ...eventOf(), authentication_method: "token_refresh" },
  "an anonymous sign-in": {
    ...eventOf({
      email: "",
      app_metadata: {},
      user_metadata: {},
      amr: [{ method: "anonymous", timestamp: 1_800_000_000 }],
      is_anonymous: true,
    }),
    authentication_method: "anonymous",
  },
  "a second factor": {
    ...eventOf({
      aal: "aal2",
      amr: [
        { method: "totp", timestamp: 1_800_000_060 },
        { method: "password", timestamp: 1_800_000_000 },
      ],
    }),
    authentication_method: "totp",
  },
  "an OAuth client": {
    ...eventOf({ client_id: "9a8b7c6d-0000-4000-8000-000000000001", scope: "openid email" }),
    authentication_method: "oauth_provider/authorization_code",
  },
};

export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The call, as SQL. */
export function callOf(event: Json, name = "public.behest_access_token_hook"): string {
  return `select ${name}(${quoted(JSON.stringify(event))}) as output`;
}

/**
 * The token's making: the Auth server's role, its path, and its time limit.
 *
 * @param name another hook that is configured
 * @param timeout in ms
 */
export async function asAuth(
  db: Database,
  event: Json,
  { name = "public.behest_access_token_hook", timeout = 2000 } = {},
): Promise<Json> {
  await db.auth("set search_path to auth");
  await db.auth(`set statement_timeout to ${timeout}`);
  try {
    const [row] = await db.auth(callOf(event, name));
    return row?.output as Json;
  } finally {
    await db.auth("reset search_path");
    await db.auth("reset statement_timeout");
  }
}

const REQUIRED = {
  aud: "string",
  exp: "number",
  iat: "number",
  sub: "string",
  email: "string",
  phone: "string",
  role: "string",
  aal: "string",
  session_id: "string",
  is_anonymous: "boolean",
};

/** Auth's own judgement of what a hook returns: where it is against it, the sign-in fails. */
export function assertTaken(output: Json): asserts output is Event {
  const { claims } = output as Event;
  for (const [name, type] of Object.entries(REQUIRED)) {
    assert.equal(typeof claims[name], type, name);
  }
  for (const name of ["app_metadata", "user_metadata"]) {
    const value = claims[name];
    if (value === undefined) continue;
    assert.equal(Object.prototype.toString.call(value), "[object Object]", name);
  }
}

/** The token that a user gets has this plan, and else is what it was. */
export async function assertPlan(db: Database, plan: Json, event = eventOf()): Promise<void> {
  const output = await asAuth(db, event);
  assertTaken(output);
  const app_metadata = { ...event.claims.app_metadata as Claims, plan };
  assert.deepEqual(output, { ...event, claims: { ...event.claims, app_metadata } });
}

/** The event is returned as it came, and the sign-in goes on. */
export async function assertAsItCame(db: Database, event: Json = eventOf()): Promise<void> {
  assert.deepEqual(await asAuth(db, event), event);
}
