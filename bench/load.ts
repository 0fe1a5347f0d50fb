/**
 * Requests over kept connections. Not `fetch`: on a small machine the one who asks would need more
 * of the processor than the function that is measured.
 */

/** One kept connection that asks and waits for the answer, again and again. */
export class Connection {
  readonly #socket: Deno.TcpConn;
  readonly #buffer = new Uint8Array(64 * 1024);
  readonly #decoder = new TextDecoder();

  private constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
    socket.setNoDelay(true);
  }

  static async open(port: number): Promise<Connection> {
    return new Connection(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /**
   * Sends a request and reads its answer to the end.
   *
   * @throws {Error} for any answer but a 200, which a benchmark must not count
   */
  async ask(request: Uint8Array): Promise<void> {
    for (let sent = 0; sent < request.length;) {
      sent += await this.#socket.write(request.subarray(sent));
    }
    let filled = 0;
    do {
      const read = await this.#socket.read(this.#buffer.subarray(filled));
      if (read === null) throw new Error("The function hung up.");
      filled += read;
    } while (!isWhole(this.#decoder.decode(this.#buffer.subarray(0, filled))));
  }

  close(): void {
    this.#socket.close();
  }
}

/**
 * Whether an answer has come to its end.
 *
 * @throws {Error} for any but a 200
 */
function isWhole(text: string): boolean {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return false;
  if (!text.startsWith("HTTP/1.1 200")) throw new Error(`The function answered:\n${text}`);
  // All of it is ASCII. Without a length it comes in chunks, of which the last is empty.
  const length = /^content-length: (\d+)/im.exec(text.slice(0, head))?.[1];
  return length === undefined
    ? text.endsWith("\r\n0\r\n\r\n")
    : text.length === head + 4 + Number(length);
}

/** How long each request took, in milliseconds, in the order of their ends. */
export interface Run {
  readonly latencies: number[];
  readonly ms: number;
}

/** So many connections ask without a pause, until the time or the number of requests is reached. */
export async function load(
  port: number,
  requests: readonly Uint8Array[],
  connections: number,
  { ms = Infinity, count = Infinity }: { ms?: number; count?: number },
): Promise<Run> {
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(port)));
  const latencies: number[] = [];
  let next = 0;
  const start = performance.now();
  await Promise.all(open.map(async (connection) => {
    while (next < count && performance.now() - start < ms) {
      const request = requests[next++ % requests.length] as Uint8Array;
      const before = performance.now();
      await connection.ask(request);
      latencies.push(performance.now() - before);
    }
  }));
  const run = { latencies, ms: performance.now() - start };
  open.forEach((connection) => connection.close());
  return run;
}
