/** What is used of supabase-js, so that any client of version 2 fits. */

/** A Supabase session, as far as it is read here. */
export interface SupabaseSession {
  readonly access_token: string;
  readonly user: { readonly id: string; readonly is_anonymous?: boolean | undefined };
}

/** What supabase-js answers when it is asked for a session. */
export interface SessionAnswer {
  readonly data: { readonly session: SupabaseSession | null };
  readonly error: unknown;
}

/** A row, as PostgREST and Realtime give it. */
export type Row = Record<string, unknown>;

/** A channel of Realtime. */
export interface RealtimeChannelLike {
  on(
    type: "postgres_changes",
    filter: { event: "*"; schema: string; table: string; filter: string },
    listener: (change: { new: Row }) => void,
  ): unknown;
  on(type: "system", filter: object, listener: (message: Record<string, string>) => void): unknown;
  subscribe(listener: (status: string, error?: Error) => void): unknown;
}

/** Its tables, by names that are not known here; before 2.38 it had `public` alone. */
export interface TablesLike {
  schema(name: string): {
    from(table: string): {
      select(column: string): {
        eq(column: string, value: unknown): {
          maybeSingle(): PromiseLike<{ data: Row | null; error: unknown; status: number }>;
        };
      };
    };
  };
}

/** A client of supabase-js, version 2. */
export interface SupabaseLike {
  readonly auth: {
    getSession(): Promise<SessionAnswer>;
    refreshSession(): Promise<SessionAnswer>;
    onAuthStateChange(
      listener: (event: string, session: SupabaseSession | null) => void,
    ): { data: { subscription: { unsubscribe(): void } } };
  };
  channel(topic: string): RealtimeChannelLike;
  removeChannel(channel: RealtimeChannelLike): unknown;
  readonly functions: {
    invoke(name: string, options: {
      method: "POST";
      headers: Record<string, string>;
      body: Record<string, unknown>;
      signal: AbortSignal;
    }): Promise<{ data: unknown; error: unknown; response?: Response | undefined }>;
  };
}
