/** Realtime and PostgREST as `watchPlan` uses them: what they say, and when, is the test's. */
import type { SupabaseLike } from "./client_module.ts";

type Channel = ReturnType<SupabaseLike["channel"]>;
type Row = Record<string, unknown>;

/** One channel, and what its server says. */
export class ChannelDouble implements Channel {
  /** What it asked to hear of. */
  wanted: Record<string, string> | undefined;
  removed = false;
  #changed: (change: { new: Row }) => void = () => {};
  #system: (message: Record<string, string>) => void = () => {};
  #status: (status: string, error?: Error) => void = () => {};

  constructor(readonly topic: string) {}

  on(type: string, wanted: object, listener: (message: never) => void): this {
    if (type === "system") {
      this.#system = listener as unknown as (message: Record<string, string>) => void;
    } else {
      this.wanted = wanted as Record<string, string>;
      this.#changed = listener as unknown as (change: { new: Row }) => void;
    }
    return this;
  }

  subscribe(listener: (status: string, error?: Error) => void): this {
    this.#status = listener;
    return this;
  }

  /** The join is answered, and a moment later the database is listened to. */
  joined(): void {
    this.#status("SUBSCRIBED");
    this.system("ok");
  }

  /** Joined, though nothing is told yet. */
  answered(): void {
    this.#status("SUBSCRIBED");
  }

  system(
    status: string,
    extension = "postgres_changes",
    message = "Subscribed to PostgreSQL",
  ): void {
    this.#system({ extension, status, message, channel: this.topic });
  }

  /** The socket is gone; supabase-js joins again by itself. */
  lost(error?: Error): void {
    this.#status("CHANNEL_ERROR", error);
  }

  timedOut(): void {
    this.#status("TIMED_OUT");
  }

  /** For good: supabase-js does not join this one again. */
  closed(): void {
    this.#status("CLOSED");
  }

  /** A change of a row; a deletion has no new one. */
  tell(row: Row): void {
    this.#changed({ new: row });
  }
}

/** One look at a row. */
export interface Look {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  readonly userColumn: string;
  readonly user: unknown;
}

export interface RowAnswer {
  readonly data: Row | null;
  readonly error: unknown;
  readonly status: number;
}

/** Every channel and every look of one client. */
export class RealtimeDouble {
  readonly channels: ChannelDouble[] = [];
  readonly looks: Look[] = [];
  /** Users' rows as the database has them. */
  readonly rows: Map<unknown, Row> = new Map();
  /** What a look is answered with; by default the row. */
  onLook: (look: Look) => PromiseLike<RowAnswer> = (look) => Promise.resolve(this.answer(look));

  get last(): ChannelDouble {
    const last = this.channels.at(-1);
    if (!last) throw new Error("no channel was made");
    return last;
  }

  /** Those that nobody has let go of. */
  get open(): ChannelDouble[] {
    return this.channels.filter(({ removed }) => !removed);
  }

  answer({ user, column }: Look): RowAnswer {
    const row = this.rows.get(user);
    return { data: row ? { [column]: row[column] } : null, error: null, status: 200 };
  }

  /** A plan as the database has it, told to whoever listens. */
  write(user: string, plan: unknown, told = true): void {
    this.rows.set(user, { id: user, plan });
    if (told) this.open.forEach((channel) => channel.tell({ id: user, plan }));
  }

  readonly channel = (topic: string): ChannelDouble => {
    const channel = new ChannelDouble(topic);
    this.channels.push(channel);
    return channel;
  };

  readonly removeChannel = (channel: unknown): Promise<"ok"> => {
    (channel as ChannelDouble).removed = true;
    return Promise.resolve("ok");
  };

  readonly schema = (schema: string) => ({
    from: (table: string) => ({
      select: (column: string) => ({
        eq: (userColumn: string, user: unknown) => ({
          maybeSingle: (): PromiseLike<RowAnswer> => {
            const look = { schema, table, column, userColumn, user };
            this.looks.push(look);
            return this.onLook(look);
          },
        }),
      }),
    }),
  });
}
