/** What a caller says beside the token: in the body, the query, other headers and cookies. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { assault, liveClaims, liveForgery, siege, type Target } from "../../support/attack.ts";
import { payloadOf, signerOf, SUB } from "../../support/keys.ts";
import type { Sent } from "../../support/world.ts";

/** What the contract says never comes from the caller, under every name it might go by. */
const FIELDS: Record<string, unknown> = {
  ...{ uid: "admin", user_id: "admin", userId: "admin", user: { id: "admin" }, sub: "admin" },
  ...{ tier: 3, plan: "max", role: "admin", ttl: 86_400, exp: 9_999_999_999, expires_in: 86_400 },
  ...{ tid: "tnt_2", pid: "prj_2", sid: "other", session_id: "other", scp: ["admin"], aud: "x" },
  ...{ token: "eyJ", access_token: "eyJ", jwt: "eyJ", baseUrl: "https://elsewhere.example" },
  ...{ __proto: {}, constructor: { prototype: { tier: 3 } }, isAdmin: true, is_anonymous: false },
};

/** The request is served as if nothing had been said. */
async function unmoved(target: Target, what: string, sent: Sent): Promise<void> {
  const before = target.calls.length;
  const { body } = await target.serve(what, sent);
  const calls = target.calls.slice(before);
  const urls = calls.map(({ url }) => new URL(url)).map(({ pathname, search }) =>
    pathname + search
  );
  assert.deepEqual(urls.sort(), [
    "/auth/v1/user",
    `/rest/v1/profiles?select=plan&id=eq.${SUB}`,
    "/v1/auth/mint",
  ], what);
  const mint = calls.find(({ route }) => route === "mint");
  const { session_id, ...asked } = JSON.parse(mint?.body ?? "{}");
  assert.deepEqual(asked, { user_id: SUB, role: "user", ttl: 900, tier: 2 }, what);
  assert.match(session_id, /^[0-9a-f-]{36}$/, what);
  const { tier, ttl, baseUrl, token } = body;
  assert.deepEqual({ tier, ttl, baseUrl }, { tier: 2, ttl: 900, baseUrl: target.upstream.url });
  assert.equal(payloadOf(token).uid, SUB, what);
  for (const { headers } of calls) {
    const names = ["authorization", "apikey", "accept", "content-type", "content-length"];
    const own = [...names, "host", "user-agent", "accept-language", "accept-encoding"];
    for (const name of Object.keys(headers)) {
      assert.ok(own.includes(name), `${what}: ${name} went on`);
    }
  }
}

assault("uid, tier, role, plan and ttl in the body count for nothing", async (target) => {
  for (const [name, value] of Object.entries(FIELDS)) {
    await unmoved(target, name, { body: JSON.stringify({ [name]: value }) });
  }
  await unmoved(target, "all of them", { body: JSON.stringify(FIELDS) });
  const polluting = '{"__proto__":{"tier":3,"sessionId":"other","model":"x"}}';
  await unmoved(target, "__proto__", { body: polluting });
});

assault("a body of exactly 16 KiB is served, whether or not its length is said", async (target) => {
  const text = `{"x":"${"x".repeat(16_376)}"}`;
  assert.equal(text.length, 16_384);
  await unmoved(target, "with a Content-Length", { body: text });
  await unmoved(target, "in chunks", { body: new Blob([text]).stream() });
});

assault("uid, tier, role, plan and ttl in the query count for nothing", async (target) => {
  for (const [name, value] of Object.entries(FIELDS)) {
    const path = `/?${name}=${encodeURIComponent(String(value))}`;
    await unmoved(target, path, { path });
  }
  for (const path of ["/?sessionId=other&model=x", "/admin", "/?select=*&id=neq.x", "/?%00#x"]) {
    await unmoved(target, path, { path });
  }
});

