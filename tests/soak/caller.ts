/** One request after the other, and whether each answer is its own caller's. */
import { Buffer } from "node:buffer";
import { STATUS } from "../support/expect.ts";
import { AILMENTS, type People, type Shot, type User } from "./people.ts";

export type Mode = "api-key" | "local";

/** Of a hundred requests so many are sound. */
const SOUND = 80;
/** One of so many locally signed tokens has its signature verified. */
const SAMPLE = 50;

export class Callers {
  /** Answers by code. */
  readonly codes: Record<string, number> = {};
  /** Answers that were not what they should be. */
  readonly mistakes: string[] = [];
  verified = 0;
  #next = 0;
  readonly #ids = new Set<string>();
  readonly #mode: Mode;
  readonly #url: string;
  readonly #people: People;
  readonly #publicKey: CryptoKey;

  constructor(mode: Mode, url: string, people: People, publicKey: CryptoKey) {
    this.#mode = mode;
    this.#url = url;
    this.#people = people;
    this.#publicKey = publicKey;
  }

  /** So many requests by so many callers at once; resolves when all are answered. */
  async ask(requests: number, callers: number): Promise<void> {
    const end = this.#next + requests;
    const caller = async () => {
      while (this.#next < end) await this.#ask(this.#next++);
    };
    await Promise.all(Array.from({ length: callers }, caller));
  }

  async #ask(nth: number): Promise<void> {
    const shot = this.#shot(nth);
    const { user, code } = shot;
    const origin = shot.origin ?? user.origin;
    const sessionId = `s:${nth}-${user.sub}`;
    const token = shot.token ?? user.token;
    const response = await fetch(this.#url, {
      method: shot.method ?? "POST",
      headers: token === ""
        ? { Origin: origin }
        : { Origin: origin, Authorization: `Bearer ${token}` },
      body: shot.body ?? `{"sessionId":"${sessionId}"}`,
    });
    const answer = await response.json();
    const got = answer.error?.code ?? "ok";
    this.codes[got] = (this.codes[got] ?? 0) + 1;
    const wrong = (what: string) => this.mistakes.push(`request ${nth} (${code}): ${what}`);
    if (got !== code) return void wrong(`the code is ${got}`);
    if (response.status !== STATUS[code]) wrong(`the status is ${response.status}`);
    const allowed = response.headers.get("Access-Control-Allow-Origin");
    if (allowed !== (shot.origin ? null : origin)) wrong(`the origin is ${allowed}`);
    if (code !== "ok") {
      if (JSON.stringify(answer).includes("eyJ")) wrong("a token in a refusal");
      return;
    }
    if (answer.sessionId !== sessionId) wrong(`the session is ${answer.sessionId}`);
    if (answer.tier !== user.tier) wrong(`the tier is ${answer.tier}`);
    const claims = JSON.parse(Buffer.from(answer.token.split(".")[1], "base64url").toString());
    if (claims.uid !== user.sub) wrong(`the token is of ${claims.uid}`);
    if (claims.tier !== user.tier) wrong(`the token's tier is ${claims.tier}`);
    if (claims.exp !== answer.expiresAt) wrong("the token ends at another time");
    if (this.#mode === "api-key") {
      if (answer.token !== user.behest) wrong("the token is not the one that was minted");
      const trace = response.headers.get("X-Trace-Id");
      if (trace !== `trace-${sessionId}`) wrong(`the trace is ${trace}`);
      return;
    }
    if (claims.sid !== sessionId) wrong(`the token's session is ${claims.sid}`);
    if (this.#ids.has(claims.jti)) wrong("a token's id came twice");
    // A soak of many millions must not fill its own memory.
    if (this.#ids.size < 200_000) this.#ids.add(claims.jti);
    if (nth % SAMPLE === 0 && !await this.#verifies(answer.token)) wrong("the signature");
  }

  #shot(nth: number): Shot {
    const { sound, ailing, shots } = this.#people;
    // A prime number, so that neighbours are different users.
    const of = <T>(list: readonly T[]): T =>
      list[(nth * 7919 + Math.floor(nth / 100)) % list.length] as T;
    const good = (user: User): Shot => ({ code: AILMENTS[user.ailment], user });
    if (nth % 100 < SOUND) return good(of(sound));
    // Where nobody asks the upstreams, no user ails.
    return nth % 2 && this.#mode === "api-key" ? good(of(ailing)) : of(shots);
  }

  async #verifies(token: string): Promise<boolean> {
    this.verified++;
    const cut = token.lastIndexOf(".");
    return await crypto.subtle.verify(
      "RSASSA-PKCS1-v1_5",
      this.#publicKey,
      Buffer.from(token.slice(cut + 1), "base64url"),
      new TextEncoder().encode(token.slice(0, cut)),
    );
  }
}
