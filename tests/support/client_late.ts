/**
 * A page where `getSession()` is read now and answered later, in any order, and where an event may
 * come long after what it tells of.
 */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { microtasks } from "./client_calls.ts";
import { type Mint, refused } from "./client_function.ts";
import { type Behest, BehestError } from "./client_module.ts";
import { Minimal, sessionOf } from "./client_minimal.ts";
import { type Answer, offline, tellElsewhere } from "./client_session.ts";
import { CHAT } from "./client_world.ts";

type Random = (below: number) => number;

/** Between the client's last look at who is signed in and the next line of who has asked. */
const HOPS = 4;

/** Turns after which nobody asks any more. */
const QUIET = 12;

/** Everything runs that waits for no clock, and that nobody has to answer. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((done) => setImmediate(done));
}

function takeAny<T>(list: T[], random: Random): T | undefined {
  return list.splice(random(Math.max(list.length, 1)), 1)[0];
}

export class LatePage {
  readonly supabase = new Minimal();
  readonly behest: Behest;
  readonly log: string[] = [];
  /** What must not be, in words. */
  readonly wrong: string[] = [];
  /** How often something was given to who asked as somebody. */
  asked = 0;
  readonly #random: Random;
  readonly #mints: (() => void)[] = [];
  readonly #reads: (() => void)[] = [];
  readonly #events: (() => void)[] = [];
  /** Mints that are neither answered nor given up. */
  #underWay = 0;
  #open = 0;
  /** Who is signed in for certain, and nothing while that may be doubted. */
  #sure: string | undefined;
  /** Whom `getSession()` named last, and which call that was. */
  #named: string | undefined;
  #latest = 0;
  /** How many changes of who is signed in are no more than some hops ago. */
  #changes = 0;

  constructor(random: Random) {
    this.#random = random;
    const { supabase } = this;
    this.behest = supabase.create();
    supabase.onGetSession = supabase.onRefresh = () => this.#read();
    supabase.function.reply = (mint) => this.#mint(mint);
    supabase.gateway.reply = ({ owner }) => {
      if (!this.#isHere(owner)) this.wrong.push(`a request went out with the token of ${owner}`);
      return random(8) ? new Response("ok") : new Response("no", { status: 401 });
    };
  }

  /** So many events, then all that is open is answered, and then the end. */
  async run(events: number): Promise<void> {
    for (let nth = 0; nth < events; nth++) {
      this.#event();
      if (this.#random(2)) await microtasks(this.#random(14));
      else await this.#rest(this.#random(3) === 0);
    }
    while (this.#events.length) this.#events.shift()!();
    for (let quiet = 0; quiet < QUIET; quiet++) {
      const open = this.#mints.shift() ?? this.#reads.shift();
      if (open) quiet = 0;
      open?.();
      // Many questions that were overtaken make the next one wait, for ten seconds at the most.
      if (!open) this.supabase.clock.advance(1);
      await turns(1);
    }
    if (this.#open) this.wrong.push(`${this.#open} wait for ever`);
    await this.#close();
  }

  async #close(): Promise<void> {
    const count = () => [this.supabase.function.mints.length, this.supabase.gateway.sent.length];
    const before = count();
    this.behest.close();
    await turns(3);
    if (`${count()}` !== `${before}`) this.wrong.push("something went out after close()");
    if (this.supabase.clock.timers) this.wrong.push("a timer is left");
  }

  /** Where nothing is open and nothing is asked again it is certain who is there. */
  async #rest(answerAll: boolean): Promise<void> {
    for (let turn = 0; answerAll && turn < QUIET; turn++) {
      for (const answer of this.#reads.splice(0)) answer();
      await turns(1);
    }
    const { asked } = this.supabase;
    await turns(2);
    if (!this.#reads.length && this.supabase.asked === asked) this.#sure = this.#named;
  }

  /** Who is signed in by the last event, or by the storage that was read before it. */
  #isHere(user: string | undefined): boolean {
    const { signedIn, session } = this.supabase;
    return this.#events.length > 0 || user === signedIn || user === session?.user.id;
  }

  /** The same, or they have left since the client looked, which is some hops of a promise ago. */
  #wasHere(user: string | undefined): boolean {
    return this.#changes > 0 || this.#isHere(user);
  }

  #read(): Promise<Answer> {
    this.#sure = undefined;
    const nth = this.supabase.asked;
    const { session } = this.supabase;
    const answer = (read: Answer) => {
      // Which of two counts, where the earlier comes last, is no matter of this.
      this.#named = nth > this.#latest ? read.data.session?.user.id : undefined;
      this.#latest = Math.max(nth, this.#latest);
      return read;
    };
    const read = () => answer({ data: { session }, error: null });
    if (!this.#random(3)) return Promise.resolve(read());
    return new Promise((resolve) =>
      this.#reads.push(() => resolve(this.#random(25) ? read() : answer(offline())))
    );
  }

  #mint(mint: Mint): Promise<Response> {
    if (!mint.signal.aborted) this.#underWay++;
    if (this.#underWay > 1) this.wrong.push("two mints at a time");
    let over = mint.signal.aborted;
    const end = () => {
      if (!over) this.#underWay--;
      over = true;
    };
    mint.signal.addEventListener("abort", end);
    const session = String(mint.body.sessionId ?? `sid-${mint.user}-`);
    if (!session.startsWith(`sid-${mint.user}-`)) this.wrong.push(`${mint.user} mints ${session}`);
    return new Promise((resolve) =>
      this.#mints.push(() => {
        end();
        resolve(this.#answer(mint));
      })
    );
  }

  #answer(mint: Mint): Response {
    const fate = this.#random(9);
    if (fate === 0) return refused(503, "auth_unavailable");
    if (fate === 1) return refused(401, "expired_token");
    if (fate === 2) return refused(403, "client_forbidden");
    return this.supabase.function.good(mint);
  }

  #event(): void {
    const { behest, supabase } = this;
    const random = this.#random;
    const user = () => (["ada", "bob", "cy"] as const)[random(3)]!;
    const events: [number, string, () => void][] = [
      [2, "sign in, or out", () => this.#become(random(3) ? user() : undefined)],
      [1, "a late event", () => this.#events.shift()?.()],
      [1, "the other tab's user", () => this.#doubt(() => tellElsewhere(supabase, user()))],
      [3, "ask", () => this.#ask()],
      [1, "ask and leave", () => this.#ask(AbortSignal.abort())],
      [2, "send", () => this.#send()],
      [2, "answer a mint", () => takeAny(this.#mints, random)?.()],
      [3, "answer getSession()", () => takeAny(this.#reads, random)?.()],
      [1, "invalidate", () => behest.invalidate()],
      [1, "new session", () => behest.newSession()],
      [1, "time", () => supabase.clock.advance(random(5) ? random(4) : random(900))],
    ];
    const all = events.flatMap((each) => Array<typeof each>(each[0]).fill(each));
    const [, name, run] = all[random(all.length)]!;
    this.log.push(name);
    run();
  }

  #doubt(tell: () => void): void {
    this.#sure = undefined;
    this.#change();
    tell();
  }

  #change(): void {
    this.#changes++;
    microtasks(HOPS).then(() => this.#changes--);
  }

  /** In the storage at once; the event that tells of it may come later, but in its order. */
  #become(user: string | undefined): void {
    this.#change();
    const session = this.supabase.session = user === undefined ? null : sessionOf(user);
    const event = session ? "SIGNED_IN" : "SIGNED_OUT";
    this.#events.push(() => this.#doubt(() => this.supabase.tell(event, session)));
    if (this.#random(2)) { while (this.#events.length) this.#events.shift()!(); }
  }

  #ask(signal?: AbortSignal): void {
    const as = this.#sure;
    this.#watch(
      this.behest.getToken({ signal }).then(({ token }) => {
        const owner = token.split(".")[1];
        if (as) this.asked++;
        if (as && owner !== as) this.wrong.push(`who asked as ${as} got the token of ${owner}`);
        if (!this.#wasHere(owner)) this.wrong.push(`the token of ${owner} was given`);
      }),
    );
  }

  #send(): void {
    const as = this.#sure;
    const { sent } = this.supabase.gateway;
    const mark = `${this.log.length}`;
    const init = { method: "POST", body: "{}", headers: { "X-Mark": mark } };
    const check = () => {
      for (const { owner, headers } of sent) {
        if (headers.get("X-Mark") !== mark || !as) continue;
        if (owner !== as) this.wrong.push(`what ${as} sent went out with the token of ${owner}`);
      }
    };
    this.#watch(this.behest.fetch(CHAT, init).finally(check));
  }

  #watch(promise: Promise<unknown>): void {
    this.#open++;
    promise.catch((error) => {
      const known = error instanceof BehestError || error.name === "AbortError";
      if (!known) this.wrong.push(`an odd error: ${error}`);
    }).finally(() => this.#open--);
  }

  /** Holds the page against all that must not be. */
  assertGood(seed: number): void {
    assert.deepEqual(this.wrong, [], `seed ${seed}: ${this.log.join(", ")}`);
  }
}