/** Headers that a proxy would set, or that a framework would obey. */
const HEADERS: Record<string, string> = {
  "X-User-Id": "admin",
  "X-Behest-Tier": "3",
  "X-Behest-Uid": "admin",
  "X-Tier": "3",
  "X-Role": "service_role",
  "X-Supabase-User": '{"id":"admin"}',
  "X-Client-Info": "admin",
  "X-Forwarded-Host": "elsewhere.example",
  "X-Forwarded-For": "127.0.0.1",
  "X-Forwarded-Proto": "http",
  "X-Forwarded-User": "admin",
  "X-Forwarded-Authorization": "Bearer a.b.c",
  "X-Real-Ip": "127.0.0.1",
  "X-Original-Url": "/admin",
  "X-Rewrite-Url": "/admin",
  "X-Http-Method-Override": "OPTIONS",
  "X-Http-Method": "DELETE",
  "X-Method-Override": "GET",
  "Forwarded": 'for=127.0.0.1;host=elsewhere.example;proto=http;by="admin"',
  "Via": "1.1 elsewhere.example",
  "True-Client-Ip": "127.0.0.1",
  "Proxy": "http://elsewhere.example:8080",
  "Apikey": "sb_secret_x",
  "Prefer": "tx=rollback",
  "Accept-Profile": "private",
  "Content-Profile": "private",
  "Range": "0-0",
  "Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  "Cookie": "sb-access-token=a.b.c; uid=admin; tier=3; role=service_role",
  "Referer": "https://elsewhere.example/",
};

assault("no other header changes who is asked, what for, or where", async (target) => {
  for (const [name, value] of Object.entries(HEADERS)) {
    await unmoved(target, name, { headers: { [name]: value } });
  }
  await unmoved(target, "all of them", { headers: HEADERS });
});

siege("the token counts in the Authorization header alone", async function* (target) {
  const { good } = target;
  const nothing = { token: null };
  const headers = (headers: Record<string, string>): Sent => ({ ...nothing, headers });
  yield ["apikey", headers({ apikey: good }), "missing_token"];
  yield [
    "Proxy-Authorization",
    headers({ "Proxy-Authorization": `Bearer ${good}` }),
    "missing_token",
  ];
  yield ["X-Authorization", headers({ "X-Authorization": `Bearer ${good}` }), "missing_token"];
  yield [
    "X-Forwarded-Authorization",
    headers({ "X-Forwarded-Authorization": `Bearer ${good}` }),
    "missing_token",
  ];
  yield ["Authentication", headers({ Authentication: `Bearer ${good}` }), "missing_token"];
  yield ["X-Access-Token", headers({ "X-Access-Token": good }), "missing_token"];
  for (const name of ["sb-access-token", "sb-ref-auth-token", "access_token", "Authorization"]) {
    yield [`the cookie ${name}`, headers({ Cookie: `${name}=${good}` }), "missing_token"];
  }
  yield [
    "WebSocket protocols",
    headers({ "Sec-WebSocket-Protocol": `bearer, ${good}` }),
    "missing_token",
  ];
  for (const name of ["access_token", "token", "jwt", "Authorization", "apikey"]) {
    const body = JSON.stringify({ [name]: good });
    yield [`${name} in the query`, { ...nothing, path: `/?${name}=${good}` }, "missing_token"];
    yield [`${name} in the body`, { ...nothing, body }, "missing_token"];
  }
  for (
    const scheme of ["Basic", "Digest", "DPoP", "Token", "JWT", "Negotiate", "Bearer:", "Bearer="]
  ) {
    yield [
      `the scheme ${scheme}`,
      headers({ Authorization: `${scheme} ${good}` }),
      "missing_token",
    ];
  }
  yield ["no scheme", headers({ Authorization: good }), "missing_token"];
  yield ["the scheme behind", headers({ Authorization: `${good} Bearer` }), "missing_token"];
  const basic = Buffer.from(`Bearer:${good}`).toString("base64");
  yield ["Basic credentials", headers({ Authorization: `Basic ${basic}` }), "missing_token"];
});

const bytes = (...parts: (string | number)[]) =>
  Uint8Array.from(
    parts.flatMap((part) => typeof part === "string" ? [...Buffer.from(part)] : [part]),
  );
