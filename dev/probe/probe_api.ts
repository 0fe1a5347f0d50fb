/** What the bare page offers to the tests that drive it. It holds no DOM type. */

/** Where the page's Supabase is. */
export interface ProbeSettings {
  url: string;
  publishableKey: string;
  gatewayUrl: string;
  model: string;
}

/** One request as it left the page: whose it was, and who was signed in at that very moment. */
export interface Sent {
  to: "function" | "behest";
  /** Whom its bearer token names. */
  uid: string;
  /** Its `X-Session-Id`. */
  sid: string | null;
  /** Who stands in the tab's storage; nobody, while nothing stands there. */
  stored: string | null;
  /** Whom supabase-js has told this tab of last. */
  heard: string | null;
}

/** A token at hand, without the token. */
export interface Told {
  uid: string;
  sid: string;
  jti: string;
  ttl: number;
}

/** What came of a wish: the error's code where it failed, also of one that is another's cause. */
export type Outcome<T> = { value: T; code?: undefined } | { value?: undefined; code: string };

/** `probe` on the page; `supabase`, `behest` and `openai` stand beside it. */
export interface Probe {
  /** Makes the clients. Tabs with the same kind of storage share what can be shared. */
  start(storage: "localStorage" | "sessionStorage"): void;
  signIn(email: string, password: string): Promise<void>;
  signOut(): Promise<void>;
  token(): Promise<Outcome<Told>>;
  /** The whole answer of a streamed chat. */
  chat(prompt: string): Promise<Outcome<string>>;
  /** The function by supabase-js alone, as the README does: its fields, or the error's name. */
  invoke(): Promise<string[] | string>;
  /** Chats without a pause, several at once, until `rest`. */
  hammer(): void;
  /** @returns every outcome since `hammer` */
  rest(): Promise<Outcome<string>[]>;
  /** Moves the clocks on by ms, the device's date or what counts since the page's start. */
  move(clock: "date" | "ticks", ms: number): void;
  /** As a browser tells a page that its tab is hidden, or shown again. */
  show(state: "hidden" | "visible"): void;
  /** From now on another tab's writes to the storage are read so many ms late. */
  lag(ms: number): void;
  /** Every request so far. */
  sent(): Sent[];
  /** Name and user of every event of supabase-js so far. */
  events(): [event: string, uid: string | null][];
  status(): { status: string; code?: string | undefined };
}
