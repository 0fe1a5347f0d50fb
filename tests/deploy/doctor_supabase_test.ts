/** Supabase's gateways answer before anybody behind them: each refusal is told by its name. */
import { type Elsewhere, examineElsewhere } from "../support/doctor_elsewhere.ts";
import { AFTER_DEPLOYED, AFTER_MINTS, AFTER_SESSION, assertCross } from "../support/doctor_run.ts";

/** What the functions gateway says with verify_jwt on, and what it is about. */
const REFUSALS: [code: string, message: string, about: RegExp][] = [
  ["UNAUTHORIZED_NO_AUTH_HEADER", "Missing authorization header", /no Authorization header/],
  ["UNAUTHORIZED_INVALID_JWT_FORMAT", "Invalid JWT format", /not the form of a JWT.*publishable/],
  ["UNAUTHORIZED_LEGACY_JWT", "Invalid JWT", /HS256.*legacy JWT secret/],
  ["UNAUTHORIZED_ASYMMETRIC_JWT", "Invalid JWT", /ES256 or RS256/],
  [
    "UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM",
    "Unsupported JWT algorithm none",
    /not check tokens of this algorithm/,
  ],
  ["UNAUTHORIZED_OF_A_TIME_TO_COME", "Words", /new here: "UNAUTHORIZED_OF_A_TIME_TO_COME"/],
];

const isCall = (url: string) => url.includes("/functions/v1/");

for (const [code, message, about] of REFUSALS) {
  Deno.test(`${code} means that verify_jwt is on, and is told by name`, async () => {
    const forms = [
      () => Response.json({ code, message }, { status: 401 }),
      () => Response.json({ message }, { status: 401, headers: { "sb-error-code": code } }),
    ];
    for (const form of forms) {
      const bend = (url: string, { method }: RequestInit) =>
        isCall(url) && method === "POST" ? form() : undefined;
      const everyone = await examineElsewhere({ bend });
      assertCross(everyone, "deployed", about, /verify_jwt = false/, AFTER_DEPLOYED);
      assertCross(everyone, "deployed", /\(verify_jwt is on\)/, /--no-verify-jwt/, AFTER_DEPLOYED);
      assertCross(everyone, "deployed", new RegExp(code), /./, AFTER_DEPLOYED);

      const users = (url: string, init: RequestInit) =>
        new Headers(init.headers).get("Authorization")?.endsWith(".AAAA")
          ? bend(url, init)
          : undefined;
      const user = await examineElsewhere({ bend: users });
      assertCross(user, "mints", about, /verify_jwt = false/, AFTER_MINTS);
    }
  });
}

/** What the API gateway says of a key. */
const KEYS: [message: string, meaning: RegExp, advice: RegExp][] = [
  ["Legacy API keys are disabled", /no longer takes legacy API keys/, /sb_publishable_…/],
  ["No API key found in request", /found no API key/, /takes the apikey header off/],
  ["Invalid API key", /another project's, or deleted/, /key of this very project/],
  ["Unregistered API key", /another project's, or deleted/, /key of this very project/],
  ["Invalid authentication credentials", /another project's, or deleted/, /key of this very/],
];

/** Signs in, rather than with a token. */
const LOGIN = ["--email", "a@b.c", "--password", "hunter2-hunter2", "--publishable-key", "k-k-k"];

async function signIn(answer: () => Response) {
  const bend: Elsewhere["bend"] = (url) => url.includes("/auth/v1/token?") ? answer() : undefined;
  return await examineElsewhere({ bend, login: LOGIN });
}

for (const [message, meaning, advice] of KEYS) {
  Deno.test(`"${message}" is about the key, and neither the user nor verify_jwt`, async () => {
    const headers = { "sb-error-code": "UNAUTHORIZED_INVALID_API_KEY" };
    const refuse = () => Response.json({ message, hint: "…" }, { status: 401, headers });
    const session = await signIn(refuse);
    assertCross(session, "session", meaning, advice, AFTER_SESSION);
    assertCross(session, "session", /^Signing in failed: 401\. /, /^(?!.*--email)/, AFTER_SESSION);

    const bend = (url: string, { headers }: RequestInit) =>
      isCall(url) && new Headers(headers).get("Authorization")?.endsWith(".AAAA")
        ? refuse()
        : undefined;
    const mints = await examineElsewhere({ bend });
    assertCross(mints, "mints", meaning, advice, AFTER_MINTS);
  });
}

Deno.test("the Auth server's own refusal is told from everybody else's", async () => {
  const own: [number, unknown, Record<string, string>, RegExp, RegExp][] = [
    [400, { code: 400, error_code: "invalid_credentials" }, {}, /400 invalid_cred/, /--password/],
    [400, { error: "invalid_grant" }, {}, /400 invalid_grant/, /--password/],
    [400, {}, { "x-sb-error-code": "email_not_confirmed" }, /email_not_confirmed/, /Confirm/],
    [403, { code: "user_banned" }, {}, /403 user_banned/, /banned/],
    [500, { error_code: "unexpected_failure" }, {}, /unexpected_failure/, /access token hook/],
    [422, { error_code: "email_provider_disabled" }, {}, /provider_disabled/, /--token/],
    [400, { code: 400, msg: "Words" }, {}, /status 400\./, /--password/],
    [429, {}, {}, /status 429\./, /Wait a minute/],
    [403, "<h1>Blocked</h1>", {}, /not the Auth server's/, /firewall or proxy/],
    [500, { code: "BOOT_ERROR" }, {}, /500 BOOT_ERROR, and not/, /firewall or proxy/],
  ];
  for (const [status, body, headers, meaning, advice] of own) {
    const examined = await signIn(() => Response.json(body, { status, headers }));
    assertCross(examined, "session", meaning, advice, AFTER_SESSION);
  }
});

Deno.test("words of a key's refusal in another answer are nobody's refusal of a key", async () => {
  const examined = await signIn(() =>
    Response.json({ code: 400, error_code: "invalid_credentials", msg: "Invalid API key" }, {
      status: 400,
    })
  );
  assertCross(examined, "session", /400 invalid_credentials/, /--password/, AFTER_SESSION);
});
