/** The running function under attack, and a witness to what came of it. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { publishing } from "./answers.ts";
import { assertCode } from "./expect.ts";
import {
  base64url,
  type Claims,
  encodePart,
  forge,
  type Header,
  PUBLIC_ALGORITHMS,
  sessionClaims,
  type Signer,
  signerOf,
} from "./keys.ts";
import { liveToken, type Running, startRunning, Upstream } from "./running.ts";
import type { Call, Route } from "./upstreams.ts";
import type { Answer, Routes, Sent, Settings } from "./world.ts";

/** What is sent, and the code that refuses it. A string is the token alone. */
export type Attack = readonly [what: string, sent: string | Sent, code?: string];
export type Attacks = Iterable<Attack> | AsyncIterable<Attack>;

/** Where a siege takes place. */
export interface Ground {
  readonly settings?: Settings;
  readonly routes?: Routes;
}

/** Every kind of key at hand: the widest gate there is. */
export async function everyKey(): Promise<Settings> {
  const signers = await Promise.all(PUBLIC_ALGORITHMS.map(signerOf));
  const { secret } = await signerOf("HS256");
  return {
    SUPABASE_JWKS: JSON.stringify({ keys: signers.map(({ jwk }) => jwk) }),
    JWT_SECRET: secret,
  };
}

/** A running function and the upstreams behind it, all of them friendly to forgers. */
export class Target {
  readonly upstream: Upstream;
  readonly #running: Running;
  readonly #good: string;

  private constructor(upstream: Upstream, running: Running, good: string) {
    this.upstream = upstream;
    this.#running = running;
    this.#good = good;
  }

  static async open({ settings, routes }: Ground = {}): Promise<Target> {
    const given = settings ?? await everyKey();
    const upstream = new Upstream({ jwks: publishing(given.SUPABASE_JWKS), ...routes });
    const good = await liveToken(await signerOf("ES256"));
    try {
      const running = await startRunning(upstream.url, given);
      return new Target(upstream, running, good);
    } catch (error) {
      await upstream.stop();
      throw error;
    }
  }

  get url(): string {
    return this.#running.url;
  }

  /** Every line that the function printed. */
  get log(): string[] {
    return this.#running.log;
  }

  /** A session token that is good. */
  get good(): string {
    return this.#good;
  }

  /** The calls of anyone but the function's own errand for keys. */
  get calls(): Call[] {
    return this.upstream.calls.filter(({ route }) => route !== "jwks");
  }

  /** Sends with the good token, unless another is given. */
  async send({ token, method, path, origin, headers, body }: Sent): Promise<Answer> {
    const sent = new Headers(headers);
    if (token === undefined) sent.set("Authorization", `Bearer ${this.#good}`);
    else if (token !== null) sent.set("Authorization", `Bearer ${token}`);
    if (origin !== undefined) sent.set("Origin", origin);
    const init = { method: method ?? "POST", headers: sent, body };
    return await answerOf(await fetch(this.url + (path ?? "/"), init));
  }

  /**
   * The attack is refused with this code, and no token comes. No upstream is called; where it is the
   * Auth server that refuses, it is asked once, and nobody else.
   */
  async refuse(what: string, sent: Sent, code: string): Promise<Answer> {
    const before = this.calls.length;
    const answer = await this.send(sent);
    assertCode(answer, code, what);
    assert.ok(!answer.text.includes("eyJ"), `${what}: no token comes`);
    const asked: Route[] = code === "invalid_session" ? ["user"] : [];
    const called = this.calls.slice(before).map(({ route }) => route);
    assert.deepEqual(called, asked, `${what}: whom it asks`);
    return answer;
  }

  /** A request is served. */
  async serve(what = "the next good request", sent: Sent = {}): Promise<Answer> {
    const answer = await this.send(sent);
    assertCode(answer, "ok", what);
    return answer;
  }

  async stop(): Promise<void> {
    await this.#running.stop();
    await this.upstream.stop();
    assert.doesNotMatch(this.log.join("\n"), /eyJ|Bearer/, "no token is in the log");
  }
}

/** A test with a target of its own. */
export function assault(
  title: string,
  test: (target: Target, step: Deno.TestContext["step"]) => Promise<void>,
  ground: () => Ground | Promise<Ground> = () => ({}),
): void {
  Deno.test(title, async (context) => {
    const target = await Target.open(await ground());
    try {
      await test(target, context.step.bind(context));
    } finally {
      await target.stop();
    }
  });
}

/** One process, and every attack of a table against it, a step each; in the end it still serves. */
export function siege(
  title: string,
  attacks: (target: Target) => Attacks,
  ground?: () => Ground | Promise<Ground>,
): void {
  assault(title, async (target, step) => {
    let count = 0;
    for await (const [what, sent, code = "invalid_token"] of attacks(target)) {
      count++;
      // The connections that are kept alive outlive a step.
      await step({
        name: `${what}: ${code}`,
        sanitizeOps: false,
        sanitizeResources: false,
        fn: async () => {
          await target.refuse(what, typeof sent === "string" ? { token: sent } : sent, code);
        },
      });
    }
    await target.serve();
    assert.ok(count > 0, "a siege has attacks");
  }, ground);
}

async function answerOf(response: Response): Promise<Answer> {
  const { status, headers } = response;
  const text = await response.text();
  const body = text === "" ? undefined : JSON.parse(text);
  const code = body?.error?.code ?? (status === 200 ? "ok" : "");
  return { status, code, message: body?.error?.message ?? "", headers, text, body };
}

/** Claims that are good now. */
export function liveClaims(over: Claims = {}): Claims {
  const now = Math.floor(Date.now() / 1000);
  return sessionClaims({ iat: now, exp: now + 3600, ...over });
}

/** A token whose claims are good now and whose signature fits this key, whatever its header says. */
export function liveForgery(
  signer: Signer,
  header: Header | string = {},
  claims: Claims | string = liveClaims(),
): Promise<string> {
  const own = { alg: signer.alg, kid: signer.kid, typ: "JWT" };
  return forge(signer, typeof header === "string" ? header : { ...own, ...header }, claims);
}

/** A token of good claims and any signature. */
export async function signedBy(
  header: Header,
  sign: (input: Uint8Array<ArrayBuffer>) => Uint8Array | Promise<ArrayBuffer>,
  claims: Claims = liveClaims(),
): Promise<string> {
  const input = `${encodePart(header)}.${encodePart(claims)}`;
  const signature = await sign(new TextEncoder().encode(input));
  return `${input}.${base64url(new Uint8Array(signature))}`;
}

/** Signs with HMAC under any bytes, even none. */
export function hmacOf(secret: string | Uint8Array, hash = "sha256") {
  return (input: Uint8Array): Uint8Array => createHmac(hash, secret).update(input).digest();
}

/** Signs with an RSA signer's own private key, but in another way. */
export async function signingAs(
  { key }: Signer,
  how: RsaHashedImportParams & RsaPssParams,
) {
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", key as CryptoKey);
  const other = await crypto.subtle.importKey("pkcs8", pkcs8, how, false, ["sign"]);
  return (input: Uint8Array<ArrayBuffer>) => crypto.subtle.sign(how, other, input);
}
