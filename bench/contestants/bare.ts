/**
 * The least we could write: the same calls to the platform and to the upstreams, in the best order,
 * and nothing else. It checks no claim, no plan and no answer, and waits without an end, unless it is
 * asked for what `bounded.ts` has: nobody should run it.
 */
const variable = (name: string) => Deno.env.get(name) ?? "";
const [SUPABASE, BEHEST] = [variable("SUPABASE_URL"), variable("BEHEST_BASE_URL")];
const [KEY, APIKEY] = [variable("BEHEST_KEY"), variable("SUPABASE_ANON_KEY")];
const CLAIMS = variable("BEHEST_USER_CHECK") === "claims";
const API_KEY = KEY.startsWith("behest_sk_");

// Not by name: Deno would load it with this.
const WAYS = variable("BENCH_WAYS");
const { ask, answer }: typeof import("./bounded.ts") = WAYS ? await import(WAYS) : {
  ask: async (url, init) => await (await fetch(url, init)).json(),
  answer: (_, body) => Response.json(body),
};

const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];

/** By a loop: a callback for each letter takes ten times as long. */
function bytes(text: string): Uint8Array<ArrayBuffer> {
  const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = new Uint8Array(letters.length);
  for (let index = 0; index < letters.length; index++) bytes[index] = letters.charCodeAt(index);
  return bytes;
}

const base64 = (text: string) =>
  btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const pem = KEY.split("\n").slice(1, -1).join("");
const [verifying, signing] = await Promise.all([
  crypto.subtle.importKey("jwk", JSON.parse(variable("SUPABASE_JWKS")).keys[0], ECDSA, false, [
    "verify",
  ]),
  API_KEY ? undefined : crypto.subtle.importKey("pkcs8", bytes(pem), RSA, false, ["sign"]),
]);

Deno.serve(async (request) => {
  const Authorization = request.headers.get("Authorization") ?? "";
  const token = Authorization.slice(7);
  const [first, last] = [token.indexOf("."), token.lastIndexOf(".")];
  const signed = encoder.encode(token.slice(0, last));
  if (!await crypto.subtle.verify(ECDSA, verifying, bytes(token.slice(last + 1)), signed)) {
    return new Response(null, { status: 401 });
  }
  const { sub, app_metadata } = JSON.parse(decoder.decode(bytes(token.slice(first + 1, last))));
  let tier = app_metadata.plan;
  if (!CLAIMS) {
    const get = (path: string) =>
      ask(SUPABASE + path, { headers: { Authorization, apikey: APIKEY } });
    [, [{ plan: tier }]] = await Promise.all([
      get("/auth/v1/user"),
      get(`/rest/v1/profiles?select=plan&id=eq.${sub}`),
    ]);
  }
  return answer(request, { token: await mint(sub, tier) }, tier);
});

async function mint(uid: string, tier: number): Promise<string> {
  if (signing) {
    const header = base64(JSON.stringify({ alg: "RS256", kid: variable("BEHEST_KID") }));
    const input = `${header}.${base64(JSON.stringify({ uid, tier, jti: crypto.randomUUID() }))}`;
    const signature = await crypto.subtle.sign(RSA, signing, encoder.encode(input));
    return `${input}.${base64(String.fromCharCode(...new Uint8Array(signature)))}`;
  }
  const { jwt } = await ask(`${BEHEST}/v1/auth/mint`, {
    method: "POST",
    headers: {
      "Authorization": `Bearer ${KEY}`,
      "Content-Type": "application/json",
      "Accept": "application/json",
    },
    body: JSON.stringify({
      user_id: uid,
      role: "user",
      ttl: 900,
      session_id: crypto.randomUUID(),
      tier,
    }),
  });
  return jwt;
}
