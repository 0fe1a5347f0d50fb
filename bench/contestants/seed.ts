/**
 * The function that people use today, line by line as Behest's page "Supabase → Behest" has it, with
 * two changes: supabase-js comes from npm, and the mint is the one beside this.
 */
import { createClient } from "@supabase/supabase-js";
import { mint } from "./mint.ts";

Deno.serve(async (req) => {
  if (req.method === "OPTIONS") return cors(new Response(null, { status: 204 }));

  const supabase = createClient(Deno.env.get("SUPABASE_URL")!, Deno.env.get("SUPABASE_ANON_KEY")!, {
    global: { headers: { Authorization: req.headers.get("Authorization")! } },
  });
  const { data: { user } } = await supabase.auth.getUser();
  if (!user) return cors(new Response("Unauthorized", { status: 401 }));

  const { data: profile } = await supabase.from("profiles").select("plan").eq("id", user.id)
    .single();

  try {
    const { token, ttl, sessionId, expiresAt } = await mint({
      user_id: user.id,
      tier: profile?.plan ?? 1,
      ttl: 900,
    });
    return cors(
      new Response(JSON.stringify({ token, ttl, sessionId, expiresAt }), {
        headers: { "Content-Type": "application/json" },
      }),
    );
  } catch (err) {
    return cors(new Response(String(err), { status: 500 }));
  }
});

function cors(res: Response) {
  const origin = Deno.env.get("CORS_ORIGIN") ?? "";
  res.headers.set("Access-Control-Allow-Origin", origin);
  res.headers.set("Access-Control-Allow-Credentials", "true");
  res.headers.set("Access-Control-Allow-Headers", "authorization, content-type");
  return res;
}
