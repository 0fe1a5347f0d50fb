/** One connection to an upstream that says what it likes, byte by byte. */
import type { Clock } from "../../supabase/functions/behest-token/upstream.ts";
import { type Call, routeOf } from "./upstreams.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

export class FaultyWire {
  /** Bytes that the other side, or the sockets between, took of us. */
  sent = 0;
  readonly clock: Clock;
  readonly #conn: Deno.Conn;
  #text = "";

  constructor(conn: Deno.Conn, clock: Clock) {
    this.#conn = conn;
    this.clock = clock;
  }

  /** Reads the beginning of a request, and says whose it is. */
  async route(): Promise<Call["route"]> {
    // A few bytes at a time: what is left unread when a socket is closed makes the close a reset.
    while (!this.#text.includes(" HTTP/1.1")) await this.#read(16);
    return routeOf(`http://upstream${this.#text.split(" ")[1]}`);
  }

  /** Reads the whole request. */
  async request(): Promise<Call> {
    const route = await this.route();
    while (!this.#text.includes("\r\n\r\n")) await this.#read(4096);
    const end = this.#text.indexOf("\r\n\r\n") + 4;
    const [first = "", ...lines] = this.#text.slice(0, end - 4).split("\r\n");
    const headers = Object.fromEntries(lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }));
    // What is asked here is plain ASCII: a character is a byte.
    const length = Number(headers["content-length"] ?? 0);
    while (this.#text.length < end + length) await this.#read(4096);
    const [method = "", url = ""] = first.split(" ");
    const body = length > 0 ? this.#text.slice(end) : undefined;
    return { route, method, url, headers, body, redirect: "", at: this.clock.tick() };
  }

  /** Sends text or bytes. Rejects when the other side has gone. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? ENCODER.encode(data) : data;
    for (let from = 0; from < bytes.length;) {
      const count = await this.#conn.write(bytes.subarray(from, from + 65_536));
      from += count;
      this.sent += count;
    }
  }

  /** Sends a byte a second. */
  async trickle(text: string): Promise<void> {
    for (const byte of text) {
      await this.send(byte);
      await new Promise<void>((resolve) => this.clock.after(1000, resolve));
    }
  }

  /** Says nothing until the other side has gone. */
  async hang(): Promise<void> {
    const buffer = new Uint8Array(1024);
    while (await this.#conn.read(buffer) !== null);
  }

  close(): void {
    try {
      this.#conn.close();
    } catch {
      // Closed already.
    }
  }

  async #read(size: number): Promise<void> {
    const buffer = new Uint8Array(size);
    const count = await this.#conn.read(buffer);
    if (count === null) throw new Error("the caller hung up");
    this.#text += DECODER.decode(buffer.subarray(0, count));
  }
}
