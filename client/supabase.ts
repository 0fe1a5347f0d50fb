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

/** A client of supabase-js, version 2. */
export interface SupabaseLike {
  readonly auth: {
    getSession(): Promise<SessionAnswer>;
    refreshSession(): Promise<SessionAnswer>;
    onAuthStateChange(
      listener: (event: string, session: SupabaseSession | null) => void,
    ): { data: { subscription: { unsubscribe(): void } } };
  };
  readonly functions: {
    invoke(name: string, options: {
      method: "POST";
      headers: Record<string, string>;
      body: Record<string, unknown>;
      signal: AbortSignal;
    }): Promise<{ data: unknown; error: unknown; response?: Response | undefined }>;
  };
}
