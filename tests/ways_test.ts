/**
 * Every cell of the table of docs/ways.md: what each way from a session to Behest can do and cannot,
 * on the real stack. A row of the page is a test here by its name, with a step for each way.
 */

import assert from "node:assert/strict";
import type { SupabaseClient } from "@supabase/supabase-js";
import { decodeJwt } from "jose";
import { HOOK } from "../dev/stack/issuer/hook.ts";
import { type Stack, startStack } from "../dev/stack/stack.ts";
import { setPlan } from "../dev/stack/users.ts";
import { signUp } from "./support/issuer.ts";

const WAYS = ["checked", "from claims", "direct"] as const;
type Way = (typeof WAYS)[number];

/** What these tests need set; the rest is as the stack has it. */
const SETTINGS = {
  BEHEST_PLAN_TIERS: '{"free":1,"pro":2,"max":3,"gold":9}',
  BEHEST_MODEL_POLICY: '{"big-model":["max"]}',
  // Of everybody who has signed up by e-mail: it shows whose word counts.
  BEHEST_UID_CLAIM: "app_metadata.provider",
};
const UID = "email";

/** Somebody who has signed up, and is on this plan by their session. */
interface Someone {
  readonly supabase: SupabaseClient;
  readonly id: string;
  readonly session: string;
}

/** What came of asking Behest for something by one of the ways. */
interface Outcome {
  /** The function's answer; 200 where there is no function. */
  readonly status: number;
  readonly code: string | undefined;
  /** What goes to Behest. */
  readonly token: string;
  /** Steps that the function took. */
  readonly steps: string[];
  /** Behest's status, and what its answer says of who asked. */
  readonly chat: number;
  readonly said: string;
}

/** Goes the whole of a way with this session token. */
async function go(
  stack: Stack,
  way: Way,
  session: string,
  { sessionId, model = "small-model" }: { sessionId?: string; model?: string } = {},
): Promise<Outcome> {
  const minted = way === "direct" ? undefined : await mint(stack, way, session, sessionId, model);
  const token = minted ? minted.body.token : session;
  const chat = token ? await askBehest(stack, token, sessionId ?? "any", model) : undefined;
  return {
    status: minted?.status ?? 200,
    code: minted?.body.error?.code,
    token,
    steps: minted?.steps ?? [],
    chat: chat?.status ?? 0,
    said: await chat?.text() ?? "",
  };
}

async function mint(stack: Stack, way: Way, session: string, sessionId = "s", model = "") {
  const { url, functionUrl } = stack;
  const answered = await fetch(`${url}/dev/function`, {
    method: "POST",
    headers: { Origin: url },
    body: JSON.stringify({ way: way === "checked" ? "checked" : "claims" }),
  });
  assert.equal(answered.status, 200, await answered.text());
  const answer = await fetch(functionUrl, {
    method: "POST",
    headers: { Authorization: `Bearer ${session}` },
    body: JSON.stringify({ sessionId, model }),
  });
  const timing = answer.headers.get("Server-Timing") ?? "";
  const steps = [...timing.matchAll(/(\w+);dur/g)].map(([, name]) => name!);
  return { status: answer.status, body: await answer.json(), steps };
}

function askBehest({ gatewayUrl }: Stack, token: string, sessionId: string, model: string) {
  return fetch(`${gatewayUrl}/v1/chat/completions`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "X-Session-Id": sessionId },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Who am I?" }] }),
  });
}

async function someone(stack: Stack, plan = "pro"): Promise<Someone> {
  const { supabase, id } = await signUp(stack);
  await setPlan(stack.url, stack.secretKey, id, plan);
  return { supabase, id, session: await refreshed(supabase) };
}

async function refreshed(supabase: SupabaseClient): Promise<string> {
  const { data, error } = await supabase.auth.refreshSession();
  assert.ifError(error);
  return data.session!.access_token;
}

/** What Behest says of the tier. */
const tierOf = ({ said }: Outcome) => Number(/ on tier (\d+)\./.exec(said)?.[1]);

type Check = (stack: Stack, way: Way) => Promise<void>;

const CALLED: Record<Way, string[]> = {
  checked: ["verify", "user", "plan", "mint"],
  "from claims": ["verify", "mint"],
  direct: [],
};

