/** Users, tabs, faults and requests in an order that a seed decides. */
import { setImmediate } from "node:timers";
import { BASE_URL, refused } from "./client_function.ts";
import type { Behest, SupabaseSession } from "./client_module.ts";
import { Minimal, sessionOf } from "./client_minimal.ts";
import { type Answer, offline } from "./client_session.ts";
import { CHAT } from "./client_world.ts";

const USERS = ["ada", "bob", "cy", undefined] as const;

type Random = (below: number) => number;

/** Everything runs that waits for no clock, as `settle` does, in less time. */
async function calm(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise<void>((done) => setImmediate(done));
}

/** One page with its clients, its wishes, and what was asked of it. */
export class Schedule {
  readonly supabase = new Minimal();
  readonly behest: Behest;
  /** What came of every `getToken()`, and who was signed in when it came. */
  readonly given: { token: string; signedIn: string | undefined }[] = [];
  /** What may each excuse one mint more. */
  excuses = 1;
  readonly log: string[] = [];
  readonly #random: Random;
  readonly #steps: "fine" | "calm";
  #held: (() => void)[] = [];
  #sessions = 0;

  /**
   * @param steps events come between any two of them, or each after all else has come to rest
   * @param direct whether there is no function, and refreshes take the place of mints
   */
  constructor(random: Random, steps: "fine" | "calm", direct = false) {
    this.#random = random;
    this.#steps = steps;
    this.behest = this.supabase.create(direct ? { direct: { baseUrl: BASE_URL } } : {});
    this.supabase.onRefresh = () => {
      const user = this.supabase.session?.user.id;
      return new Promise((resolve) => this.#held.push(() => resolve(this.#renew(user))));
    };
    this.supabase.function.reply = (mint) =>
      new Promise((resolve) => {
        this.#held.push(() => resolve(this.#answer(mint)));
      });
    this.supabase.gateway.reply = () => {
      if (this.#random(4)) return new Response("ok");
      this.excuses++;
      return new Response("no", { status: 401 });
    };
  }

  /** So many events, and then all that is open is answered. */
  async run(events: number): Promise<void> {
    for (let nth = 0; nth < events; nth++) {
      this.#event();
      if (this.#steps === "calm") await calm();
      else if (this.#random(2)) await this.#someTurns();
    }
    while (this.#held.length) {
      this.#answerOne();
      await calm();
    }
    this.behest.close();
    await calm();
  }

  async #someTurns(): Promise<void> {
    const turns = this.#random(12);
    for (let turn = 0; turn < turns; turn++) await undefined;
    if (this.#random(3) === 0) await calm();
  }

  #event(): void {
    const events: [string, () => void][] = [
      ["sign in, or out", () => this.#become()],
      ["the same user again", () => this.#again()],
      ["the other tab's user", () => this.#elsewhere()],
      ["ask", () => this.#ask()],
      ["ask", () => this.#ask()],
      ["ask and leave", () => this.#askAndLeave()],
      ["send", () => this.#send()],
      ["send", () => this.#send()],
      ["send", () => this.#send()],
      ["answer a mint", () => this.#answerOne()],
      ["answer a mint", () => this.#answerOne()],
      ["invalidate", () => (this.excuses++, this.behest.invalidate())],
      ["new session", () => (this.excuses++, this.behest.newSession())],
      ["time", () => this.#pass()],
      ["sleep", () => (this.excuses++, this.supabase.clock.sleep(this.#random(2000)))],
    ];
    const [name, run] = events[this.#random(events.length)]!;
    this.log.push(name);
    run();
  }

  #become(): void {
    this.excuses++;
    const user = USERS[this.#random(USERS.length)];
    this.supabase.session = user === undefined ? null : this.#session(user);
    this.supabase.tell(user === undefined ? "SIGNED_OUT" : "SIGNED_IN", this.supabase.session);
  }

  /** Each is another, and lives for some minutes from now on. */
  #session(user: string): SupabaseSession {
    const iat = Math.floor(this.supabase.clock.now() / 1000);
    const claims = { sub: user, iat, exp: iat + 300, nth: this.#sessions++ };
    const payload = btoa(JSON.stringify(claims)).replace(/=+$/, "");
    return { access_token: `h.${payload}.s`, user: { id: user } };
  }

  /** What comes of a refresh that was asked for as this user. */
  #renew(user: string | undefined): Answer {
    const fate = this.#random(8);
    if (fate === 0) return offline();
    const here = this.supabase.session?.user.id;
    if (fate === 1 || user === undefined || here !== user) {
      const error = Object.assign(new Error("refused"), { name: "AuthApiError", status: 400 });
      // supabase-js may keep the session until it is over, or sign out at once.
      if (here === user && this.#random(2)) {
        this.supabase.become(undefined);
      }
      return { data: { session: null }, error };
    }
    const session = this.supabase.session = this.#session(user);
    this.supabase.tell("TOKEN_REFRESHED", session);
    return { data: { session }, error: null };
  }

  #again(): void {
    const { session } = this.supabase;
    this.supabase.tell(session ? "SIGNED_IN" : "SIGNED_OUT", session);
  }

  /** Told to every tab, but this tab's storage says otherwise; who is signed in stays. */
  #elsewhere(): void {
    this.excuses++;
    const { session } = this.supabase;
    const other = sessionOf(USERS[this.#random(3)]!);
    this.supabase.tell("SIGNED_IN", other);
    this.supabase.signedIn = session?.user.id;
  }

  #ask(signal?: AbortSignal): void {
    this.behest.getToken(signal ? { signal } : {}).then(
      ({ token }) => this.given.push({ token, signedIn: this.supabase.signedIn }),
      () => {},
    );
  }

  #askAndLeave(): void {
    const controller = new AbortController();
    this.#ask(controller.signal);
    if (this.#random(2)) controller.abort();
    else queueMicrotask(() => controller.abort());
  }

  #send(): void {
    this.behest.fetch(CHAT, { method: "POST", body: "{}" }).catch(() => {});
  }

  #pass(): void {
    const seconds = this.#random(8) ? this.#random(5) : this.#random(1500);
    this.excuses += 1 + Math.ceil(seconds / 2);
    this.supabase.clock.advance(seconds);
  }

  /** In any order. */
  #answerOne(): void {
    const [answer] = this.#held.splice(this.#random(Math.max(this.#held.length, 1)), 1);
    answer?.();
  }

  #answer(mint: Parameters<Minimal["function"]["good"]>[0]): Response {
    const fate = this.#random(8);
    if (fate === 0) return refused(503, "auth_unavailable", { "Retry-After": "3" });
    if (fate === 1) return refused(401, "expired_token");
    if (fate === 2) return new Response("<html>");
    return this.supabase.function.good(mint);
  }
}
