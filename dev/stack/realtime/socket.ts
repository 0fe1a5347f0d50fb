/** One client: its frames in their order, its channels, and how much it may take. */

import { Channel } from "./channel.ts";
import type { Clock } from "./clock.ts";
import type { Change, Table } from "./feed.ts";
import { formatFrame, type Frame, isObject, parseFrame } from "./frame.ts";
import type { RealtimeLimits } from "./limits.ts";
import { isKey, type Judge, Refusal } from "./session.ts";
import { parseSubscriptions } from "./subscription.ts";

/** What all sockets share. */
export interface World {
  judge: Judge;
  clock: Clock;
  limits: RealtimeLimits;
  published: readonly Table[];
  /** Whether every join is refused. */
  refusing: boolean;
}

/** Why a socket was closed; of the codes below 4000 only 1000 is ours to send. */
export const CLOSED = {
  dropped: [4000, "dropped"],
  frame: [4001, "not a frame of protocol 2.0.0"],
  size: [4002, "the frame is too long"],
  flood: [4003, "too many frames at once"],
  unread: [4004, "too much is not read"],
  silent: [4005, "nothing was said for too long"],
  bug: [4006, "the double failed"],
} as const;

export class Socket {
  readonly #wire: WebSocket;
  readonly #world: World;
  readonly #channels = new Map<string, Channel>();
  #open = true;
  #work = Promise.resolve();
  #waiting = 0;
  #hush = () => {};

  constructor(wire: WebSocket, world: World) {
    this.#wire = wire;
    this.#world = world;
    this.#listen();
    wire.addEventListener("message", ({ data }) => this.#hear(data));
    wire.addEventListener("close", () => this.#end());
    wire.addEventListener("error", () => this.#end());
  }

  get channels(): number {
    return this.#channels.size;
  }

  tell(change: Change): void {
    for (const channel of this.#channels.values()) channel.tell(change);
  }

  /** Nothing is sent or heard any more, whether or not the client answers the goodbye. */
  close([code, reason]: readonly [number, string]): void {
    if (!this.#open) return;
    this.#end();
    this.#wire.close(code, reason);
  }

  #end(): void {
    this.#open = false;
    this.#hush();
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
  }

  #listen(): void {
    this.#hush();
    const { clock, limits } = this.#world;
    this.#hush = clock.after(limits.silence, () => this.close(CLOSED.silent));
  }

  /** One after the other: a session takes time to be checked, and a leave may follow its join. */
  #hear(data: unknown): void {
    if (!this.#open) return;
    this.#listen();
    const { limits } = this.#world;
    // Broadcasts are binary, and not served.
    if (typeof data !== "string") return;
    if (data.length > limits.frame) return this.close(CLOSED.size);
    const frame = parseFrame(data);
    if (!frame) return this.close(CLOSED.frame);
    if (++this.#waiting > limits.waiting) return this.close(CLOSED.flood);
    this.#work = this.#work.then(async () => {
      if (this.#open) await this.#answer(frame);
      this.#waiting--;
    }).catch((error) => {
      console.error("realtime:", error);
      this.close(CLOSED.bug);
    });
  }

  async #answer(frame: Frame): Promise<void> {
    const { topic, event, joinRef } = frame;
    if (event === "heartbeat" && topic === "phoenix") return this.#reply(frame, "ok");
    if (event === "phx_join" && topic.startsWith("realtime:")) return await this.#join(frame);
    const channel = this.#channels.get(topic);
    if (event === "phx_leave") {
      this.#reply(frame, "ok");
      if (channel?.joinRef === joinRef) this.#part(channel);
    } else if (!channel) {
      this.#reply(frame, "error", { reason: "unmatched topic" });
    } else if (event === "access_token" && channel.joinRef === joinRef) {
      await this.#renew(channel, frame.payload.access_token);
    }
  }

  async #join(frame: Frame): Promise<void> {
    const { topic, joinRef, payload } = frame;
    const earlier = this.#channels.get(topic);
    if (earlier) this.#part(earlier);
    try {
      const { judge, clock } = this.#world;
      const subscriptions = this.#admit(frame);
      const session = await judge(payload.access_token);
      // Meanwhile the client may have gone.
      if (!this.#open) return;
      this.#reply(frame, "ok", { postgres_changes: subscriptions.map(({ entry }) => entry) });
      const channel = new Channel({
        topic,
        joinRef,
        session,
        subscriptions,
        clock,
        send: (event, payload) => this.#send({ joinRef, ref: null, topic, event, payload }),
        ended: (why) => this.#shut(channel, why),
      });
      this.#channels.set(topic, channel);
      if (subscriptions.length === 0) return;
      const problem = subscriptions.find(({ problem }) => problem)?.problem;
      if (problem) channel.system("postgres_changes", "error", problem);
      else channel.system("postgres_changes", "ok", "Subscribed to PostgreSQL");
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#reply(frame, "error", { reason: error.reason });
    }
  }

  /** @throws {Refusal} where there is to be no channel, whoever the user is */
  #admit({ topic, payload }: Frame) {
    const { limits, refusing, published } = this.#world;
    if (topic === "realtime:") {
      throw new Refusal("TopicNameRequired", "You must provide a topic name");
    }
    if (refusing) {
      const message = "Realtime was unable to connect to the project database";
      throw new Refusal("UnableToConnectToProject", message);
    }
    if (this.#channels.size >= limits.channels) {
      throw new Refusal("ChannelRateLimitReached", "Too many channels");
    }
    const config = isObject(payload.config) ? payload.config : {};
    return parseSubscriptions(config.postgres_changes, limits.subscriptions, published);
  }

  async #renew(channel: Channel, token: unknown): Promise<void> {
    if (typeof token !== "string" || isKey(token) || token === channel.token) return;
    try {
      const session = await this.#world.judge(token);
      if (this.#channels.get(channel.topic) === channel) channel.renew(session);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#shut(channel, error);
    }
  }

  #shut(channel: Channel, { message }: Refusal): void {
    channel.system("system", "error", message);
    this.#part(channel);
  }

  #part(channel: Channel): void {
    const { topic, joinRef } = channel;
    channel.close();
    if (this.#channels.get(topic) !== channel) return;
    this.#channels.delete(topic);
    this.#send({ joinRef, ref: joinRef, topic, event: "phx_close", payload: {} });
  }

  #reply({ joinRef, ref, topic }: Frame, status: "ok" | "error", response = {}): void {
    this.#send({ joinRef, ref, topic, event: "phx_reply", payload: { status, response } });
  }

  #send(frame: Frame): void {
    if (!this.#open) return;
    if (this.#wire.bufferedAmount > this.#world.limits.unread) return this.close(CLOSED.unread);
    this.#wire.send(formatFrame(frame));
  }
}
