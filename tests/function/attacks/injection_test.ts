/** Text of the caller's that ends up in a URL, a header, a log or another service's answer. */
import assert from "node:assert/strict";
import { assault, liveClaims, liveForgery, type Target } from "../../support/attack.ts";
import { payloadOf, signerOf, SUB } from "../../support/keys.ts";
import { knows, makeBehestToken, userOf } from "../../support/answers.ts";
import { json } from "../../support/upstreams.ts";
import { ORIGIN } from "../../support/world.ts";

const ES256 = await signerOf("ES256");

const as = (sub: string) => liveForgery(ES256, {}, liveClaims({ sub }));

/** What PostgREST, a URL parser or SQL would read more into than a value. */
const SUBS = [
  ...["x&select=*", "x&select=secret&id=eq.y", "x?select=*", "x#", "x#&limit=1", "x%26select=*"],
  ...["x,or=(id.neq.x)", "x&or=(id.neq.x,id.eq.x)", "x&and=(a.eq.b)", "x&not.and=(a.eq.b)"],
  ...["eq.y", "neq.x", "in.(a,b)", "not.eq.x", "is.null", "like.*", "*", "%", "(x)", "x)", "x,y"],
  ...['"x"', '"x,y"', "'x'", "x'--", "x';DROP TABLE profiles;--", "x\\", 'x\\"', "x.y", "x:y"],
  ...["x&limit=1&offset=1", "x&order=plan.desc", "x&on_conflict=id", "x=y", "x;y", "x+y", "x y"],
  ...["../users", "/../../auth/v1/admin/users", "//elsewhere.example", "@elsewhere.example"],
  ...["x\r\nX-Injected: 1", "x\nHost: elsewhere.example", "x\0y", "\t", "{}", "{x}", "[x]", "<x>"],
  ...[
    "é",
    "\u{1f600}",
    "\u202e",
    "\ufeffx",
    "x\u2028y",
    "%00",
    "%0d%0aX: y",
    "%2e%2e%2f",
    "%",
    "%%",
  ],
  ...["x$y", "${x}", "x|y", "x`y`", "x^y", "x~y", "!x", "x!", "-", "--", "null", "undefined"],
];

