/** A project around the running function: its settings, its Supabase, and what people send to it. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { STATUS } from "./expect.ts";
import { UPSTREAM_WORDS } from "./gateways.ts";
import { signerOf } from "./keys.ts";
import { liveToken, startRunning, Upstream } from "./running.ts";
import type { Answer, Routes, Sent, Settings } from "./world.ts";

const STATUSES: Record<string, number> = {
  ...STATUS,
  client_forbidden: 403,
  uid_missing: 403,
  supabase_rejected: 502,
};

/** The running function and what is behind it. */
export class Project {
  readonly upstream: Upstream;
  readonly #url: string;

  constructor(upstream: Upstream, url: string) {
    this.upstream = upstream;
    this.#url = url;
  }

  /** Asks; by default with a session that is good. */
  async ask({ token, method = "POST", origin, headers, body, path = "" }: Sent): Promise<Answer> {
    const sent = new Headers(headers);
    if (token !== null) {
      sent.set("Authorization", `Bearer ${token ?? await liveToken(await signerOf("ES256"))}`);
    }
    if (origin !== undefined) sent.set("Origin", origin);
    const response = await fetch(this.#url + path, { method, headers: sent, body });
    const text = Buffer.from(await response.arrayBuffer()).toString();
    const read = text === "" ? undefined : JSON.parse(text);
    const code = read?.error?.code ?? (response.status === 200 ? "ok" : "");
    const { status, headers: got } = response;
    return { status, code, message: read?.error?.message ?? "", headers: got, text, body: read };
  }

  /** Asks and expects this code, with its status, and none of an upstream's words. */
  async expect(sent: Sent, code: string, what = ""): Promise<Answer> {
    const answer = await this.ask(sent);
    assert.equal(answer.code, code, `${what} → ${answer.status} ${answer.text.slice(0, 300)}`);
    assert.equal(answer.status, STATUSES[code], what);
    assertOwnWords(answer.text, what);
    return answer;
  }

  /** Asks and expects this code; gives the upstreams that were called for it, in their order. */
  async calls(sent: Sent, code: string, what = ""): Promise<string[]> {
    const before = this.upstream.calls.length;
    await this.expect(sent, code, what);
    return this.upstream.calls.slice(before).map(({ route }) => route);
  }
}

/** Nothing that an upstream said stands in a text. */
export function assertOwnWords(text: string, what = ""): void {
  for (const words of UPSTREAM_WORDS) {
    assert.ok(!text.includes(words), `${what}: an upstream's words are told: ${words}`);
  }
}

/** Settings, or what makes them of the place where Supabase and Behest are. */
export type Given = Settings | ((upstream: string) => Settings);

/** What was printed, read when nothing more can come. */
export interface Log {
  readonly text: string;
  /** Lines that tell of no request. */
  readonly notices: string[];
}

/** Starts the function, works with it, and gives its log when it has ended. */
export async function inProject(
  given: Given,
  routes: Routes,
  work: (project: Project) => Promise<unknown>,
): Promise<Log> {
  const upstream = new Upstream(routes);
  try {
    const settings = typeof given === "function" ? given(upstream.url) : given;
    const running = await startRunning(upstream.url, settings);
    try {
      await work(new Project(upstream, running.url));
    } finally {
      await running.stop();
    }
    const text = running.log.join("\n");
    assertOwnWords(text, "the log");
    return { text, notices: running.log.filter((line) => !line.includes('"code"')) };
  } finally {
    await upstream.stop();
  }
}

/** Expects settings to be refused with no call, by the variable's name and without this value; gives the message. */
export async function expectMisconfigured(
  given: Given,
  name: string,
  value: string,
): Promise<string> {
  let message = "";
  const { text } = await inProject(given, {}, async (project) => {
    const answer = await project.expect({}, "misconfigured", `${name} of ${value}`);
    assert.ok(answer.message.includes(name), `${name} is not named: ${answer.message}`);
    assert.ok(!answer.text.includes(value), `${name}: its value is told`);
    assert.deepEqual(project.upstream.calls, []);
    message = answer.message;
  });
  assert.ok(!text.includes(value), `${name}: its value stands in the log`);
  return message;
}

/** Expects a line of the log, of no request's, that names this. */
export function assertWarned({ notices, text }: Log, name: string): void {
  assert.ok(notices.some((line) => line.includes(name)), `no warning names ${name}:\n${text}`);
}
