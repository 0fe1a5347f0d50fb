/** Every way in which an upstream can misbehave on the wire, and how that ends. */
import { type Fault, head, right } from "./faulty.ts";
import type { Call } from "./upstreams.ts";
import type { FaultyWire } from "./faulty_wire.ts";

/** How a fault ends: the code at each upstream, in the order of `ROUTES`, and the tries it takes. */
export const ENDS = {
  /** It does not matter. */
  ok: [["ok", "ok", "ok", "ok"], [1, 1, 1, 1]],
  /** It was made good by the second try. */
  mended: [["ok", "ok", "ok", "ok"], [2, 2, 2, 2]],
  /** The upstream failed. */
  failed: [
    ["auth_unavailable", "auth_unavailable", "plan_unavailable", "behest_unavailable"],
    [2, 2, 2, 3],
  ],
  /** It answered neither well nor ill: that is no answer, and none that another try would mend. */
  lost: [
    ["auth_unavailable", "auth_unavailable", "plan_unavailable", "behest_unavailable"],
    [1, 1, 1, 1],
  ],
  /** It answered, but that was no answer. */
  unreadable: [
    ["auth_unavailable", "auth_unavailable", "plan_unavailable", "behest_rejected"],
    [1, 1, 1, 1],
  ],
  /** It answered as it never does: somebody else did. */
  intercepted: [
    ["supabase_rejected", "supabase_rejected", "supabase_rejected", "behest_rejected"],
    [1, 1, 1, 1],
  ],
  /** It did not answer in time. */
  late: [["auth_timeout", "auth_timeout", "plan_timeout", "behest_timeout"], [2, 2, 2, 2]],
} as const;

type Sent = string | Uint8Array;

/** Reads the request and sends this. */
const says = (...parts: Sent[]): Fault => async (wire) => {
  await wire.request();
  for (const part of parts) await wire.send(part);
};

/** A well-formed answer with this body. */
const body = (text: string, ...headers: string[]): Fault =>
  says(head(`Content-Length: ${text.length}`, ...headers), text);

const status = (line: string, text = "", ...headers: string[]): Fault =>
  says(
    head(`Content-Length: ${text.length}`, ...headers).replace("200 OK", line),
    text,
  );

/** Knows the right answer, and sends it in this way. */
const knowing =
  (send: (text: string, wire: FaultyWire, call: Call) => Promise<void>): Fault =>
  async (
    wire,
  ) => {
    const call = await wire.request();
    await send(await right(call), wire, call);
  };

const inFull = (...headers: string[]) => (text: string) =>
  head(`Content-Length: ${text.length}`, ...headers) + text;

/** What stands in the bodies of failing upstreams. */
const LEAK = "postgres://leaky:hunter2@db.internal";

