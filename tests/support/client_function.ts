/** Doubles of the function and of Behest, which hear whose token each call carries. */
import { ownerOf, userOfSession } from "./client_auth.ts";
import { Held, unlessAborted } from "./client_calls.ts";

export const BASE_URL = "https://amber-fox-042.behest.app";

/** What the function answers for this user; each token is another. */
export interface Answered {
  token: unknown;
  sessionId: unknown;
  ttl: unknown;
  expiresAt: unknown;
  baseUrl?: unknown;
  tier?: unknown;
}

/** One call of the function. */
export interface Mint {
  readonly nth: number;
  /** By its session token. */
  readonly user: string;
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
  readonly signal: AbortSignal;
  /** Answers a call that is held. */
  answer(response?: Response): void;
  fail(reason: unknown): void;
}

export class FunctionDouble {
  readonly mints: Mint[] = [];
  /** How calls are answered; `hold` leaves it to the test. */
  reply: (mint: Mint) => Response | Promise<Response> = (mint) => this.good(mint);
  /** How many were under way at once, at most. */
  most = 0;
  #pending = 0;

  /** From now on the test answers each call by hand. */
  hold(): void {
    this.reply = () => new Promise(() => {});
  }

  /** From now on each call is answered like this. */
  always(make: (mint: Mint) => Response): void {
    this.reply = make;
  }

  good({ user, nth, body }: Pick<Mint, "user" | "nth" | "body">, over: Partial<Answered> = {}) {
    const { sessionId } = body;
    return Response.json({
      token: `bt.${user}.${nth}`,
      sessionId: sessionId ?? `sid-${user}-${nth}`,
      ttl: 900,
      expiresAt: 1_900_000_000 + nth,
      baseUrl: BASE_URL,
      tier: 1,
      ...over,
    });
  }

  async answer(request: Request, signal: AbortSignal): Promise<Response> {
    const held = new Held<Response>();
    const { url, method, headers } = request;
    const text = await request.text();
    const mint: Mint = {
      nth: this.mints.length + 1,
      user: userOfSession(headers.get("Authorization")),
      url,
      method,
      headers,
      body: text ? JSON.parse(text) : {},
      signal,
      answer: (response) => held.answer(response ?? this.good(mint)),
      fail: (reason) => held.fail(reason),
    };
    this.mints.push(mint);
    this.most = Math.max(this.most, ++this.#pending);
    try {
      const reply = Promise.resolve(this.reply(mint));
      return await unlessAborted(Promise.race([held.promise, reply]), signal);
    } finally {
      this.#pending--;
    }
  }

  /** The call that came last. */
  get last(): Mint {
    const mint = this.mints.at(-1);
    if (!mint) throw new Error("no mint yet");
    return mint;
  }
}

/** An error as the function tells it. */
export function refused(status: number, code: string, headers: Record<string, string> = {}) {
  const message = `What to do about ${code}.`;
  return Response.json({ error: { code, message } }, { status, headers });
}

/** One request to Behest, or to wherever else the client sent one. */
export interface Sent {
  readonly nth: number;
  readonly url: string;
  readonly init: RequestInit;
  readonly headers: Headers;
  readonly token: string;
  /** Whose token it carries. */
  readonly owner: string | undefined;
  /** Who was signed in when it was sent. */
  readonly signedIn: string | undefined;
  readonly input: RequestInfo | URL;
  answer(response: Response): void;
  fail(reason: unknown): void;
}

export class BehestDouble {
  readonly sent: Sent[] = [];
  /** How requests are answered; `hold` leaves it to the test. */
  reply: (sent: Sent) => Response | Promise<Response> = () => Response.json({ ok: true });

  hold(): void {
    this.reply = () => new Promise(() => {});
  }

  /** 401 for these tokens, 200 for all others. */
  refuse(...tokens: string[]): void {
    this.reply = ({ token }) =>
      tokens.includes(token) ? new Response("no", { status: 401 }) : Response.json({ ok: true });
  }

  /** A fetch for a page on which this user is signed in. */
  fetchOf(signedIn: () => string | undefined) {
    return (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
      const held = new Held<Response>();
      const request = input instanceof Request ? input : undefined;
      const headers = new Headers(init.headers ?? request?.headers);
      const token = headers.get("Authorization")?.replace("Bearer ", "") ?? "";
      const sent: Sent = {
        nth: this.sent.length + 1,
        url: request?.url ?? String(input),
        init,
        headers,
        token,
        owner: ownerOf(token),
        signedIn: signedIn(),
        input,
        answer: (response) => held.answer(response),
        fail: (reason) => held.fail(reason),
      };
      this.sent.push(sent);
      const reply = new Promise<Response>((resolve) => resolve(this.reply(sent)));
      const signal = init.signal ?? request?.signal;
      return unlessAborted(Promise.race([held.promise, reply]), signal);
    };
  }

  get last(): Sent {
    const sent = this.sent.at(-1);
    if (!sent) throw new Error("nothing sent yet");
    return sent;
  }
}
