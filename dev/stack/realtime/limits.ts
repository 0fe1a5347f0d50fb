/** How much of this double one client, or all of them, may take. */

/** Numbers that a supabase-js client does not come near. */
export interface RealtimeLimits {
  /** Sockets at a time; the next one is refused with 429. */
  sockets: number;
  /** Channels of one socket; the next join is refused. */
  channels: number;
  /** `postgres_changes` of one channel; a join with more is refused. */
  subscriptions: number;
  /** Characters of one frame; a longer one closes its socket. */
  frame: number;
  /** Frames of one socket that wait for their turn; one more closes the socket. */
  waiting: number;
  /** Bytes that may wait for a client to read them; more, and its socket is closed. */
  unread: number;
  /** Ms that a client may say nothing; supabase-js has a heartbeat every 25 seconds. */
  silence: number;
}

export const DEFAULT_LIMITS: RealtimeLimits = {
  sockets: 200,
  channels: 100,
  subscriptions: 100,
  frame: 65_536,
  waiting: 256,
  unread: 1_048_576,
  silence: 60_000,
};
