/** The real OpenAI SDK through `openai()`: streams stream, and an abort aborts. */
import assert from "node:assert/strict";
import { settle, until, watch } from "../support/client_calls.ts";
import { inChat, PROMPT } from "../support/client_openai.ts";

const ADA = { user: "ada" };

Deno.test("a streamed reply comes through piece by piece, and its abort reaches the source", async () => {
  await inChat(ADA, async (world, openai) => {
    let pieces!: ReadableStreamDefaultController<Uint8Array>;
    let over = false;
    const source = new ReadableStream<Uint8Array>({
      start: (controller) => void (pieces = controller),
      cancel: () => void (over = true),
    });
    world.gateway.reply = () =>
      new Response(source, { headers: { "Content-Type": "text/event-stream" } });
    const stream = await openai.chat.completions.create({ ...PROMPT, stream: true });
    const reader = stream[Symbol.asyncIterator]();
    for (const content of ["th", "at"]) {
      const next = reader.next();
      const event = { choices: [{ delta: { content } }] };
      pieces.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(event)}\n\n`));
      assert.equal((await next).value.choices[0].delta.content, content);
    }
    stream.controller.abort();
    await reader.return?.();
    await settle();
    assert.ok(over || world.gateway.last.init.signal?.aborted);
  });
});

Deno.test("an abort of a call ends its request under way", async () => {
  await inChat(ADA, async (world, openai) => {
    await world.token();
    world.gateway.hold();
    const controller = new AbortController();
    const waiting = watch(openai.chat.completions.create(PROMPT, { signal: controller.signal }));
    await until("a request", () => world.sent.length === 1);
    controller.abort();
    await until("an end", () => waiting.outcome !== undefined);
    assert.ok(waiting.outcome && "error" in waiting.outcome);
    assert.ok(world.gateway.last.init.signal?.aborted);
    assert.equal(world.sent.length, 1);
  });
});
