/**
 * Runs Supabase Lite: the Auth server and the REST API of Supabase, on SQLite in
 * memory, with the migrations of this project. Every start begins empty.
 */

import { App } from "@supabase/lite";
import { applyPendingMigrations, ensureSchema } from "@supabase/lite/cli";
import { createConnection } from "@supabase/lite/sqlite";
import { exitWithParent } from "./parent.ts";

const app = new App({
  connection: createConnection({ url: ":memory:" }),
  auth: {
    enabled: true,
    enable_signup: true,
    jwt_secret: Deno.env.get("JWT_SECRET"),
    jwt_expiry: 3600,
    publishable_key: Deno.env.get("SUPABASE_PUBLISHABLE_KEY"),
    secret_key: Deno.env.get("SUPABASE_SECRET_KEY"),
    email: { enable_confirmations: false },
  },
});

exitWithParent();
await applyPendingMigrations(app);
// Migrations alone leave row level security unread: Lite would deny every row.
await ensureSchema(app, { force: true });

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(`ready http://127.0.0.1:${port}`),
}, (request) => app.fetch(request, { peerAddress: null }));
