/** Bytes exactly as given to a server, and what comes back: for what `fetch` refuses to send. */
import { Buffer } from "node:buffer";

/** What a server said before it closed, or before the wait was over. */
export interface Heard {
  /** One for each answer, in their order. */
  readonly statuses: number[];
  /** The codes of ours among the answers. */
  readonly codes: string[];
  readonly text: string;
  /** Whether the server ended the connection. */
  readonly closed: boolean;
}

/** How to say it. */
export interface Manner {
  /** Whether to hang up the sending half once everything is said. */
  readonly hangUp?: boolean;
  /** Milliseconds between two pieces. */
  readonly pause?: number;
  /** Milliseconds after which nothing more is waited for. */
  readonly patience?: number;
}

/**
 * Says these pieces over a connection of their own and listens until the server ends it. An attack
 * should therefore ask for `Connection: close`, or never be a whole request.
 */
export async function say(
  url: string,
  pieces: Iterable<string | Uint8Array>,
  { hangUp = false, pause = 0, patience = 20_000 }: Manner = {},
): Promise<Heard> {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), patience);
  let ended = false;
  const end = () => {
    if (!ended) connection.close();
    ended = true;
  };

  const talking = (async () => {
    for (const piece of pieces) {
      const bytes = typeof piece === "string" ? Buffer.from(piece, "latin1") : piece;
      for (let at = 0; at < bytes.length && !ended;) {
        at += await connection.write(bytes.subarray(at));
      }
      if (pause > 0) await Promise.race([late.promise, wait(pause)]);
      if (ended) return;
    }
    if (hangUp) await connection.closeWrite();
  })().catch(() => {}); // The server may hang up before all is said.

  let text = "";
  let closed = false;
  const chunk = new Uint8Array(65_536);
  try {
    while (true) {
      const length = await Promise.race([connection.read(chunk), late.promise]);
      closed = length === null;
      if (length === null || length === undefined) break;
      text += Buffer.from(chunk.subarray(0, length)).toString("latin1");
    }
  } catch {
    closed = true; // Reset.
  } finally {
    clearTimeout(timer);
    late.resolve(undefined);
    end();
    await talking;
  }
  const statuses = [...text.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, status]) => Number(status));
  const codes = [...text.matchAll(/"error":\{"code":"(\w+)"/g)].map(([, code = ""]) => code);
  return { statuses, codes, text, closed };
}

/** Waits; a call that nobody waits for leaves no timer behind. */
function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
