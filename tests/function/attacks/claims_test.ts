/** Claims that are signed well and make no good session, or one of another user than it seems. */
import assert from "node:assert/strict";
import { assault, type Attack, liveClaims, liveForgery, siege } from "../../support/attack.ts";
import { type Claims, signerOf, SUB } from "../../support/keys.ts";
import type { Settings } from "../../support/world.ts";

const ES256 = await signerOf("ES256");
const ISSUER = "https://abcdefghijklmnopqrst.supabase.co/auth/v1";

/** A token whose payload has this text where `name` has its value. */
function withText(name: string, text: string): Promise<string> {
  const claims = JSON.stringify(liveClaims({ [name]: "@@" }));
  return liveForgery(ES256, {}, claims.replace('"@@"', text));
}

siege("exp is a number that is still to come, in whatever way it is written", async function* () {
  const now = Math.floor(Date.now() / 1000);
  const none = ["null", "true", "false", "[]", "{}", '""', '"never"', '"NaN"', `"${now + 60}"`];
  for (
    const text of [...none, `[${now + 60}]`, `{"value":${now + 60}}`, '"2099-01-01T00:00:00Z"']
  ) {
    yield [`exp of ${text}`, await withText("exp", text)];
  }
  for (const text of ["NaN", "Infinity", "1e400", "-1e400", "0x7fffffff", "1e", "+1", "01"]) {
    yield [`exp of ${text}, which is no JSON`, await withText("exp", text)];
  }
  const past = [
    "0",
    "-0",
    "-0.0",
    "1",
    "-1",
    "1e-300",
    "0.5",
    "-1e308",
    "1e0",
    "-9007199254740993",
  ];
  for (const text of [...past, String(now - 10), `${now - 10}.999`, String(now - 86_400)]) {
    yield [`exp of ${text}`, await withText("exp", text), "expired_token"];
  }
  yield ["no exp", await liveForgery(ES256, {}, liveClaims({ exp: undefined }))];
});

assault("an exp that the issuer sets far ahead is the issuer's to set", async (target) => {
  for (const text of ["9007199254740993", "1e308", "4102444800.5", "4.1024448e9"]) {
    const { body } = await target.serve(`exp of ${text}`, { token: await withText("exp", text) });
    assert.ok(body.ttl <= 900, "what comes of it is short-lived all the same");
  }
});

siege("nbf is a number that has come", async function* () {
  const now = Math.floor(Date.now() / 1000);
  const texts = ['"0"', "true", "[]", "{}", '""', "1e400", "NaN", "1e308", "9007199254740993"];
  for (const text of [...texts, `"${now}"`, `[${now}]`, String(now + 60), `${now + 60}.5`]) {
    yield [`nbf of ${text}`, await withText("nbf", text)];
  }
});

siege(
  "aud holds the audience as a text of its own, not within another or deeper",
  async function* () {
    const audiences: unknown[] = [
      ...[undefined, null, "", [], {}, 0, 1, true, false],
      ...["anon", "authenticated ", " authenticated", "Authenticated", "AUTHENTICATED"],
      ...[
        "authenticated2",
        "authenticate",
        "authenticated,x",
        "authenticated\0",
        "aut\u200bhenticated",
      ],
      ...["аuthenticated", "ａuthenticated", "*", ".*", "behest", "https://api.behest.ai"],
      ...[[["authenticated"]], [{ aud: "authenticated" }], { 0: "authenticated" }, [null], [0]],
      ...[{ authenticated: true }, ["authenticated "], ["x", "y"], {
        length: 1,
        0: "authenticated",
      }],
    ];
    for (const aud of audiences) {
      const claims = liveClaims({ aud });
      yield [`aud of ${JSON.stringify(aud)}`, await liveForgery(ES256, {}, claims)];
    }
  },
);

siege("sub is the text of one user, and none of Behest's own", async function* () {
  for (const sub of [undefined, null, ""]) {
    const token = await liveForgery(ES256, {}, liveClaims({ sub }));
    yield [`sub of ${JSON.stringify(sub)}`, token, "not_a_user"];
  }
  for (const sub of [0, 1, true, false, [], [SUB], {}, { id: SUB }, { toString: SUB }]) {
    yield [`sub of ${JSON.stringify(sub)}`, await liveForgery(ES256, {}, liveClaims({ sub }))];
  }
  const reserved = ["admin", "system", "dashboard-service"];
  const cases = reserved.flatMap((id) => [
    ...[id, id.toUpperCase(), id[0]?.toUpperCase() + id.slice(1)],
    ...[`${id} `, ` ${id}`, `${id}\t`, `\n${id}`, `\u00a0${id}`],
  ]);
  for (const sub of [...cases, "aDmIn", "a".repeat(256), "é".repeat(256), "x".repeat(5000)]) {
    const token = await liveForgery(ES256, {}, liveClaims({ sub }));
    yield [`sub of ${sub.slice(0, 20)} (${sub.length})`, token, "not_a_user"];
  }
  for (const text of ['"\\ud800"', '"a\u0001b"', '"a\nb"', "1e400"]) {
    yield [`sub of ${JSON.stringify(text)}, which is no JSON`, await withText("sub", text)];
  }
});

