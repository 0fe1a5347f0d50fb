/** A WebSocket client that keeps to no rule: it writes what bytes it likes, and reads or does not. */

const HANDSHAKE = [
  "Host: 127.0.0.1",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

export class RawSocket {
  readonly #conn: Deno.TcpConn;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Asks for the upgrade, and waits for the answer's head only. */
  static async open(url: string): Promise<RawSocket> {
    const raw = await RawSocket.ask(url);
    const head = new Uint8Array(1024);
    await raw.#conn.read(head);
    return raw;
  }

  /** Asks for the upgrade, and waits for nothing. */
  static async ask(url: string, lines = HANDSHAKE): Promise<RawSocket> {
    const { hostname, port, pathname, search } = new URL(url);
    const conn = await Deno.connect({ hostname, port: Number(port) });
    const head = [`GET ${pathname}${search} HTTP/1.1`, ...lines, "", ""].join("\r\n");
    const raw = new RawSocket(conn);
    await raw.write(new TextEncoder().encode(head));
    return raw;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  say(event: string, payload: unknown, topic = "realtime:t"): Promise<void> {
    return this.write(textFrame(JSON.stringify(["1", "1", topic, event, payload])));
  }

  /** Some of what came, as text; nothing at the end. */
  async read(): Promise<string | undefined> {
    const bytes = new Uint8Array(65_536);
    const length = await this.#conn.read(bytes);
    return length === null ? undefined : new TextDecoder().decode(bytes.subarray(0, length));
  }

  cut(): void {
    this.#conn.close();
  }
}

/** One frame as a client has to send it, of up to 65,535 bytes; masked with zeros, which changes nothing. */
export function textFrame(text: string): Uint8Array {
  const body = new TextEncoder().encode(text);
  const length = body.length < 126
    ? [0x80 | body.length]
    : [0x80 | 126, body.length >> 8, body.length & 255];
  return new Uint8Array([0x81, ...length, 0, 0, 0, 0, ...body]);
}
