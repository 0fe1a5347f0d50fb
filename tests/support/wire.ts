/** Bytes exactly as given to a server, and what comes back: for what `fetch` refuses to send. */
import { Buffer } from "node:buffer";

/** What a server said before it closed, or before the wait was over. */
export interface Heard {
  /** One for each answer, in their order; those that merely ask for more are left out. */
  readonly statuses: number[];
  /** Our codes among the answers. */
  readonly codes: string[];
  readonly text: string;
  /** Whether the server ended the connection. */
  readonly closed: boolean;
}

/** How to say it. */
export interface Manner {
  /** Answers after which nothing more is waited for; otherwise the server must end it. */
  readonly enough?: number;
  /** Whether to hang up the sending half once everything is said. */
  readonly hangUp?: boolean;
  /** Milliseconds between two pieces. */
  readonly pause?: number;
  /** Milliseconds after which nothing more is waited for. */
  readonly patience?: number;
}

/** Says these pieces over a connection of their own and listens. */
export async function say(
  url: string,
  pieces: Iterable<string | Uint8Array>,
  { enough = Infinity, hangUp = false, pause = 0, patience = 20_000 }: Manner = {},
): Promise<Heard> {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const over = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => over.resolve(undefined), patience);
  let ended = false;

  const talking = (async () => {
    for (const piece of pieces) {
      const bytes = typeof piece === "string" ? Buffer.from(piece, "latin1") : piece;
      for (let at = 0; at < bytes.length && !ended;) {
        at += await connection.write(bytes.subarray(at));
      }
      if (pause > 0) await wait(pause, over.promise);
      if (ended) return;
    }
    if (hangUp) await connection.closeWrite();
  })().catch(() => {}); // The server may hang up before all is said.

  let text = "";
  let closed = false;
  const chunk = new Uint8Array(65_536);
  try {
    while (answers(text).length < enough) {
      const length = await Promise.race([connection.read(chunk), over.promise]);
      closed = length === null;
      if (length === null || length === undefined) break;
      text += Buffer.from(chunk.subarray(0, length)).toString("latin1");
    }
  } catch {
    closed = true; // Reset.
  } finally {
    clearTimeout(timer);
    ended = true;
    over.resolve(undefined);
    connection.close();
    await talking;
  }
  const heard = answers(text);
  return {
    statuses: heard.map(({ status }) => status),
    codes: heard.flatMap(({ body }) => /^\{"error":\{"code":"(\w+)"/.exec(body)?.[1] ?? []),
    text,
    closed,
  };
}

/** The whole answers in a text. One without a length goes on to the end. */
function answers(text: string): { status: number; body: string }[] {
  const found = [];
  for (let at = text.indexOf("HTTP/1."); at >= 0; at = text.indexOf("HTTP/1.", at)) {
    const end = text.indexOf("\r\n\r\n", at) + 4;
    if (end < 4) break;
    const head = text.slice(at, end);
    const status = Number(head.slice(9, 12));
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (end + length > text.length) break;
    if (status >= 200) found.push({ status, body: text.slice(end, end + length) });
    at = end + length;
  }
  return found;
}

/** Waits so long, or until something else is over. */
async function wait(ms: number, over: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([over, promise]);
  clearTimeout(timer);
}
