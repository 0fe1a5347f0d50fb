/**
 * The seed's function on `@supabase/server`, Supabase's own verifier: it trusts the token's claims
 * once the signature is good, so no call asks whether the session still stands.
 */
import { withSupabase } from "@supabase/server";
import { mint } from "./mint.ts";

const origin = Deno.env.get("CORS_ORIGIN") ?? "";

Deno.serve(withSupabase({
  auth: "user",
  cors: {
    headers: {
      "Access-Control-Allow-Origin": origin,
      "Access-Control-Allow-Credentials": "true",
      "Access-Control-Allow-Headers": "authorization, content-type",
    },
  },
}, async (_request, { supabase, userClaims }) => {
  const user_id = userClaims!.id;
  const { data: profile } = await supabase.from("profiles").select("plan").eq("id", user_id)
    .single();
  const { token, ttl, sessionId, expiresAt } = await mint({
    user_id,
    tier: (profile as { plan: unknown } | null)?.plan ?? 1,
    ttl: 900,
  });
  return Response.json({ token, ttl, sessionId, expiresAt });
}));
