/** What the page is told of the stack; its server writes it, so it holds no DOM type. */

/** Where everything is; a front end of one's own has it from its environment. */
export interface Backend {
  /** What `VITE_SUPABASE_URL` is. */
  url: string;
  publishableKey: string;
  /** The model to chat with. */
  model: string;
}

/** An e-mail and a password, as Supabase Auth takes them. */
export interface Login {
  email: string;
  password: string;
}

/** What the server of the page writes into it. */
export interface PageSettings extends Backend {
  gatewayUrl: string;
  users: (Login & { plan: string })[];
  /** The plans that the page may play billing with, by tier. */
  plans: string[];
}