const packed = async (format: "gzip" | "deflate") =>
  new Uint8Array(
    await new Response(
      new Blob(['{"sessionId":"packed"}']).stream().pipeThrough(new CompressionStream(format)),
    ).arrayBuffer(),
  );

siege(
  "a body that is no JSON object in UTF-8 is refused, whatever its headers say",
  async function* () {
    const sent = (body: BodyInit, headers: Record<string, string> = {}): Sent => ({
      body,
      headers,
    });
    const object = '{"sessionId":"s-1"}';
    for (const format of ["gzip", "deflate"] as const) {
      const body = await packed(format);
      yield [format, sent(body, { "Content-Encoding": format }), "invalid_request"];
      yield [`${format} unsaid`, sent(body), "invalid_request"];
    }
    const form = new FormData();
    form.set("sessionId", "s-1");
    yield ["multipart", { body: form }, "invalid_request"];
    yield ["a form", { body: new URLSearchParams({ sessionId: "s-1" }) }, "invalid_request"];
    yield [
      "UTF-16, little-endian",
      sent(new Uint8Array(Buffer.from(object, "utf16le"))),
      "invalid_request",
    ];
    yield [
      "UTF-16 with its mark",
      sent(new Uint8Array(Buffer.from(`\ufeff${object}`, "utf16le")), {
        "Content-Type": "application/json; charset=utf-16",
      }),
      "invalid_request",
    ];
    yield [
      "UTF-7",
      sent("+AHsAIg-x+ACI-:1+AH0-", { "Content-Type": "application/json; charset=utf-7" }),
      "invalid_request",
    ];
    yield ["Latin-1", sent(bytes('{"model":"', 0xe9, '"}')), "invalid_request"];
    yield ["a NUL behind", sent(bytes(object, 0)), "invalid_request"];
    yield [
      "XML",
      sent("<sessionId>s-1</sessionId>", { "Content-Type": "application/xml" }),
      "invalid_request",
    ];
    yield [
      "an XML entity",
      sent('<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>'),
      "invalid_request",
    ];
    yield ["JSON lines", sent(`${object}\n${object}`), "invalid_request"];
    for (const depth of [127, 128, 129, 7000]) {
      const body = `{"x":${"[".repeat(depth)}${"]".repeat(depth)}}`;
      yield [`nesting of ${depth + 1}`, sent(body), "invalid_request"];
    }
    yield ["nesting without end", sent('{"x":'.repeat(3000)), "invalid_request"];
    yield ["sessionId twice", sent('{"sessionId":"a","sessionId":"b"}'), "invalid_request"];
    yield [
      "sessionId twice, once escaped",
      sent('{"sessionId":"a","\\u0073essionId":"b"}'),
      "invalid_request",
    ];
    yield ["a number beyond a double", sent('{"x":1e400}'), "invalid_request"];
    yield ["16 KiB and a byte", sent(`{"x":"${"x".repeat(16_377)}"}`), "request_too_large"];
  },
);

assault(
  "a byte order mark before the object is passed over, and the fields are the same",
  async (target) => {
    // RFC 8259 section 8.1 lets a reader ignore it; what matters is that the fields are the same.
    const { body } = await target.serve("with its mark", {
      body: bytes(0xef, 0xbb, 0xbf, '{"sessionId":"s-1"}'),
    });
    assert.equal(body.sessionId, "s-1");
    await target.serve("nesting of 127", { body: `{"x":${"[".repeat(126)}${"]".repeat(126)}}` });
  },
);

assault("who keeps another's sessionId stays who they are", async (target) => {
  const mallory = await liveForgery(await signerOf("ES256"), {}, liveClaims({ sub: "mallory" }));
  const { body: theirs } = await target.serve();
  const body = JSON.stringify({ sessionId: theirs.sessionId });
  const { body: mine } = await target.serve("Mallory", { token: mallory, body });
  assert.equal(mine.sessionId, theirs.sessionId);
  assert.equal(payloadOf(mine.token).uid, "mallory");
  const asked = target.upstream.to("mint").map((call) => JSON.parse(call.body ?? "{}"));
  assert.deepEqual(asked.map(({ user_id }) => user_id), [SUB, "mallory"]);
});
