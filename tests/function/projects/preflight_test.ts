/** Headers that front ends, and what traces them, send along. */
import assert from "node:assert/strict";
import { preflight } from "../../support/preflight.ts";
import { inProject } from "../../support/projects.ts";
import { type Answer, ORIGIN } from "../../support/world.ts";

function allowedHeaders({ headers }: Answer): string[] {
  const list = headers.get("Access-Control-Allow-Headers") ?? "";
  return list.split(",").map((name) => name.trim().toLowerCase()).filter((name) => name !== "");
}

/** What supabase-js sends, whatever else was asked for. */
const OURS = ["authorization", "apikey", "content-type", "x-client-info"];

const NAMES = [
  "sentry-trace,baggage",
  "x-session-id,x-trace-id",
  "traceparent, tracestate",
  "x-my-own-header",
  "X-Upper-Case",
  "a!#$%&'*+-.^_`|~9",
];

Deno.test("a preflight allows an allowed origin every header that it asks for, beside those of supabase-js", async () => {
  await inProject({}, {}, async (project) => {
    for (const names of NAMES) {
      const answer = await preflight(project, ORIGIN, `authorization,${names}`);
      assert.equal(answer.headers.get("Access-Control-Allow-Origin"), ORIGIN);
      const allowed = allowedHeaders(answer);
      for (const name of [...OURS, ...names.toLowerCase().split(/,\s*/)]) {
        assert.ok(allowed.includes(name), `${name} of ${names} → ${allowed}`);
      }
    }
    for (const names of [undefined, "", ",", " , ,"]) {
      const allowed = allowedHeaders(await preflight(project, ORIGIN, names));
      for (const name of OURS) assert.ok(allowed.includes(name), `${name} of ${names}`);
    }
  });
});

Deno.test("an origin that is not allowed is allowed no header that it asks for, and not itself", async () => {
  await inProject({}, {}, async (project) => {
    for (const origin of ["https://evil.example", "null", `${ORIGIN}.evil.example`]) {
      const answer = await preflight(project, origin, "x-session-id,x-trace-id");
      assert.equal(answer.headers.get("Access-Control-Allow-Origin"), null, origin);
      assert.equal(answer.headers.get("Access-Control-Allow-Credentials"), null, origin);
      assert.ok(!allowedHeaders(answer).includes("x-session-id"), origin);
    }
  });
});

Deno.test("a name that is no token of RFC 9110 is left out of what a preflight allows, and its neighbours are not", async () => {
  const wrong = [
    "b@d",
    "(x)",
    "x y",
    "x:y",
    "x;q=1",
    "x/y",
    '"x"',
    "x=y",
    "<x>",
    "{x}",
    "x\\y",
    "[x]",
  ];
  await inProject({}, {}, async (project) => {
    for (const name of wrong) {
      const answer = await preflight(project, ORIGIN, `x-before,${name},x-after`);
      const allowed = allowedHeaders(answer);
      assert.ok(!allowed.includes(name), `${name} → ${allowed}`);
      for (const letter of allowed) assert.match(letter, /^[!#$%&'*+.^_`|~0-9a-z-]+$/, name);
      for (const good of [...OURS, "x-before", "x-after"]) assert.ok(allowed.includes(good), good);
    }
  });
});

Deno.test("a preflight is allowed 64 names and 2 KiB at most of what it asks for", async () => {
  await inProject({}, {}, async (project) => {
    const asked = async (count: number, length: number) => {
      const names = Array.from({ length: count }, (_, n) => `x-${n}-`.padEnd(length, "a"));
      const allowed = allowedHeaders(await preflight(project, ORIGIN, names.join(",")));
      for (const name of OURS) assert.ok(allowed.includes(name), `${name} beside ${count} names`);
      return names.filter((name) => allowed.includes(name));
    };
    assert.equal((await asked(64, 8)).length, 64);
    assert.equal((await asked(1, 2048)).length, 1);
    const many = await asked(300, 6);
    assert.ok(many.length > 0 && many.length <= 64, `${many.length} names`);
    const long = (await asked(60, 100)).join(",").length;
    assert.ok(long <= 2048, `${long} bytes`);
    assert.deepEqual(await asked(1, 4000), []);
    const cut = `x-first,x-${"a".repeat(3000)}`;
    const allowed = allowedHeaders(await preflight(project, ORIGIN, cut));
    assert.ok(allowed.includes("x-first"));
    assert.ok(!allowed.some((name) => name.startsWith("x-aaa")), "no half of a name");
  });
});

Deno.test("a preflight's answer has each name once, in lower case", async () => {
  await inProject({}, {}, async (project) => {
    const { headers } = await preflight(project, ORIGIN, "X-Own,x-own,Authorization,BAGGAGE");
    const names = (headers.get("Access-Control-Allow-Headers") ?? "").split(", ");
    assert.deepEqual(names, [...new Set(names.map((name) => name.toLowerCase()))]);
    assert.ok(names.includes("x-own"));
  });
});

Deno.test("where settings are at fault, a preflight allows what it asks for all the same, so that a browser can read which", async () => {
  await inProject({ BEHEST_KEY: undefined }, {}, async (project) => {
    const allowed = allowedHeaders(await preflight(project, ORIGIN, "x-session-id"));
    assert.ok(allowed.includes("x-session-id"));
    await project.expect({ origin: ORIGIN }, "misconfigured");
  });
});
