/**
 * Every cell of the table of docs/ways.md: what each way from a session to Behest can do and cannot,
 * on the real stack. A row of the page is a test here by its name, with a step for each way.
 */

import assert from "node:assert/strict";
import { decodeJwt } from "jose";
import { HOOK } from "../dev/stack/issuer/hook.ts";
import { type Stack, startStack } from "../dev/stack/stack.ts";
import { setPlan } from "../dev/stack/users.ts";
import {
  askBehest,
  go,
  refreshed,
  SETTINGS,
  someone,
  tierOf,
  UID,
  type Way,
  WAYS,
} from "./support/ways.ts";

type Check = (stack: Stack, way: Way) => Promise<void>;

const CALLED: Record<Way, string[]> = {
  checked: ["verify", "user", "plan", "mint"],
  "from claims": ["verify", "mint"],
  direct: [],
};

/** What the page says of each way, in its words, and what shows it. */
interface Row {
  says: [checked: string, fromClaims: string, direct: string];
  check: Check;
}

const ROWS: Record<string, Row> = {
  "calls, one after the other": {
    says: [
      "function, Auth and table at once, Behest; with a signing key the last is none",
      "function, Behest; with a signing key the last is none",
      "none",
    ],
    check: async (stack, way) => {
      const { session } = await someone(stack);
      const before = stack.functionLog.length;
      const outcome = await go(stack, way, session);
      assert.equal(outcome.chat, 200);
      assert.deepEqual(outcome.steps, CALLED[way]);
      if (way === "direct") assert.equal(stack.functionLog.length, before);
    },
  },

  "who was signed out, deleted or banned": {
    says: [
      "gets no token from then on; the one at hand lives for BEHEST_TTL, 15 min",
      "gets tokens until the session token ends, an hour; and 15 min more",
      "is served until the session token ends, an hour",
    ],
    check: async (stack, way) => {
      const { supabase, session } = await someone(stack);
      const before = await go(stack, way, session);
      assert.equal(before.chat, 200);
      const { error } = await supabase.auth.signOut({ scope: "global" });
      assert.ifError(error);
      const after = await go(stack, way, session);
      if (way === "checked") assert.deepEqual([after.status, after.code], [401, "invalid_session"]);
      else assert.equal(after.chat, 200);
      if (way === "from claims") {
        const soon = Math.floor(Date.now() / 1000) + 60;
        const ending = await stack.issuer!.sign({ ...decodeJwt(session), exp: soon });
        const { token } = await go(stack, way, ending);
        assert.ok(decodeJwt(token).exp! >= soon + 15 * 60 - 60);
      }
      // What was handed out before lives to its end on every way.
      assert.equal((await askBehest(stack, before.token, "any", "small-model")).status, 200);
    },
  },

  "a changed plan": {
    says: [
      "is in the next token: with watchPlan() at the next use, else within 15 min",
      "is in the next session token: with watchPlan({ inSession: true }) at the next use, else within an hour; and 15 min more",
      "is in the next session token: with watchPlan() at the next use, else within an hour",
    ],
    check: async (stack, way) => {
      const { supabase, id, session } = await someone(stack, "free");
      assert.equal(tierOf(await go(stack, way, session)), 1);
      await setPlan(stack.url, stack.secretKey, id, "max");
      assert.equal(tierOf(await go(stack, way, session)), way === "checked" ? 3 : 1);
      assert.equal(tierOf(await go(stack, way, await refreshed(supabase))), 3);
    },
  },

  "tiers by names of your own": {
    says: [
      "BEHEST_PLAN_TIERS, BEHEST_TIER",
      "the same",
      "what Behest's form was told",
    ],
    check: async (stack, way) => {
      const { session } = await someone(stack, "gold");
      // The direct way's names are those that Behest was told.
      assert.equal(tierOf(await go(stack, way, session)), way === "direct" ? 1 : 9);
      const unknown = await someone(stack, "unheard-of");
      assert.equal(tierOf(await go(stack, way, unknown.session)), way === "direct" ? 1 : 4);
    },
  },

  "a uid of your own": {
    says: [
      "BEHEST_UID_CLAIM",
      "the same",
      "no: sub",
    ],
    check: async (stack, way) => {
      const { session, id } = await someone(stack);
      const { said } = await go(stack, way, session);
      assert.match(said, new RegExp(`you are ${way === "direct" ? id : UID} on`));
    },
  },

  "the Behest session, signed": {
    says: [
      "yes: the token says sid",
      "the same",
      "no: a header, in which any id can stand",
    ],
    check: async (stack, way) => {
      const { session } = await someone(stack);
      const { token, chat } = await go(stack, way, session, { sessionId: "chat-7" });
      assert.equal(chat, 200);
      const { sid } = decodeJwt(token);
      assert.equal(sid, way === "direct" ? undefined : "chat-7");
    },
  },

  "a model policy": {
    says: [
      "BEHEST_MODEL_POLICY, asked before a mint; and Behest's own",
      "the same",
      "Behest's own alone",
    ],
    check: async (stack, way) => {
      const model = "big-model";
      const free = await go(stack, way, (await someone(stack, "free")).session, { model });
      const max = await go(stack, way, (await someone(stack, "max")).session, { model });
      assert.equal(max.chat, 200);
      if (way === "direct") assert.equal(free.chat, 200);
      else assert.deepEqual([free.status, free.code], [403, "model_forbidden"]);
    },
  },

  "an app that a user has let in (OAuth)": {
    says: [
      "is refused, unless BEHEST_OAUTH_CLIENTS lists it",
      "the same",
      "is served",
    ],
    check: async (stack, way) => {
      const claims = decodeJwt((await someone(stack)).session);
      const sign = (client_id: string) => stack.issuer!.sign({ ...claims, client_id });
      const { status, code, chat } = await go(stack, way, await sign("some-app"));
      if (way === "direct") assert.equal(chat, 200);
      else assert.deepEqual([status, code], [403, "client_forbidden"]);
      assert.equal((await go(stack, way, await sign("listed-app"))).chat, 200);
    },
  },

  "what Behest sees of a user": {
    says: [
      "the uid and the tier",
      "the same",
      "the whole session token: e-mail, phone, metadata; and can act on your project with it until it ends",
    ],
    check: async (stack, way) => {
      const { session } = await someone(stack);
      const { token } = await go(stack, way, session);
      const { email, user_metadata, uid, tier } = decodeJwt(token);
      if (way === "direct") return assert.ok(email && user_metadata);
      assert.deepEqual([email, user_metadata], [undefined, undefined]);
      assert.deepEqual([uid, tier], [UID, 2]);
    },
  },

  "what a stolen token opens": {
    says: [
      "Behest, as this user, for 15 min at most",
      "the same",
      "Behest and your Supabase project, as this user, for an hour at most",
    ],
    check: async (stack, way) => {
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
    for (const [row, { check }] of Object.entries(ROWS)) {
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

Deno.test("the table of docs/ways.md says what is tested here, cell by cell", async () => {
  const [head, , ...rows] = await rowsOfThePage();
  assert.deepEqual(head, ["", ...WAYS]);
  const said = rows.filter(([name]) => name !== MEASURED).map(([name = "", ...cells]) => [
    name[0]!.toLowerCase() + name.slice(1),
    cells,
  ]);
  assert.equal(rows.length, said.length + 1);
  assert.deepEqual(said, Object.entries(ROWS).map(([name, { says }]) => [name, says]));
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
