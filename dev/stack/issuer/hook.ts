/** Runs an access token hook as Supabase Auth does (`internal/hooks`), on the stack's Postgres. */

import type { PGlite } from "@electric-sql/pglite";
import { hookedClaims } from "./claims.ts";
import type { Claims } from "./keys.ts";

/** The hook that ships. */
export const HOOK = new URL("../../../supabase/optional/access_token_hook.sql", import.meta.url);

/** What Auth's `uri` names, wherever the SQL is from. */
const FUNCTION = "public.behest_access_token_hook";

/** What the hook is told. */
export interface Event {
  metadata: { uuid: string; time: string; name: string; ip_address: string };
  user_id: string;
  claims: Claims;
  authentication_method: string;
}

/** Gives the claims to sign. It rejects where the sign-in is to fail. */
export type Hook = (event: Event) => Promise<Claims>;

/** @param sql defines the hook's function */
export async function makeHook(postgres: PGlite, sql: string): Promise<Hook> {
  await postgres.exec(sql);
  return (event) =>
    postgres.transaction(async (transaction) => {
      await transaction.exec(`
        set local role supabase_auth_admin;
        set local search_path to auth;
        set local statement_timeout to 2000;
      `);
      const { rows } = await transaction.query<{ answer: unknown }>(
        `select ${FUNCTION}($1::jsonb) as answer`,
        [event],
      );
      return hookedClaims(rows[0]?.answer);
    });
}
