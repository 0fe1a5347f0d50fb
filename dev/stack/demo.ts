/**
 * `deno task demo`: the whole way once, as an app would go it. A new user signs
 * up, gets a Behest token, and streams a chat with it; billing writes another
 * plan, and the next message goes out on its tier.
 */

import { parseArgs } from "node:util";
import { createClient } from "@supabase/supabase-js";
import { decodeJwt, type JWTPayload } from "jose";
import OpenAI from "openai";
import { type Behest, createBehest } from "../../client/mod.ts";
import { MODEL } from "../gateway/chat.ts";
import type { Mode } from "./edge.ts";
import { type Stack, startStack } from "./stack.ts";
import { setPlan } from "./users.ts";

const HELP = `Goes the whole way once: sign-up, Behest token, streamed chat, upgrade.

  deno task demo [flags]

  --mode <mode>  api-key, local, or both (default)
  --json         one JSON document instead of text
  --help         this text
`;

const PROMPT = "Tell me who I am.";

/** The plan that billing writes, and its tier. */
const UPGRADE = { plan: "max", tier: 3 };

/** How long Realtime may take before the demo says that it does not work, in ms. */
const PATIENCE = 30_000;

/** What one mode went through. */
interface Run {
  mode: Mode;
  ok: boolean;
  steps: { name: string; ms: number; result: string }[];
  claims?: JWTPayload;
  error?: string;
}

/** Never throws: a failure is part of the result. */
async function run(mode: Mode, say: (text: string) => void): Promise<Run> {
  const result: Run = { mode, ok: false, steps: [] };
  const step = async <T>(
    name: string,
    work: () => Promise<[T, string]>,
  ): Promise<T> => {
    const begin = performance.now();
    const [value, text] = await work();
    const ms = Math.round((performance.now() - begin) * 10) / 10;
    result.steps.push({ name, ms, result: text });
    say(`  ${name.padEnd(14)} ${ms.toFixed(1).padStart(8)} ms  ${text}`);
    return value;
  };

  say(`Mode ${mode}`);
  let stack: Stack | undefined;
  let behest: Behest | undefined;
  try {
    const own = stack = await step("start stack", async () => {
      const started = await startStack({
        mode,
        port: 0,
        gatewayPort: 0,
        quiet: true,
      });
      return [started, started.url];
    });
    const supabase = createClient(own.url, own.publishableKey, {
      auth: { persistSession: false, autoRefreshToken: false },
    });
    const client = behest = createBehest(supabase);
    const openai = client.openai(OpenAI, { timeout: 15_000 });

    const userId = await step("sign up", async () => {
      const email = `${crypto.randomUUID()}@example.com`;
      const { data, error } = await supabase.auth.signUp({
        email,
        password: crypto.randomUUID(),
      });
      if (error) throw error;
      return [data.user!.id, `user ${data.user!.id}`];
    });

    const minted = await step("mint", async () => {
      const token = await client.getToken();
      return [token, `tier ${token.tier}, valid for ${token.ttl} s`];
    });
    result.claims = decodeJwt(minted.token);
    say(JSON.stringify(result.claims, null, 2).replace(/^/gm, "    "));

    const chat = (tier: number) =>
      step("streamed chat", async () => {
        const stream = await openai.chat.completions.create({
          model: MODEL,
          stream: true,
          messages: [{ role: "user", content: PROMPT }],
        });
        let text = "";
        for await (const chunk of stream) {
          text += chunk.choices[0]?.delta.content ?? "";
        }
        for (const expected of [PROMPT, userId, `tier ${tier}`]) {
          if (!text.includes(expected)) throw new Error(`The chat does not say "${expected}".`);
        }
        return [text, text];
      });
    await chat(1);

    await step("upgrade", async () => {
      client.watchPlan();
      await until(() => own.realtime.load.channels > 0);
      await setPlan(own.url, own.secretKey, userId, UPGRADE.plan);
      await until(async () => (await client.getToken()).tier === UPGRADE.tier);
      return [undefined, `billing writes ${UPGRADE.plan}, the next token has tier ${UPGRADE.tier}`];
    });
    await chat(UPGRADE.tier);
    result.ok = true;
  } catch (error) {
    result.error = (error as Error).message;
    say(`  failed: ${result.error}`);
  } finally {
    behest?.close();
    await stack?.stop();
  }
  return result;
}

/** @throws {Error} where it does not happen in time */
async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!await happened()) {
    if (performance.now() > end) throw new Error("Realtime does not tell of the change.");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** @throws {Error} with what is wrong about which flag */
function parseFlags(
  args: string[],
): { modes: Mode[]; json: boolean; help: boolean } {
  const { values: { mode, json, help } } = parseArgs({
    args,
    options: {
      mode: { type: "string", default: "both" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (mode === "both") return { modes: ["api-key", "local"], json, help };
  if (mode !== "api-key" && mode !== "local") {
    throw new Error("--mode is api-key, local or both.");
  }
  return { modes: [mode], json, help };
}

/** @returns the exit code */
async function main(): Promise<number> {
  let flags: ReturnType<typeof parseFlags>;
  try {
    flags = parseFlags(Deno.args);
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
  if (flags.help) {
    console.log(HELP);
    return 0;
  }
  const runs: Run[] = [];
  for (const mode of flags.modes) {
    runs.push(await run(mode, flags.json ? () => {} : console.log));
  }
  if (flags.json) console.log(JSON.stringify({ runs }, null, 2));
  return runs.every(({ ok }) => ok) ? 0 : 1;
}

Deno.exit(await main());
