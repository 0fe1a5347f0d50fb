/** A model that needs no model: it repeats the prompt and says who asked. */

import type { Caller } from "./tokens.ts";
import { validationError } from "./fault.ts";

/** Longest prompt that is echoed, in characters. */
const ECHO_LENGTH = 500;

/** Pause between two chunks in milliseconds, so that a stream is seen to stream. */
const CHUNK_PAUSE = 10;

/** The only name that `/v1/models` lists; any other is served alike. */
export const MODEL = "behest-echo";

/** The part of an OpenAI chat request that the answer depends on. */
export interface ChatRequest {
  model: string;
  prompt: string;
  stream: boolean;
  includeUsage: boolean;
}

/** @throws {GatewayFault} 422, naming the fields at fault */
export function parseChat(body: Record<string, unknown>): ChatRequest {
  const { model, messages, stream = false, stream_options } = body;
  const faults: Record<string, string> = {};
  if (typeof model !== "string" || model === "") {
    faults.model = "a model's name is required";
  }
  if (typeof stream !== "boolean") faults.stream = "true or false";
  const prompt = Array.isArray(messages) ? lastUserText(messages) : undefined;
  if (prompt === undefined) {
    faults.messages = "a list with a message of the user is required";
  }
  if (Object.keys(faults).length > 0) throw validationError(faults);
  return {
    model: model as string,
    prompt: prompt!.slice(0, ECHO_LENGTH),
    stream: stream as boolean,
    includeUsage: (stream_options as { include_usage?: unknown } | null | undefined)
      ?.include_usage === true,
  };
}

/** The text of the last user message, a string or OpenAI's list of parts. */
function lastUserText(messages: unknown[]): string | undefined {
  const { content } =
    messages.findLast((message): message is { content: unknown } =>
      (message as { role?: unknown } | null)?.role === "user"
    ) ?? {};
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return undefined;
  return content
    .map((part) => (part as { text?: unknown } | null)?.text)
    .filter((text) => typeof text === "string")
    .join(" ");
}

/** The answer: one JSON document, or server-sent events, as OpenAI shapes them. */
export function answerChat(request: ChatRequest, caller: Caller): Response {
  const text = `You said: ${request.prompt} — and you are ${caller.uid} on tier ${caller.tier}.`;
  const words = text.split(/(?<=\s)/);
  const usage = {
    prompt_tokens: request.prompt.split(/\s+/).length,
    completion_tokens: words.length,
    total_tokens: request.prompt.split(/\s+/).length + words.length,
  };
  const head = {
    id: `chatcmpl-${crypto.randomUUID()}`,
    created: Math.floor(Date.now() / 1000),
    model: request.model,
  };
  if (!request.stream) {
    return Response.json({
      ...head,
      object: "chat.completion",
      choices: [{
        index: 0,
        message: { role: "assistant", content: text, refusal: null },
        logprobs: null,
        finish_reason: "stop",
      }],
      usage,
    });
  }

  const chunk = (choices: unknown[], more = {}) =>
    JSON.stringify({
      ...head,
      object: "chat.completion.chunk",
      choices,
      ...more,
    });
  const delta = (delta: unknown, finish_reason: string | null = null) =>
    chunk([{ index: 0, delta, logprobs: null, finish_reason }]);
  const events = [
    delta({ role: "assistant", content: "" }),
    ...words.map((content) => delta({ content })),
    delta({}, "stop"),
    ...(request.includeUsage ? [chunk([], { usage })] : []),
    "[DONE]",
  ];
  return new Response(eventStream(events), {
    headers: {
      "Content-Type": "text/event-stream",
      "Cache-Control": "no-store",
    },
  });
}

/** One event each pull, so that a client that goes away stops the work. */
function eventStream(events: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next = 0;
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, CHUNK_PAUSE));
      controller.enqueue(encoder.encode(`data: ${events[next++]}\n\n`));
      if (next === events.length) controller.close();
    },
  });
}
