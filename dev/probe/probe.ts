/** A page with nothing on it but the client, supabase-js and OpenAI's SDK, as an app makes them. */

import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import OpenAI from "openai";
import { type Behest, BehestError, createBehest } from "../../client/mod.ts";
import type { Outcome, Probe, ProbeSettings, Sent } from "./probe_api.ts";

/** The same in every tab: it also names the channel by which tabs tell each other. */
const STORAGE_KEY = "probe";

/** Chats at once. */
const HAMMERS = 3;

const { url, publishableKey, gatewayUrl, model }: ProbeSettings = JSON.parse(
  document.getElementById("settings")!.textContent,
);
const sent: Sent[] = [];
const events: [string, string | null][] = [];
const shifts = { date: 0, ticks: 0 };
let supabase: SupabaseClient;
let behest: Behest;
let openai: OpenAI;
let storage: Storage;
let hammering: Hammering;

interface Hammering {
  stop: boolean;
  outcomes: Outcome<string>[];
  ended: Promise<unknown>;
}

/** Before anything of an SDK: what they keep of `fetch`, `Date` and `performance` is this. */
function stepBetween(): void {
  const { now } = Date;
  Date.now = () => now() + shifts.date;
  const ticks = performance.now.bind(performance);
  performance.now = () => ticks() + shifts.ticks;
  const send = fetch;
  globalThis.fetch = (input, init) => {
    const target = input instanceof Request ? input.url : String(input);
    const headers = new Headers(init?.headers ?? (input as Request).headers);
    const to = target.startsWith(gatewayUrl) ? "behest" : "function";
    if (to === "behest" || target.startsWith(`${url}/functions/`)) {
      const { uid, sub } = claims(headers.get("Authorization")!);
      const stored = JSON.parse(storage.getItem(STORAGE_KEY) ?? "null")?.user.id ?? null;
      const heard = events.at(-1)?.[1] ?? null;
      sent.push({ to, uid: uid ?? sub, sid: headers.get("X-Session-Id"), stored, heard });
    }
    return send(input, init);
  };
}

function claims(bearer: string): Record<string, string> {
  const part = bearer.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(atob(part));
}

async function outcome<T>(work: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await work };
  } catch (error) {
    for (let at = error; at instanceof Error; at = at.cause) {
      if (at instanceof BehestError) return { code: at.code };
    }
    return { code: (error as Error).name };
  }
}

async function stream(prompt: string): Promise<string> {
  let text = "";
  const chunks = await openai.chat.completions.create({
    model,
    stream: true,
    messages: [{ role: "user", content: prompt }],
  });
  for await (const { choices } of chunks) text += choices[0]?.delta.content ?? "";
  return text;
}

const probe: Probe = {
  start(kind) {
    storage = globalThis[kind];
    supabase = createClient(url, publishableKey, { auth: { storage, storageKey: STORAGE_KEY } });
    // Heard before the client hears it, so that nothing is sent in between unseen.
    supabase.auth.onAuthStateChange((event, session) => {
      events.push([event, session?.user.id ?? null]);
    });
    // Longer than any test waits: nothing here may end by it.
    behest = createBehest(supabase, { timeout: 600_000 });
    openai = behest.openai(OpenAI, { maxRetries: 0 });
    Object.assign(globalThis, { supabase, behest, openai });
  },
  async signIn(email, password) {
    const { error } = await supabase.auth.signInWithPassword({ email, password });
    if (error) throw error;
  },
  async signOut() {
    const { error } = await supabase.auth.signOut();
    if (error) throw error;
  },
  token: () =>
    outcome(
      behest.getToken().then(({ token, ttl }) => {
        const { uid, sid, jti } = claims(token);
        return { uid, sid, jti, ttl };
      }),
    ),
  chat: (prompt) => outcome(stream(prompt)),
  async invoke() {
    const { data, error } = await supabase.functions.invoke("behest-token", { method: "POST" });
    return error ? error.name : Object.keys(data);
  },
  hammer() {
    const own: Hammering = { stop: false, outcomes: [], ended: Promise.resolve() };
    hammering = own;
    const strike = async () => {
      for (let count = 0; !own.stop; count++) {
        own.outcomes.push(await outcome(stream(`blow ${count}`)));
        // Where nobody is signed in the answer comes at once: let the page breathe.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    own.ended = Promise.all(Array.from({ length: HAMMERS }, strike));
  },
  async rest() {
    hammering.stop = true;
    await hammering.ended;
    return hammering.outcomes;
  },
  move(clock, ms) {
    shifts[clock] += ms;
  },
  show(state) {
    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  },
  lag(ms) {
    const { getItem, setItem } = Storage.prototype;
    let known = storage.getItem(STORAGE_KEY);
    let news: number | undefined;
    Storage.prototype.setItem = function (key, value) {
      setItem.call(this, key, value);
      if (key === STORAGE_KEY) known = value;
    };
    Storage.prototype.getItem = function (key) {
      const value = getItem.call(this, key);
      if (key !== STORAGE_KEY || value === known) return value;
      news ??= Date.now();
      return Date.now() - news < ms ? known : value;
    };
  },
  sent: () => sent,
  events: () => events,
  status() {
    const { status, error } = behest.getSnapshot();
    return { status, code: error?.code };
  },
};

stepBetween();
Object.assign(globalThis, { probe });