/** Not one of these is a reserved id, and Behest is asked for exactly this one. */
const ODD_SUBS = [
  ...[
    "admin\0",
    "admin\u200b",
    "аdmin",
    "ａdmin",
    "admin/..",
    "admi",
  ],
  ...["null", "undefined", "true", "0", "-1", "NaN", "[object Object]", "__proto__", "constructor"],
  ...[
    "\u0001\u007f",
    "\r\nX-Injected: 1",
    "\u202eadmin",
    "é\u{1f600}",
    "é".repeat(255),
    "%00",
    "\\",
  ],
];

assault(
  "a sub that is merely odd is one user's, from end to end, and no other's",
  async (target) => {
    for (const sub of ODD_SUBS) {
      const before = target.calls.length;
      await target.serve(sub, { token: await liveForgery(ES256, {}, liveClaims({ sub })) });
      const [mint] = target.calls.slice(before).filter(({ route }) => route === "mint");
      const asked = JSON.parse(mint?.body ?? "{}");
      assert.equal(asked.user_id, sub);
      assert.equal(asked.role, "user");
    }
  },
);

siege("the role of an API key is no user's", async function* () {
  for (const role of ["anon", "service_role"]) {
    const token = await liveForgery(ES256, {}, liveClaims({ role }));
    yield [`role ${role}`, token, "not_a_user"];
    const key = { iss: "supabase", ref: "abcdefghijklmnopqrst", role, exp: 4_102_444_800 };
    yield [`the legacy ${role} key`, await liveForgery(ES256, {}, key), "not_a_user"];
  }
  for (const role of [0, true, [], ["authenticated"], ["service_role"], {}]) {
    yield [`role ${JSON.stringify(role)}`, await liveForgery(ES256, {}, liveClaims({ role }))];
  }
});

/** Claims that mean much elsewhere, and nothing here. */
const RANK: Claims[] = [
  { role: "supabase_admin" },
  { role: "postgres" },
  { role: "admin" },
  { scp: ["admin"], scope: "admin", scopes: ["*"] },
  { tier: 3, plan: "max", ttl: 86_400, uid: "admin", user_id: "admin", id: "admin" },
  { tid: "tnt_2", pid: "prj_2", sid: "other", is_admin: true, is_super_admin: true },
  { user_metadata: { plan: "max", role: "admin", sub: "admin", tier: 3, uid: "admin" } },
  { app_metadata: { plan: "max", role: "admin", claims_admin: true } },
  { act: { sub: "admin" }, may_act: { sub: "admin" } },
];

assault("no claim raises the Behest role, tier, lifetime or user", async (target) => {
  for (const claims of RANK) {
    const before = target.calls.length;
    const token = await liveForgery(ES256, {}, liveClaims(claims));
    const { body } = await target.serve(JSON.stringify(claims), { token });
    assert.equal(body.tier, 2, "the plan table alone says the tier");
    assert.equal(body.ttl, 900);
    const mint = target.calls.slice(before).find(({ route }) => route === "mint");
    const { session_id: _, ...asked } = JSON.parse(mint?.body ?? "{}");
    assert.deepEqual(asked, { user_id: SUB, role: "user", ttl: 900, tier: 2 });
  }
});

assault(
  "a name that means something to JavaScript means nothing as a claim or header",
  async (target) => {
    const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "toJSON"];
    const values = ['{"sub":"admin","isAdmin":true,"tier":3}', '"admin"', "null", "[]"];
    for (const name of names) {
      for (const value of values) {
        const start = `{"${name}":${value},`;
        const claims = JSON.stringify(liveClaims()).replace("{", start);
        const header = JSON.stringify({ alg: "ES256", kid: ES256.kid }).replace("{", start);
        const before = target.calls.length;
        const token = await liveForgery(ES256, header, claims);
        const { body } = await target.serve(`${name} of ${value}`, { token });
        assert.equal(body.tier, 2);
        const mint = target.calls.slice(before).find(({ route }) => route === "mint");
        assert.equal(JSON.parse(mint?.body ?? "{}").user_id, SUB);
        // What a polluted prototype would lend to a token that lacks it.
        const poor = JSON.stringify(liveClaims({ sub: undefined })).replace("{", start);
        const lacking = { token: await liveForgery(ES256, header, poor) };
        await target.refuse(`no sub but ${name}`, lacking, "not_a_user");
      }
    }
  },
);

const ISSUER_SET = (): { settings: Settings } => ({ settings: { JWT_ISSUER: ISSUER } });

async function* otherIssuers(): AsyncGenerator<Attack> {
  const issuers: unknown[] = [
    ...[undefined, null, "", [], {}, 0, true, [ISSUER], { iss: ISSUER }],
    ...["supabase", "https://zyxwvutsrqponmlkjihg.supabase.co/auth/v1", `${ISSUER}/`, ` ${ISSUER}`],
    ...[ISSUER.toUpperCase(), ISSUER.replace("https", "http"), `${ISSUER}#`, `${ISSUER}?x`],
    ...[ISSUER.replace(".co/", ".co.evil.example/"), ISSUER.replace("//", "//evil.example@")],
    ...[ISSUER.slice(0, -1), `${ISSUER}\0`, ISSUER.replace("a", "а"), `${ISSUER},${ISSUER}`],
  ];
  for (const iss of issuers) {
    yield [`iss of ${JSON.stringify(iss)}`, await liveForgery(ES256, {}, liveClaims({ iss }))];
  }
}

siege("where JWT_ISSUER is set, a token of another project is refused", otherIssuers, ISSUER_SET);
