/** Every way in which no token can be had, or a request is not sent. */

/** What the client itself says; the function's own codes come as they are (README, "Errors"). */
export type ClientCode =
  | "no_session"
  | "user_changed"
  | "timeout"
  | "network"
  | "bad_answer"
  | "foreign_url"
  | "closed";

/** What is known of an error beside its code and message. */
export interface BehestErrorDetails {
  /** HTTP status of the answer, where there was one. */
  readonly status?: number | undefined;
  /** Seconds after which to ask again, as the function says. */
  readonly retryAfter?: number | undefined;
  /** Names the mint in Behest's own logs. */
  readonly traceId?: string | undefined;
  readonly cause?: unknown;
}

/** Says by its `code` what happened, and by its `message` what to do. Holds no token. */
export class BehestError extends Error {
  /** One of the function's codes or of the client's own. */
  readonly code!: ClientCode | (string & Record<never, never>);
  readonly status: number | undefined;
  /** Seconds. */
  readonly retryAfter: number | undefined;
  readonly traceId: string | undefined;

  constructor(code: BehestError["code"], message: string, details?: BehestErrorDetails) {
    super(message);
    // `cause` as well, which not every project's library of types knows as a second argument.
    Object.assign(this, { name: "BehestError", code }, details);
  }
}

/** The error of who waits while nobody is signed in. */
export function noSession(cause?: unknown): BehestError {
  return new BehestError("no_session", "Nobody is signed in: sign in first.", {
    cause: nameOf(cause),
  });
}

/** The error of who waited for a token of a user who has left. */
export function userChanged(): BehestError {
  return new BehestError("user_changed", "Another user is here now: start over.");
}

/** The error for an answer that the function never gives; without a cause, which may quote it. */
export function badAnswer(status?: number): BehestError {
  return new BehestError(
    "bad_answer",
    "Not the function's answer: is it deployed by this name?",
    { status },
  );
}

/** The error for a session that has to be refreshed, and cannot be. */
export function sessionOver(): BehestError {
  const message = "The session cannot be refreshed: sign in again.";
  return new BehestError("expired_token", message, { status: 401 });
}

/** The error for what took too long. */
export function timedOut(): BehestError {
  return new BehestError("timeout", "No token in time: ask again.");
}

/** The error for no answer at all, as far as a page may know. */
export function network(cause: unknown, status?: number): BehestError {
  return new BehestError(
    "network",
    "No answer: offline, not deployed, or CORS_ORIGIN lacks this origin. See the console and " +
      "`npx behest-token doctor`.",
    { status, cause: nameOf(cause) },
  );
}

/** The error of who asks after the end. */
export function closedError(): BehestError {
  return new BehestError("closed", "This client is closed.");
}

/** Of another's error its name alone: what else it carries may be secret. */
function nameOf(cause: unknown): unknown {
  return cause && typeof cause === "object" ? (cause as Error).name : cause;
}

/** Whether an error is the client's own, of who is there: it is told, and never waited out. */
export function isFinal(error: unknown): boolean {
  const { code, status } = Object(error) as BehestError;
  return !status && /^(no_session|user_changed|closed)$/.test(code);
}
