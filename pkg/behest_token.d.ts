/* tslint:disable */
/* eslint-disable */
/**
 * The algorithm of a session token.
 */

export type Algorithm = "HS256" | "ES256" | "RS256" | "EdDSA";
/**
 * Where the key of a token is: needs no fetch, is in the fetched key set, or may be in a newer one.
 */

export type KeyState = "settled" | "held" | "missing";
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



/**
 * A token that has passed every check but the Auth server's.
 */
export class Candidate {
    private constructor();
    /**
     * The algorithm of the session token, for the log.
     */
    readonly algorithm: Algorithm;
    /**
     * The very token that was judged, as Supabase takes it.
     */
    readonly authorization: string;
    /**
     * The Supabase user's id.
     */
    readonly sub: string;
    /**
     * Whether its signature was verified here. Where it was not, the Auth server decides alone, and
     * nobody else may be asked before it has.
     */
    readonly verified: boolean;
}

/**
 * The exchange, with its settings read and its keys imported.
 */
export class Core {
    private constructor();
    /**
     * Takes a fetched key set in place of the one before; gives how many of its keys cannot be
     * used. Throws `supabase_rejected`, `auth_unavailable` or `auth_timeout`, and keeps the old one.
     */
    acceptKeys(answer: Answer): number | Promise<number>;
    /**
     * Takes Behest's answer. Gives the body of the 200. Throws `quota_exceeded`, `rate_limited`,
     * `behest_rejected`, `behest_unavailable`, `behest_timeout`.
     */
    accept(grant: Grant, answer: Answer, now: number): string;
    /**
     * Makes a session of it, with the Auth server's answer where `setup.userUrl` is set. Throws
     * `invalid_session`, `anonymous_forbidden`, `uid_missing`, `supabase_rejected`,
     * `auth_unavailable`, `auth_timeout`.
     */
    confirm(candidate: Candidate, answer: Answer | null | undefined, now: number): Session;
    /**
     * Lets go of a token that is not to be verified.
     */
    discard(token: Token): void;
    /**
     * Grants the session's user a token, with PostgREST's answer where `setup.planUrl` is set.
     * Throws `supabase_rejected`, `plan_unavailable`, `plan_timeout`, `model_forbidden`.
     */
    grant(session: Session, answer?: Answer | null): Grant;
    /**
     * Where the token's key is.
     */
    keyState(token: Token): KeyState;
    /**
     * Reads the settings and imports the keys, once an isolate. Settings at fault are no error
     * here: `setup` tells them, and `verify` refuses.
     */
    static open(environment: Environment): Core | Promise<Core>;
    /**
     * Reads a request: the parameters out of its body, then the token out of its `Authorization`
     * header. Throws `invalid_request` and 401s.
     */
    read(body: Uint8Array | number[], authorization?: string | null): Token;
    /**
     * The body that asks Behest for the token, where `setup.mode` is `api_key`.
     */
    request(grant: Grant): string;
    /**
     * Judges the claims of a token that nothing has verified yet, so that one that could never be
     * accepted causes no fetch of keys. Throws as `verify` does.
     */
    screen(token: Token, now: number): void;
    /**
     * What the shim must carry.
     */
    setup(): Setup;
    /**
     * Signs the token here, where `setup.mode` is `local`. Gives the body of the 200.
     */
    sign(grant: Grant, now: number): string | Promise<string>;
    /**
     * Verifies signature and claims. Throws 401s, `client_forbidden` and `misconfigured`.
     */
    verify(token: Token, now: number): Candidate | Promise<Candidate>;
}

/**
 * Leave for one user to have one token.
 */
export class Grant {
    private constructor();
    /**
     * What the operator should know of this user's plan, for the log.
     */
    readonly notice: string | undefined;
    /**
     * The tier, for the log.
     */
    readonly tier: number;
}

/**
 * A user whose session is good.
 */
export class Session {
    private constructor();
    /**
     * The Behest uid, for the log.
     */
    readonly uid: string;
}

/**
 * A session token as it came, and what was asked beside it.
 */
export class Token {
    private constructor();
}

export function __wbg_reset_state(): void;

/**
 * A refusal of the contract's error table; nothing for a code that is not there.
 */
export function fault(code: FaultCode): Fault;

/**
 * Says in the log where a panic came from, before it becomes a trap.
 */
export function start(): void;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_candidate_free: (a: number, b: number) => void;
    readonly __wbg_core_free: (a: number, b: number) => void;
    readonly __wbg_grant_free: (a: number, b: number) => void;
    readonly __wbg_session_free: (a: number, b: number) => void;
    readonly __wbg_token_free: (a: number, b: number) => void;
    readonly candidate_algorithm: (a: number) => number;
    readonly candidate_authorization: (a: number) => [number, number];
    readonly candidate_sub: (a: number) => [number, number];
    readonly candidate_verified: (a: number) => number;
    readonly core_accept: (a: number, b: number, c: any, d: number) => [number, number, number, number];
    readonly core_acceptKeys: (a: number, b: any) => [number, number, number];
    readonly core_confirm: (a: number, b: number, c: number, d: number) => [number, number, number];
    readonly core_discard: (a: number, b: number) => void;
    readonly core_grant: (a: number, b: number, c: number) => [number, number, number];
    readonly core_keyState: (a: number, b: number) => [number, number, number];
    readonly core_open: (a: any) => [number, number, number];
    readonly core_read: (a: number, b: number, c: number, d: number, e: number) => [number, number, number];
    readonly core_request: (a: number, b: number) => [number, number, number, number];
    readonly core_screen: (a: number, b: number, c: number) => [number, number];
    readonly core_setup: (a: number) => [number, number, number];
    readonly core_sign: (a: number, b: number, c: number) => [number, number, number];
    readonly core_verify: (a: number, b: number, c: number) => [number, number, number];
    readonly fault: (a: number, b: number) => any;
    readonly grant_notice: (a: number) => [number, number];
    readonly grant_tier: (a: number) => number;
    readonly session_uid: (a: number) => [number, number];
    readonly start: () => void;
    readonly wasm_bindgen__convert__closures_____invoke__h4a04428608bcb420: (a: number, b: number, c: any) => [number, number, number];
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_exn_store: (a: number) => void;
    readonly __externref_table_alloc: () => number;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __wbindgen_destroy_closure: (a: number, b: number) => void;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __wbindgen_start: () => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;
