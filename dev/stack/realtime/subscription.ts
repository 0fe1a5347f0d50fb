/** One entry of `postgres_changes`: which changes a channel wants to be told of. */

import type { Change, Table } from "./feed.ts";
import { isObject } from "./frame.ts";
import { Refusal } from "./session.ts";

/** What a client asked for. */
export interface Subscription {
  /** The entry as it was asked for, with an id: supabase-js compares the one with the other. */
  entry: Record<string, unknown>;
  id: number;
  /** Why nothing will be told of it. */
  problem: string | undefined;
  /** Whether this is a change of the wanted kind; whose row it is, is another question. */
  wants(change: Change): boolean;
}

const EVENTS = ["*", "INSERT", "UPDATE", "DELETE"];

/** The only operator that is known here. */
const FILTER = /^([^=]+)=eq\.(.*)$/s;

let lastId = 0;

/**
 * @param asked what `config.postgres_changes` is
 * @param most how many entries there may be
 * @throws {Refusal} where that is no list of entries
 */
export function parseSubscriptions(
  asked: unknown,
  most: number,
  published: readonly Table[],
): Subscription[] {
  if (asked === undefined || asked === null) return [];
  if (!Array.isArray(asked) || asked.length > most || !asked.every(isEntry)) {
    const message = `postgres_changes is a list of at most ${most} entries`;
    throw new Refusal("InvalidJoinPayload", message);
  }
  return asked.map((entry) => subscribe(entry, published));
}

function subscribe(entry: Entry, published: readonly Table[]): Subscription {
  const { event = "*", schema = "public", table = "*", filter } = entry;
  const [, column, value] = FILTER.exec(filter ?? "") ?? [];
  const covers = (changed: Table) =>
    [changed.schema, "*"].includes(schema) && [changed.table, "*"].includes(table);
  const told = `[event: ${event}, schema: ${schema}, table: ${table}, filters: [${filter ?? ""}]]`;
  const fault = (hint: string) =>
    `Unable to subscribe to changes with given parameters. ${hint} connect parameters: ${told}`;

  let problem: string | undefined;
  if (!published.some(covers)) problem = fault("Please check Realtime is enabled for the given");
  if (!EVENTS.includes(event) || filter !== undefined && column === undefined) {
    problem = `${fault("An exception happened so please check your")}. Exception: ` +
      `this double knows the events ${EVENTS.join(", ")}, and filters of the form column=eq.value`;
  }
  const id = ++lastId;
  return {
    entry: { ...entry, id },
    id,
    problem,
    wants({ data }) {
      if (!covers(data) || ![data.type, "*"].includes(event)) return false;
      const row = data.record ?? data.old_record ?? {};
      return column === undefined || Object.hasOwn(row, column) && String(row[column]) === value;
    },
  };
}

type Entry = Partial<Record<"event" | "schema" | "table" | "filter", string>>;

function isEntry(value: unknown): value is Entry {
  return isObject(value) && ["event", "schema", "table", "filter"]
    .every((name) => value[name] === undefined || typeof value[name] === "string");
}
