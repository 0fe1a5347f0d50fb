/** Chats through the real OpenAI SDK. */
import assert from "node:assert/strict";
import OpenAI from "openai";
import type { watch } from "./client_calls.ts";
import { BehestError } from "./client_module.ts";
import { type ClientWorld, inWorld } from "./client_world.ts";

export const PROMPT = { model: "gpt-x", messages: [{ role: "user" as const, content: "what?" }] };
export const REPLY = {
  id: "1",
  object: "chat.completion",
  choices: [{ message: { content: "that" } }],
};

/** The SDK waits between its tries; here it does not. */
export async function withoutBackoff(test: () => Promise<void>): Promise<void> {
  const { setTimeout: own } = globalThis;
  const soon = (run: () => void, ms = 0) => own(run, ms < 60_000 ? 0 : ms);
  globalThis.setTimeout = soon as typeof setTimeout;
  try {
    await test();
  } finally {
    globalThis.setTimeout = own;
  }
}

/** A chat whose replies are good, with the client that `openai()` makes. */
export function inChat(
  setting: Parameters<typeof inWorld>[0],
  test: (world: ClientWorld, openai: OpenAI) => Promise<void>,
): Promise<void> {
  return withoutBackoff(() =>
    inWorld(setting, async (world) => {
      world.gateway.reply = () => Response.json(REPLY);
      await test(world, world.behest.openai(OpenAI));
    })
  );
}

/** The BehestError that reached the caller, as it is or as a cause. */
export function behestError(error: unknown): BehestError {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof BehestError) return each;
  }
  assert.fail(`no BehestError in ${Deno.inspect(error)}`);
}

/** The code of the BehestError that ended a watched call. */
export function codeIn({ outcome }: ReturnType<typeof watch>): unknown {
  return behestError(outcome && "error" in outcome ? outcome.error : undefined).code;
}

/** @returns what a call that has to fail rejects with */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(() => assert.fail("a reply"), (error) => error);
}

/** Asks as an application does. */
export const ask = (openai: OpenAI) => openai.chat.completions.create(PROMPT);
