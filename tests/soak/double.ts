/** Supabase and Behest, as cheap as can be, who notice when a call mixes up two users. */
import type { People, User } from "./people.ts";

export class Double {
  /** What no call should ever have said. */
  readonly mistakes: string[] = [];
  calls = 0;
  /** Not among the calls: they are nobody's. */
  keyFetches = 0;
  readonly #byToken = new Map<string, User>();
  readonly #bySub = new Map<string, User>();
  readonly #stranger: User;
  readonly #forged: string;
  readonly #jwks: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** @param jwks the Auth server's key set */
  constructor({ sound, ailing, forged }: People, jwks: string) {
    this.#jwks = jwks;
    this.#forged = `Bearer ${forged}`;
    for (const user of [...sound, ...ailing]) {
      this.#byToken.set(`Bearer ${user.token}`, user);
      this.#bySub.set(user.sub, user);
    }
    const stranger = sound[0];
    if (!stranger) throw new Error("nobody is there");
    this.#stranger = stranger;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async stop(): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    if (request.url.endsWith("/jwks.json")) {
      this.keyFetches++;
      return json(this.#jwks);
    }
    // Some answers overtake others.
    if (this.calls++ % 5 === 0) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
    }
    if (request.url.endsWith("/v1/auth/mint")) return this.#mint(await request.json());
    const authorization = request.headers.get("Authorization") ?? "";
    if (authorization === this.#forged && request.url.endsWith("/auth/v1/user")) {
      return refusal("bad_jwt");
    }
    const user = this.#byToken.get(authorization);
    if (!user) return this.#mistake(`a call with nobody's token: ${request.url}`);
    return request.url.endsWith("/auth/v1/user") ? this.#user(user) : this.#plan(user, request.url);
  }

  #user({ sub, ailment, plan }: User): Response {
    if (ailment === "ended") return refusal("session_not_found");
    if (ailment === "unknowable") return json("{}", 500);
    const id = ailment === "mistaken" ? this.#stranger.sub : sub;
    return json(`{"id":"${id}","app_metadata":{"plan":"${plan}"},"is_anonymous":false}`);
  }

  #plan({ sub, ailment, plan }: User, url: string): Response {
    if (!url.endsWith(`=eq.${sub}`)) return this.#mistake("one user's token, another one's plan");
    return ailment === "planless" ? json("{}", 500) : json(`[{"plan":"${plan}"}]`);
  }

  #mint(asked: { user_id: string; tier: number; session_id: string; role: string }): Response {
    const user = this.#bySub.get(asked.user_id);
    if (!user) return this.#mistake("a token for nobody");
    const { ailment, tier, behest } = user;
    if (asked.tier !== tier) return this.#mistake(`tier ${asked.tier}, where it is ${tier}`);
    if (asked.role !== "user") return this.#mistake(`the role ${asked.role}`);
    if (ailment === "unmintable") return json("{}", 500);
    if (ailment === "spent") return json("{}", 402);
    if (ailment === "hasty") return json("{}", 429);
    if (!["sound", "swapped"].includes(ailment)) return this.#mistake(`a token for one ${ailment}`);
    const jwt = ailment === "swapped" ? this.#stranger.behest : behest;
    const text = `{"jwt":"${jwt}","ttl":900,"session_id":"${asked.session_id}"}`;
    return json(text, 200, `trace-${asked.session_id}`);
  }

  #mistake(what: string): Response {
    this.mistakes.push(`upstream: ${what}`);
    return json("{}", 400);
  }
}

/** The Auth server's own no. */
function refusal(code: string): Response {
  return json(`{"code":403,"error_code":"${code}","msg":"no"}`, 403);
}

function json(text: string, status = 200, trace?: string): Response {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (trace) headers["X-Trace-Id"] = trace;
  return new Response(text, { status, headers });
}
