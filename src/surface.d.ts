/** Where the settings are; `Deno.env` is one. */
export interface Environment {
  get(name: string): string | undefined;
}

/** A code of the contract's error table. */
export type FaultCode =
  | "invalid_request"
  | "missing_token"
  | "invalid_token"
  | "expired_token"
  | "not_a_user"
  | "invalid_session"
  | "quota_exceeded"
  | "origin_forbidden"
  | "anonymous_forbidden"
  | "client_forbidden"
  | "uid_missing"
  | "model_forbidden"
  | "method_not_allowed"
  | "request_too_large"
  | "rate_limited"
  | "misconfigured"
  | "internal"
  | "supabase_rejected"
  | "behest_rejected"
  | "auth_unavailable"
  | "plan_unavailable"
  | "behest_unavailable"
  | "auth_timeout"
  | "plan_timeout"
  | "behest_timeout";

/** A refusal. What the core refuses, it throws as one of these. */
export interface Fault {
  readonly code: FaultCode;
  /** The HTTP status. */
  readonly status: number;
  /** What to do next; holds no secret. */
  readonly message: string;
  /** Seconds to wait before the next try. */
  readonly retryAfter?: number;
  /** Why, for the log alone; holds no secret. */
  readonly detail?: string;
  /** What the operator should know, for the log, once. */
  readonly notice?: string;
}

/** The end of an upstream call, after its retries. */
export interface Answer {
  /** The HTTP status; absent where no answer came. */
  readonly status?: number;
  /** The body; absent where it was too long or broke off. */
  readonly body?: Uint8Array;
  /** `Retry-After` in seconds. */
  readonly retryAfter?: number;
  /** No answer came, because the time was up. */
  readonly timedOut?: boolean;
  /** A refusal's `x-sb-error-code`, which the Auth server sends. */
  readonly errorCode?: string;
  /** A refusal's `Proxy-Status`, which PostgREST sends. */
  readonly proxyStatus?: string;
}

/** What the shim must carry, and where to. A URL that is absent is not called. */
export interface Setup {
  /** Allowed origins: exact, or with one `*` in the first label. */
  readonly origins: string[];
  /** What works but should be changed, for the log. */
  readonly warnings: string[];
  /** `misconfigured`, where settings are at fault. All below is absent then. */
  readonly fault?: Fault;
  readonly mode?: "api_key" | "local";
  /** The Auth server's user endpoint. */
  readonly userUrl?: string;
  /** PostgREST's plan query; ends where the user's id belongs. */
  readonly planUrl?: string;
  /** A token is minted without the plan too, so the plan must leave time for that. */
  readonly planOptional: boolean;
  /** The key set: the Auth server's, or a third party's. */
  readonly jwksUrl?: string;
  /** Sent there as `apikey`: a third party gets nothing of the project's. */
  readonly jwksKey?: string;
  /** Whether there is a set already, from the settings. */
  readonly hasKeySet: boolean;
  /** Behest's mint endpoint. */
  readonly mintUrl?: string;
  /** Sent to Supabase as `apikey`. */
  readonly supabaseKey?: string;
  /** Sent to Behest, and to nobody else. A secret. */
  readonly behestKey?: string;
}