export const FAULTS: [string, keyof typeof ENDS, Fault, times?: number][] = [
  // The connection.
  ["closes at once", "failed", (wire) => wire.route().then(() => wire.request()).then(() => {})],
  ["resets the connection", "failed", (wire) => wire.route().then(() => {})],
  ["resets the connection once", "mended", (wire) => wire.route().then(() => {}), 1],
  ["closes within its headers", "failed", says("HTTP/1.1 200 OK\r\nContent-Ty")],
  [
    "closes within its body",
    "failed",
    knowing((text, wire) => wire.send(inFull()(text).slice(0, -3))),
  ],
  ["resets within its body", "failed", async (wire) => {
    await wire.route();
    await wire.send(head("Content-Length: 9") + "[");
  }],

  // Time.
  ["hangs before its headers", "late", (wire) => wire.hang()],
  ["hangs within its headers", "late", async (wire) => {
    await says("HTTP/1.1 200 OK\r\nX-A: ")(wire);
    await wire.hang();
  }],
  ["hangs within its body", "late", async (wire) => {
    await says(head("Content-Length: 9"), "[")(wire);
    await wire.hang();
  }],
  ["hangs before its headers once", "mended", (wire) => wire.hang(), 1],
  ["trickles its headers, a byte a second", "late", async (wire) => {
    await wire.request();
    await wire.trickle(head("Content-Length: 0"));
  }],
  ["trickles its body, a byte a second", "late", async (wire) => {
    await says(head("Content-Length: 100"))(wire);
    await wire.trickle(" ".repeat(100));
  }],
  [
    "trickles the last bytes just in time",
    "ok",
    knowing(async (text, wire) => {
      await wire.send(inFull()(text).slice(0, -3));
      await wire.trickle(text.slice(-3));
    }),
  ],
  ["sends 1xx without end", "late", async (wire) => {
    await wire.request();
    while (true) {
      await wire.send("HTTP/1.1 103 Early Hints\r\n\r\n");
      await new Promise<void>((resolve) => wire.clock.after(500, resolve));
    }
  }],

  // The status.
  ...[500, 502, 503].flatMap((code): typeof FAULTS => [
    [`answers ${code}`, "failed", status(`${code} Sorry`, LEAK)],
    [`answers ${code} once`, "mended", status(`${code} Sorry`, LEAK), 1],
  ]),
  ["answers 204", "unreadable", status("204 No Content")],
  [
    "answers 206 with a part",
    "unreadable",
    knowing((text, wire) =>
      wire.send(
        inFull("Content-Range: bytes 0-8/99")(text.slice(0, 9)).replace("200 OK", "206 Part"),
      )
    ),
  ],
  ["answers 304", "intercepted", status("304 Not Modified")],
  [
    "answers 101",
    "lost",
    says("HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: h\r\n\r\n"),
  ],
  ["answers 999", "failed", status("999 Odd")],
  [
    "says 100 and 103 first",
    "ok",
    knowing(async (text, wire) => {
      await wire.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n");
      await wire.send(inFull()(text));
    }),
  ],

  // The body.
  ["answers with HTML", "unreadable", body("<!doctype html><title>Welcome</title>")],
  ["answers with nothing", "unreadable", body("")],
  ["answers with broken JSON", "unreadable", body('{"keys": [{"kty"')],
  ["answers with null", "unreadable", body("null")],
  ["answers with a number", "unreadable", body("1e999")],
  ["answers with a string", "unreadable", body('"keys"')],
  ["answers with a list of strings", "unreadable", (wire) =>
    wire.request().then(({ route }) =>
      // A list of no keys is a key set still, and what that means is another test's matter.
      wire.send(inFull()(route === "jwks" ? '{"keys":"none"}' : '["a"]'))
    )],
  ["answers with an object of something else", "unreadable", body('{"message":"hello"}')],
  [
    "names a member twice",
    "unreadable",
    knowing((text, wire) => wire.send(inFull()(text.replace("{", '{"a":1,"a":2,')))),
  ],
  ["nests without end", "unreadable", body("[".repeat(60_000))],
  [
    "answers with bytes that are no UTF-8",
    "unreadable",
    says(head("Content-Length: 3"), Uint8Array.of(0x22, 0xff, 0x22)),
  ],
  [
    "answers with UTF-16",
    "unreadable",
    says(head("Content-Length: 6"), Uint8Array.of(0xff, 0xfe, 0x5b, 0, 0x5d, 0)),
  ],
  [
    "calls its JSON a page",
    "ok",
    knowing((text, wire) =>
      wire.send(inFull()(text).replace("application/json", "text/html; charset=utf-16"))
    ),
  ],

  // The framing.
  ["speaks another protocol", "failed", says("SSH-2.0-OpenSSH_9.6\r\n")],
  ["speaks TLS", "failed", says(Uint8Array.of(0x15, 3, 3, 0, 2, 2, 40))],
  ["has a status that is no number", "failed", says("HTTP/1.1 abc OK\r\n\r\n")],
  ["has a header with no name", "failed", says("HTTP/1.1 200 OK\r\n: x\r\n\r\n")],
  ["has a NUL in a header", "failed", says("HTTP/1.1 200 OK\r\nX-A: a\0b\r\n\r\n")],
  ["has a length that is no number", "failed", says(head("Content-Length: -1"), "[]")],
  ["has two lengths", "failed", says(head("Content-Length: 2", "Content-Length: 3"), "[] ")],
  [
    "has a length longer than its body",
    "failed",
    knowing((text, wire) => wire.send(head(`Content-Length: ${text.length + 1}`) + text)),
  ],
  [
    "has a length shorter than its body",
    "unreadable",
    knowing((text, wire) => wire.send(head(`Content-Length: ${text.length - 1}`) + text)),
  ],
  [
    "has chunks of no length",
    "failed",
    says(head("Transfer-Encoding: chunked"), "zz\r\n[]\r\n0\r\n\r\n"),
  ],
  ["leaves out the last chunk", "failed", says(head("Transfer-Encoding: chunked"), "2\r\n[]\r\n")],
  ["calls plain text gzip", "failed", body("[]", "Content-Encoding: gzip")],
  ["has headers of a megabyte", "failed", says(head(`X-A: ${"a".repeat(1 << 20)}`))],
  ["has ten thousand headers", "failed", says(head(...Array(10_000).fill("X-A: a")))],
  [
    "speaks HTTP/1.0 without a length",
    "ok",
    knowing((text, wire) => wire.send(`HTTP/1.0 200 OK\r\n\r\n${text}`)),
  ],
  [
    "sends more after its answer",
    "ok",
    knowing((text, wire) => wire.send(`${inFull()(text)}HTTP/1.1 500 Sorry\r\n\r\n`)),
  ],
];
