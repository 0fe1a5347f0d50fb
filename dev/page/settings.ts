/** What the page is told of the stack; its server writes it, so it holds no DOM type. */

/** Where everything is; a front end of one's own has it from its environment. */
export interface Backend {
  /** What `VITE_SUPABASE_URL` is. */
  url: string;
  publishableKey: string;
  /** Where Behest is, for who goes there without a mint. */
  gatewayUrl: string;
  /** The model to chat with. */
  model: string;
}

/** How a session comes to be good at Behest (docs/ways.md). */
export type Way = "checked" | "claims" | "direct";

/** An e-mail and a password, as Supabase Auth takes them. */
export interface Login {
  email: string;
  password: string;
}

/** What the server of the page writes into it. */
export interface PageSettings extends Backend {
  users: (Login & { plan: string })[];
  /** The ways that this stack has; none of them to choose from, where it has but one. */
  ways: Way[];
  /** The plans that the page may play billing with, by tier. */
  plans: string[];
}
