/** Databases as Supabase projects have them before their first migration, on both Postgres of tests. */
import { PGlite } from "@electric-sql/pglite";
import { type Cluster, startCluster, SUPERUSER } from "./postgres.ts";

export type Rows = Record<string, unknown>[];

/** One database. */
export interface Database {
  /** Runs statements as migrations are run: as `postgres`, who owns what it makes. */
  migrate(sql: string): Promise<void>;
  /** Runs one statement as PostgREST does: as a role, for a user. */
  as(role: string, user: string, sql: string): Promise<Rows>;
  /** The same, and leaves nothing behind. */
  tryAs(role: string, user: string, sql: string): Promise<Rows>;
  /** One statement as the Auth server. */
  auth(sql: string): Promise<Rows>;
  query(sql: string): Promise<Rows>;
  /** Statements of who may do all, as Supabase's own people. */
  root(sql: string): Promise<void>;
  /** What the server has said, as NOTICE or WARNING, since this was last asked. */
  heard(): string[];
  close(): Promise<void>;
}

/** An engine that makes them. */
export interface Engine {
  readonly name: string;
  /** Whether one of its connections can wait for another. */
  readonly hasConnections: boolean;
  open(): Promise<Database>;
  stop(): Promise<void>;
}

const PROJECT_ROLES = `
  create role anon nologin;
  create role authenticated nologin;
  create role service_role nologin bypassrls;
  create role authenticator login noinherit;
  create role supabase_auth_admin login noinherit createrole;
  grant anon, authenticated, service_role to authenticator;
`;

/** On PGlite `postgres` may do all; in a hosted project it may not. */
const HOSTED_POSTGRES = `
  create role postgres login createdb createrole replication bypassrls;
  grant anon, authenticated, service_role, authenticator to postgres with admin option;
`;

const PROJECT = `
  create schema auth authorization supabase_auth_admin;
  create table auth.users (id uuid primary key, email text, raw_user_meta_data jsonb);
  alter table auth.users owner to supabase_auth_admin;
  create function auth.uid() returns uuid language sql stable
    as $$ select nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;
  grant usage on schema auth to postgres, anon, authenticated, service_role;
  grant all on auth.users to postgres with grant option;
  alter schema public owner to postgres;
  grant usage on schema public to anon, authenticated, service_role, supabase_auth_admin;
  alter default privileges for role postgres in schema public
    grant all on tables to anon, authenticated, service_role;
  alter default privileges for role postgres in schema public
    grant all on functions to anon, authenticated, service_role;
  create publication supabase_realtime;
  alter publication supabase_realtime owner to postgres;
`;

/** What PostgREST says before a request's statement. */
function roleOf(role: string, user: string): string {
  return `set local role ${role}; set local request.jwt.claim.sub = '${user}'`;
}

/** As it was at first: a start takes a second, and tests are many. */
const NEW_DATABASE = `
  drop publication if exists supabase_realtime;
  drop schema if exists public, auth cascade;
  create schema public;
`;

/** PGlite: Postgres 17 as WASM, where everybody is one session of a superuser's. */
export function pglite(): Engine {
  let started: Promise<PGlite> | undefined;
  return {
    name: "PGlite",
    hasConnections: false,
    async open() {
      started ??= PGlite.create().then(async (db) => {
        await db.exec(PROJECT_ROLES);
        return db;
      });
      const db = await started;
      const notices: string[] = [];
      await db.exec(NEW_DATABASE + PROJECT);
      const as = async (role: string, user: string, sql: string, isKept = true) => {
        let rows: Rows = [];
        await db.transaction(async (tx) => {
          await tx.exec(roleOf(role, user));
          rows = (await tx.query<Record<string, unknown>>(sql)).rows;
          if (!isKept) await tx.rollback();
        });
        return rows;
      };
      return {
        async migrate(sql) {
          await db.exec(sql, { onNotice: ({ message }) => notices.push(message ?? "") });
        },
        as,
        tryAs: (role, user, sql) => as(role, user, sql, false),
        auth: (sql) => as("supabase_auth_admin", "", sql),
        query: async (sql) => (await db.query<Record<string, unknown>>(sql)).rows,
        root: async (sql) => void await db.exec(sql),
        heard: () => notices.splice(0),
        close() {
          // PGlite leaves an exit code behind where a statement failed.
          Deno.exitCode = 0;
          return Promise.resolve();
        },
      };
    },
    async stop() {
      await (await started)?.close();
      started = undefined;
    },
  };
}

/** Debian's PostgreSQL, where everybody logs in as themselves, and `postgres` is no superuser. */
export function postgresql(): Engine {
  let cluster: Promise<Cluster> | undefined;
  return {
    name: "PostgreSQL",
    hasConnections: true,
    async open() {
      cluster ??= startCluster().then(withRoles);
      const { connect } = await cluster;
      const name = "postgres";
      const admin = await connect(SUPERUSER, name);
      await admin.query(NEW_DATABASE + PROJECT);
      await admin.end();
      const notices: string[] = [];
      const owner = await connect("postgres", name, (text) => notices.push(text));
      const authenticator = await connect("authenticator", name);
      const auth = await connect("supabase_auth_admin", name);
      const inTransaction = async (role: string, user: string, sql: string, end: string) => {
        await authenticator.query("begin");
        try {
          await authenticator.query(roleOf(role, user));
          const { rows } = await authenticator.query(sql);
          await authenticator.query(end);
          return rows;
        } catch (error) {
          await authenticator.query("rollback");
          throw error;
        }
      };
      return {
        migrate: async (sql) => void await owner.query(sql),
        as: (role, user, sql) => inTransaction(role, user, sql, "commit"),
        tryAs: (role, user, sql) => inTransaction(role, user, sql, "rollback"),
        auth: async (sql) => (await auth.query(sql)).rows,
        query: async (sql) => (await owner.query(sql)).rows,
        async root(sql) {
          const root = await connect(SUPERUSER, name);
          await root.query(sql).finally(() => root.end());
        },
        heard: () => notices.splice(0),
        async close() {
          await Promise.all([owner, authenticator, auth].map((client) => client.end()));
        },
      };
    },
    async stop() {
      await (await cluster)?.stop();
      cluster = undefined;
    },
  };
}

async function withRoles(cluster: Cluster): Promise<Cluster> {
  const client = await cluster.connect(SUPERUSER, "postgres");
  await client.query(PROJECT_ROLES + HOSTED_POSTGRES);
  await client.end();
  return cluster;
}