const ROWS: Record<string, Check> = {
  "calls, one after the other": async (stack, way) => {
    const { session } = await someone(stack);
    const before = stack.functionLog.length;
    const outcome = await go(stack, way, session);
    assert.equal(outcome.chat, 200);
    assert.deepEqual(outcome.steps, CALLED[way]);
    if (way === "direct") assert.equal(stack.functionLog.length, before);
  },

  "who was signed out, deleted or banned": async (stack, way) => {
    const { supabase, session } = await someone(stack);
    const before = await go(stack, way, session);
    assert.equal(before.chat, 200);
    const { error } = await supabase.auth.signOut({ scope: "global" });
    assert.ifError(error);
    const after = await go(stack, way, session);
    if (way === "checked") assert.deepEqual([after.status, after.code], [401, "invalid_session"]);
    else assert.equal(after.chat, 200);
    // What was handed out before lives to its end on every way.
    assert.equal((await askBehest(stack, before.token, "any", "small-model")).status, 200);
  },

  "a changed plan": async (stack, way) => {
    const { supabase, id, session } = await someone(stack, "free");
    assert.equal(tierOf(await go(stack, way, session)), 1);
    await setPlan(stack.url, stack.secretKey, id, "max");
    assert.equal(tierOf(await go(stack, way, session)), way === "checked" ? 3 : 1);
    assert.equal(tierOf(await go(stack, way, await refreshed(supabase))), 3);
  },

  "tiers by names of your own": async (stack, way) => {
    const { session } = await someone(stack, "gold");
    // The direct way's names are those that Behest was told.
    assert.equal(tierOf(await go(stack, way, session)), way === "direct" ? 1 : 9);
  },

  "a uid of your own": async (stack, way) => {
    const { session, id } = await someone(stack);
    const { said } = await go(stack, way, session);
    assert.match(said, new RegExp(`you are ${way === "direct" ? id : UID} on`));
  },

  "the Behest session, signed": async (stack, way) => {
    const { session } = await someone(stack);
    const { token, chat } = await go(stack, way, session, { sessionId: "chat-7" });
    assert.equal(chat, 200);
    const { sid } = decodeJwt(token);
    assert.equal(sid, way === "direct" ? undefined : "chat-7");
  },

  "a model policy": async (stack, way) => {
    const model = "big-model";
    const free = await go(stack, way, (await someone(stack, "free")).session, { model });
    const max = await go(stack, way, (await someone(stack, "max")).session, { model });
    assert.equal(max.chat, 200);
    if (way === "direct") assert.equal(free.chat, 200);
    else assert.deepEqual([free.status, free.code], [403, "model_forbidden"]);
  },

  "an app that a user has let in (OAuth)": async (stack, way) => {
    const claims = decodeJwt((await someone(stack)).session);
    const session = await stack.issuer!.sign({ ...claims, client_id: "some-app" });
    const { status, code, chat } = await go(stack, way, session);
    if (way === "direct") assert.equal(chat, 200);
    else assert.deepEqual([status, code], [403, "client_forbidden"]);
  },

  "what Behest sees of a user": async (stack, way) => {
    const { session } = await someone(stack);
    const { token } = await go(stack, way, session);
    const { email, user_metadata, uid, tier } = decodeJwt(token);
    if (way === "direct") return assert.ok(email && user_metadata);
    assert.deepEqual([email, user_metadata], [undefined, undefined]);
    assert.deepEqual([uid, tier], [UID, 2]);
  },

  "what a stolen token opens": async (stack, way) => {
    const { session, id } = await someone(stack);
    const { token } = await go(stack, way, session);
    const { exp, iat } = decodeJwt(token);
    assert.equal(exp! - iat!, way === "direct" ? 3600 : 900);
    const rows = await fetch(`${stack.url}/rest/v1/profiles?select=id`, {
      headers: { apikey: stack.publishableKey, Authorization: `Bearer ${token}` },
    });
    if (way === "direct") return assert.deepEqual(await rows.json(), [{ id }]);
    assert.equal(rows.status, 401, await rows.text());
  },
};

/** Rows that the benchmark measures. */
const MEASURED = "ms for a token, where every server answers after 25 ms";

Deno.test("each way can do what docs/ways.md says, and not what it says that it cannot", async (test) => {
  const stack = await startStack({
    port: 0,
    gatewayPort: 0,
    quiet: true,
    issuer: { hook: HOOK },
    env: SETTINGS,
  });
  try {
    for (const [row, check] of Object.entries(ROWS)) {
      for (const way of WAYS) await test.step(`${row}: ${way}`, () => check(stack, way));
    }
  } finally {
    await stack.stop();
  }
});

const text = (path: string) => Deno.readTextFile(new URL(`../${path}`, import.meta.url));

/** The rows of the page's first table, without what marks them up. */
async function rowsOfThePage(): Promise<string[][]> {
  const lines = (await text("docs/ways.md")).split("\n");
  const first = lines.findIndex((line) => line.startsWith("|"));
  const rest = lines.slice(first);
  const table = rest.slice(0, rest.findIndex((line) => !line.startsWith("|")));
  return table.map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.replace(/\*\*|`|\[|\]\([^)]*\)/g, "").trim())
  );
}

Deno.test("every row of the table of docs/ways.md is tested or measured, and each way is a column", async () => {
  const [head, , ...rows] = await rowsOfThePage();
  assert.deepEqual(head, ["", ...WAYS]);
  const named = rows.map(([name]) => name!.toLowerCase());
  const known = [...Object.keys(ROWS), MEASURED].map((name) => name.toLowerCase());
  assert.deepEqual(named.toSorted(), known.toSorted());
});

Deno.test("the milliseconds on docs/ways.md are those of the kept run of the benchmark, and none where nobody is asked", async () => {
  const { denos } = JSON.parse(await text("docs/benchmark.json"));
  const { rows } = denos.find(({ version }: { version: string }) => version === "2.1.4");
  const p50 = (name: string, mode: string) =>
    Math.round(
      rows.find((row: Record<string, string>) => row.name === name && row.mode === mode)
        .latency["25"].p50,
    );
  const row = (await rowsOfThePage()).find(([name]) => name === MEASURED)!;
  const cell = (name: string) => `${p50(name, "api-key")} / ${p50(name, "local")}`;
  assert.deepEqual(row.slice(1), [cell("ours"), cell("ours-plan-claim"), "0"]);
});
