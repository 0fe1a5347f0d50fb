/** Which bodies are sent a second time after a 401, and that none arrives empty. */
import assert from "node:assert/strict";
import { refused } from "../support/client_function.ts";
import { CHAT, type ClientWorld, inWorld, rejects } from "../support/client_world.ts";

/** Behest itself: reads what arrives, refuses the first token, and says what it has read. */
function reading(world: ClientWorld): string[] {
  const read: string[] = [];
  world.gateway.reply = async ({ input, init, token }) => {
    const body = init.body instanceof ReadableStream ? { duplex: "half" } : {};
    const request = new Request(input, { ...init, ...body } as RequestInit);
    read.push(await request.text());
    return new Response(null, { status: token === "bt.ada.1" ? 401 : 200 });
  };
  return read;
}

const TEXT = "question=what%3F";

function form(): FormData {
  const data = new FormData();
  data.set("question", "what?");
  return data;
}

const LASTING: [string, () => BodyInit | null | undefined][] = [
  ["no body", () => undefined],
  ["null", () => null],
  ["a string", () => TEXT],
  ["an empty string", () => ""],
  ["a Blob", () => new Blob([TEXT])],
  ["a File", () => new File([TEXT], "a.txt")],
  ["a buffer", () => new TextEncoder().encode(TEXT).buffer],
  ["a view", () => new TextEncoder().encode(`..${TEXT}`).subarray(2)],
  ["a DataView", () => new DataView(new TextEncoder().encode(TEXT).buffer)],
  ["URLSearchParams", () => new URLSearchParams({ question: "what?" })],
  ["FormData", form],
];

for (const [what, make] of LASTING) {
  Deno.test(`${what} is sent a second time after a 401, whole`, async () => {
    await inWorld({ user: "ada" }, async (world) => {
      const read = reading(world);
      const body = make();
      const response = await world.behest.fetch(CHAT, { method: "POST", body: body ?? null });
      assert.equal(response.status, 200);
      assert.equal(read.length, 2);
      // The boundary of a form is another each time.
      const plain = read.map((text) => text.replaceAll(/-{4,}\S+/g, "boundary"));
      assert.equal(plain[1], plain[0]);
      if (body) assert.ok(what === "an empty string" || plain[1]?.includes("what"), plain[1]);
      assert.equal(world.mints.length, 2);
    });
  });
}

function stream(): ReadableStream<Uint8Array> {
  return new Blob([TEXT]).stream();
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(TEXT);
}

const GONE: [string, () => [RequestInfo, RequestInit]][] = [
  ["a stream", () => [CHAT, { method: "POST", body: stream(), duplex: "half" } as RequestInit]],
  ["a Request with a body", () => [new Request(CHAT, { method: "POST", body: TEXT }), {}]],
  ["a Request with a body and headers of init", () => [
    new Request(CHAT, { method: "POST", body: TEXT }),
    { headers: { "X-Trace": "7" } },
  ]],
];

for (const [what, make] of GONE) {
  Deno.test(`${what} is sent once: its 401 comes back, and the token is replaced all the same`, async () => {
    await inWorld({ user: "ada" }, async (world) => {
      const read = reading(world);
      const response = await world.behest.fetch(...make());
      assert.equal(response.status, 401);
      assert.deepEqual(read, [TEXT]);
      assert.equal(world.sent.length, 1);
      assert.equal(await world.token(), "bt.ada.2");
      assert.equal(world.mints.length, 2);
    });
  });
}

Deno.test("what Node takes as a body piece by piece is sent once", async () => {
  await inWorld({ user: "ada" }, async (world) => {
    world.gateway.refuse("bt.ada.1");
    const body = pieces() as unknown as BodyInit;
    assert.equal((await world.behest.fetch(CHAT, { method: "POST", body })).status, 401);
    assert.equal(world.sent.length, 1);
    assert.equal(await world.token(), "bt.ada.2");
  });
});

Deno.test("a Request without a body is sent a second time", async () => {
  await inWorld({ user: "ada" }, async (world) => {
    const read = reading(world);
    const headers = { "X-Trace": "7" };
    assert.equal((await world.behest.fetch(new Request(CHAT, { headers }))).status, 200);
    assert.equal(read.length, 2);
    assert.equal(world.gateway.last.headers.get("X-Trace"), "7");
  });
});

Deno.test("a Request to the placeholder arrives with its method, headers and body", async () => {
  await inWorld({ user: "ada" }, async (world) => {
    world.behest.invalidate();
    let arrived: Request | undefined;
    world.gateway.reply = ({ input, init }) => {
      arrived = new Request(input, init);
      return new Response("ok");
    };
    const request = new Request("https://behest.invalid/v1/files", {
      method: "PUT",
      body: TEXT,
      headers: { "X-Trace": "7" },
    });
    await world.behest.fetch(request);
    assert.equal(arrived?.method, "PUT");
    assert.equal(arrived?.headers.get("X-Trace"), "7");
    assert.equal(await arrived?.text(), TEXT);
  });
});

Deno.test("a 401 that is not passed on has its body let go, and one that is passed on can be read", async () => {
  await inWorld({ user: "ada" }, async (world) => {
    let cancelled = 0;
    const refusal = () =>
      new Response(new ReadableStream({ cancel: () => void cancelled++ }), { status: 401 });
    world.gateway.reply = ({ token }) => token === "bt.ada.1" ? refusal() : new Response("ok");
    assert.equal((await world.chat()).status, 200);
    assert.equal(cancelled, 1);
    world.behest.invalidate();
    await world.token();
    world.gateway.reply = refusal;
    world.function.always(() => refused(503, "behest_unavailable"));
    await rejects(world.chat(), "behest_unavailable");
    assert.equal(cancelled, 2);
  });
  await inWorld({ user: "ada" }, async (world) => {
    world.gateway.reply = () => new Response("why", { status: 401 });
    assert.equal(await (await world.chat()).text(), "why");
  });
});
