/**
 * How a change of a row gets from Postgres to the double: a trigger on each table of the
 * publication notifies (`feed.sql`), the process that runs Postgres prints a line, and the stack
 * reads it. Whatever asked for the change, in the end it was Postgres that made it.
 */

import type { PGlite } from "@electric-sql/pglite";

/** A table that changes are told of. */
export interface Table {
  schema: string;
  table: string;
}

/** A change as a client is told of it, and whose row it is. */
export interface Change {
  /** The row's primary key as text; nothing, where it is of several columns or none. */
  key: string | null;
  data: Table & {
    type: "INSERT" | "UPDATE" | "DELETE";
    commit_timestamp: string;
    columns: { name: string; type: string }[];
    record?: Record<string, unknown>;
    /** The primary key alone. */
    old_record?: Record<string, unknown>;
    errors: string[] | null;
  };
}

/** What one line says. */
export type News = { published: Table[] } | { change: Change };

const PREFIX = "realtime ";

/**
 * Begins to tell of the tables that are published by now.
 * @param print what `readNews` is to read
 */
export async function publish(
  postgres: PGlite,
  print: (line: string) => void,
): Promise<void> {
  const say = (news: News) => print(PREFIX + JSON.stringify(news));
  await postgres.exec(await Deno.readTextFile(new URL("feed.sql", import.meta.url)));
  await postgres.listen("realtime", (payload) => {
    const { key, data }: Change = JSON.parse(payload);
    say({ change: { key, data } });
  });
  const { rows } = await postgres.query<Table>(
    'select schemaname as schema, tablename as "table" ' +
      "from pg_publication_tables where pubname = 'supabase_realtime'",
  );
  say({ published: rows });
}

/** @returns nothing, where the line is about something else */
export function readNews(line: string): News | undefined {
  return line.startsWith(PREFIX) ? JSON.parse(line.slice(PREFIX.length)) : undefined;
}
