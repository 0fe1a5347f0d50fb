/** Many requests by many callers, good and bad: whose answers they get, and what stays behind. */
import { behestKey, localSettings } from "../support/behest_keys.ts";
import { makeSigner } from "../support/keys.ts";
import { API_KEY, PUBLISHABLE_KEY } from "../support/world.ts";
import { Callers, type Mode } from "./caller.ts";
import { Double } from "./double.ts";
import { judge, type Verdict } from "./flat.ts";
import { makePeople, ORIGINS } from "./people.ts";
import { type Probed, startProbed } from "./probed.ts";

export type { Mode } from "./caller.ts";

export interface SoakOptions {
  readonly mode: Mode;
  readonly requests: number;
  readonly callers: number;
  /** Path of the Deno binary that runs the function. */
  readonly deno?: string;
  /** Told after each batch. */
  readonly onProgress?: (progress: Progress) => void;
}

export type Reading = Awaited<ReturnType<Probed["read"]>>;

export interface Progress extends Reading {
  readonly done: number;
  /** Requests a second in this batch. */
  readonly rate: number;
}

export interface Report {
  readonly mode: Mode;
  readonly requests: number;
  readonly seconds: number;
  /** Requests a second, the readings left out. */
  readonly rate: number;
  readonly codes: Record<string, number>;
  /** Signatures of locally signed tokens that were verified. */
  readonly verified: number;
  readonly mistakes: string[];
  readonly verdicts: Verdict[];
  readonly readings: Progress[];
}

/** Batches, with a reading after each. */
const BATCHES = 40;

export async function soak(options: SoakOptions): Promise<Report> {
  const { mode, requests, callers, onProgress = () => {} } = options;
  const signers = await Promise.all([makeSigner("ES256"), makeSigner("EdDSA")]);
  // A day is longer than anybody waits for the end of it.
  const people = await makePeople(signers, 86_400, mode === "api-key");
  const jwks = JSON.stringify({ keys: signers.map(({ jwk }) => jwk) });
  const double = new Double(people, jwks);
  const { publicKey } = await behestKey();
  const log = new LogCheck();
  const env = {
    SUPABASE_URL: double.url,
    SUPABASE_PUBLISHABLE_KEY: PUBLISHABLE_KEY,
    // One mode has its keys given, the other one fetches them.
    ...(mode === "api-key" ? { SUPABASE_JWKS: jwks } : {}),
    BEHEST_BASE_URL: double.url,
    CORS_ORIGIN: ORIGINS.join(","),
    ...await settingsOf(mode),
  };
  const probed = await startProbed(env, (line) => log.add(line), options.deno);
  try {
    const asking = new Callers(mode, probed.url, people, publicKey);
    const readings: Progress[] = [];
    const start = performance.now();
    let busy = 0;
    for (let batch = 1, done = 0; batch <= BATCHES; batch++) {
      const count = Math.floor(requests * batch / BATCHES) - done;
      const before = performance.now();
      await asking.ask(count, callers);
      const ms = performance.now() - before;
      busy += ms;
      done += count;
      readings.push({ ...await settled(probed), done, rate: Math.round(count / ms * 1000) });
      onProgress(readings.at(-1) as Progress);
    }
    await log.holds(requests);
    const mistakes = [...asking.mistakes, ...double.mistakes, ...log.mistakes(asking.codes)];
    const seconds = Math.round((performance.now() - start) / 1000);
    if (mode === "local") {
      if (double.calls > 0) mistakes.push(`${double.calls} upstream calls`);
      // The first fetch, and one in 30 s for the unknown keys of the forged.
      const { keyFetches } = double;
      const most = 2 + Math.floor(seconds / 30);
      if (keyFetches < 1 || keyFetches > most) mistakes.push(`${keyFetches} fetches of keys`);
    }
    return {
      mode,
      requests,
      seconds,
      rate: Math.round(requests / busy * 1000),
      codes: asking.codes,
      verified: asking.verified,
      mistakes,
      verdicts: [...judge(readings), ...remains(readings)],
      readings,
    };
  } finally {
    await probed.stop();
    await double.stop();
  }
}

async function settingsOf(mode: Mode): Promise<Record<string, string>> {
  if (mode === "api-key") return { BEHEST_KEY: API_KEY };
  const local = Object.entries(await localSettings()).map(([name, value]) => [name, value ?? ""]);
  return {
    ...Object.fromEntries(local),
    BEHEST_USER_CHECK: "claims",
    BEHEST_PLAN_CLAIM: "app_metadata.plan",
  };
}

/** A reading, as soon as calls that nobody waits for any more have come to their end. */
async function settled(probed: Probed): Promise<Reading> {
  for (let tried = 0;; tried++) {
    const reading = await probed.read();
    if ((reading.timers === 0 && reading.handles === 1) || tried === 10) return reading;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** When nobody asks, there is one instance with one core in it, and nothing waits. */
function remains(readings: readonly Reading[]): Verdict[] {
  const rules = [["handles", 1], ["instances", 1], ["timers", 0]] as const;
  return rules.map(([what, before]) => {
    const after = Math.max(...readings.map((reading) => reading[what]));
    return { what: `${what}, at the most`, before, after, flat: after === before };
  });
}

/** The log has one line a request, and no secret. */
class LogCheck {
  readonly #codes: Record<string, number> = {};
  #lines = 0;
  #secrets = 0;
  #noticed = false;
  #causes: string[] = [];

  add(line: string): void {
    if (/eyJ|behest_sk_|PRIVATE KEY|ada\.lovelace/.test(line)) this.#secrets++;
    const code = /^\{"code":"(\w+)"/.exec(line)?.[1];
    if (code === undefined) {
      // Told once of the forged sessions: a secret that is not at hand may have signed them.
      const isExpected = line.startsWith('{"notice":"a session was signed with') && !this.#noticed;
      if (isExpected) this.#noticed = true;
      else this.#causes.push(line.slice(0, 200));
      return;
    }
    this.#lines++;
    this.#codes[code] = (this.#codes[code] ?? 0) + 1;
  }

  /** Waits for the last lines, which come by another way than the answers. */
  async holds(lines: number): Promise<void> {
    for (let tried = 0; this.#lines < lines && tried < 100; tried++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  mistakes(codes: Record<string, number>): string[] {
    const mistakes = this.#causes.map((line) => `log: ${line}`);
    if (this.#secrets > 0) mistakes.push(`log: ${this.#secrets} lines with a secret`);
    for (const code of new Set([...Object.keys(codes), ...Object.keys(this.#codes)])) {
      const [answers, lines] = [codes[code] ?? 0, this.#codes[code] ?? 0];
      if (answers !== lines) mistakes.push(`log: ${lines} lines of ${code}, ${answers} answers`);
    }
    return mistakes;
  }
}