assault(
  "whatever is in a sub, the plan is asked for with two parameters, and the sub is one value",
  async (target) => {
    for (const sub of SUBS) {
      const before = target.calls.length;
      await target.serve(sub, { token: await as(sub) });
      const calls = target.calls.slice(before);
      assert.deepEqual(calls.map(({ route }) => route).sort(), ["mint", "plan", "user"], sub);
      const { pathname, search, hash } = new URL(
        calls.find(({ route }) => route === "plan")?.url ?? "",
      );
      assert.equal(pathname, "/rest/v1/profiles", sub);
      assert.equal(hash, "", sub);
      // As it went over the wire, before anyone decodes it.
      assert.match(
        search,
        /^\?select=plan&id=eq\.[A-Za-z0-9%!'()*~._-]+$/,
        sub,
      );
      assert.equal(search.split("&").length, 2, sub);
      assert.deepEqual(
        [...new URLSearchParams(search)],
        [["select", "plan"], ["id", `eq.${sub}`]],
        sub,
      );
      for (const { headers } of calls) assert.equal(headers["x-injected"], undefined, sub);
      const mint = calls.find(({ route }) => route === "mint");
      assert.equal(JSON.parse(mint?.body ?? "{}").user_id, sub);
    }
    assert.deepEqual(target.upstream.to("elsewhere"), []);
  },
);

assault("a sub writes no line of its own into the log", async (target) => {
  const forged = JSON.stringify({ code: "ok", status: 200, uid: "admin" });
  for (
    const sub of [
      `x\n${forged}`,
      `x\r\n${forged}`,
      `\u2028${forged}`,
      "\x1b[2J\x1b[31m",
      '","uid":"y',
    ]
  ) {
    const before = target.log.length;
    await target.serve(sub, { token: await as(sub) });
    await target.refuse("the next one", { token: null }, "missing_token");
    // Its line is the last: the log is read in order.
    const isRead = () => target.log.slice(before).some((line) => line.includes("missing_token"));
    for (let turns = 0; turns < 2000 && !isRead(); turns++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const lines = target.log.slice(before);
    assert.equal(lines.length, 2, lines.join("\n"));
    for (const line of lines) assert.equal(typeof JSON.parse(line).code, "string");
    assert.notEqual(JSON.parse(lines[0] ?? "").uid, "admin");
    // deno-lint-ignore no-control-regex -- a terminal would obey them
    assert.doesNotMatch(lines.join(""), /[\x00-\x1f\x7f]/);
  }
});

const SPLITS = [
  "\r\nSet-Cookie: x=y",
  "\nX-Injected: 1",
  "\r\n\r\n<html>",
  "%0d%0aX-Injected: 1",
  "\u560d\u560aX: 1",
];

assault("no text of the caller's splits an answer", async (target) => {
  const clean = (headers: Headers, what: string) => {
    const text = JSON.stringify([...headers]);
    assert.doesNotMatch(text, /set-cookie|x-injected|<html>|elsewhere/i, what);
  };
  for (const split of SPLITS) {
    const body = JSON.stringify({ sessionId: `x${split}` });
    clean((await target.refuse("sessionId", { body }, "invalid_request")).headers, split);
    const model = JSON.stringify({ model: `x${split}` });
    clean((await target.serve("model", { body: model })).headers, split);
    const path = `/${encodeURIComponent(split)}?x=${encodeURIComponent(split)}`;
    clean((await target.serve("path", { path })).headers, split);
    clean((await target.serve("sub", { token: await as(`x${split}`) })).headers, split);
  }
  for (
    const tail of [
      "%0d%0aSet-Cookie:x=y",
      "/\\r\\nX-Injected: 1",
      "<html>",
      '","x":"y',
      "\tX-Injected: 1",
    ]
  ) {
    const { headers, text } = await target.refuse(
      tail,
      { origin: `${ORIGIN}${tail}` },
      "origin_forbidden",
    );
    clean(headers, tail);
    assert.ok(!text.includes(tail), "what was sent is not echoed");
  }
});

assault("a refusal does not echo what was refused", async (target) => {
  const marker = "<script>alert(1)</script>";
  const sent = [
    { token: marker },
    { token: await liveForgery(ES256, { alg: marker }) },
    { token: await liveForgery(ES256, { kid: marker }) },
    { token: await liveForgery(ES256, {}, liveClaims({ aud: marker })) },
  ];
  for (const each of sent) {
    const { text, headers } = await target.refuse("token", each, "invalid_token");
    assert.ok(!text.includes("script"));
    assert.equal(headers.get("Content-Type"), "application/json");
  }
  const bodies = await target.refuse(
    "body",
    { body: JSON.stringify({ sessionId: marker }) },
    "invalid_request",
  );
  assert.ok(!bodies.text.includes("script"));
});

/** Upstreams that name somebody else, though each of them is asked about this very user. */
async function mixedUp(target: Target, code: string): Promise<void> {
  const answer = await target.send({});
  assert.equal(answer.code, code, answer.text);
  assert.doesNotMatch(answer.text, /eyJ|mallory/);
}

assault("no token comes where the Auth server names another user", async (target) => {
  const others: unknown[] = ["mallory", SUB.toUpperCase(), `${SUB} `, "", null, 7, [SUB], {
    id: SUB,
  }];
  for (const id of others) {
    target.upstream.routes.user = knows({ id } as Record<string, unknown>);
    await mixedUp(target, typeof id === "string" ? "invalid_session" : "auth_unavailable");
  }
  target.upstream.routes.user = (call, scene) => json({ user: userOf(call) })(call, scene);
  await mixedUp(target, "auth_unavailable");
  const twice = `{"id":"mallory","id":"${SUB}"}`;
  target.upstream.routes.user = () => new Response(twice);
  await mixedUp(target, "auth_unavailable");
  assert.deepEqual(target.upstream.to("mint"), [], "and nothing is minted");
  target.upstream.routes.user = (call, scene) => json(userOf(call))(call, scene);
  await target.serve();
});

assault("no token comes where Behest's answer is another user's", async (target) => {
  const now = Math.floor(Date.now() / 1000);
  for (const uid of ["mallory", SUB.toUpperCase(), "", null, [SUB], undefined]) {
    target.upstream.routes.mint = json({ jwt: await makeBehestToken({ uid }, now), ttl: 900 });
    await mixedUp(target, "behest_rejected");
  }
});

assault("requests of many users at once are never mixed up", async (target) => {
  const subs = Array.from({ length: 60 }, (_, index) => `user-${index}`);
  // The later one asks, the sooner it is answered.
  target.upstream.routes.user = async (call, scene) => {
    const index = Number(String(userOf(call).id).split("-")[1]);
    await new Promise((resolve) => setTimeout(resolve, 60 - index));
    return await json(userOf(call))(call, scene);
  };
  const answers = await Promise.all(
    subs.map(async (sub) => await target.serve(sub, { token: await as(sub) })),
  );
  assert.deepEqual(answers.map(({ body }) => payloadOf(body.token).uid), subs);
  assert.equal(new Set(answers.map(({ body }) => body.sessionId)).size, subs.length);
});
