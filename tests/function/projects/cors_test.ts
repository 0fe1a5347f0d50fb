/** Origins and headers as front ends have them. */
import assert from "node:assert/strict";
import {
  assertWarned,
  expectMisconfigured,
  inProject,
  type Project,
} from "../../support/projects.ts";
import type { Answer } from "../../support/world.ts";
import { ORIGIN } from "../../support/world.ts";

const UUID = "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9";

async function preflight(project: Project, origin: string, names?: string): Promise<Answer> {
  const headers: Record<string, string> = { "Access-Control-Request-Method": "POST" };
  if (names !== undefined) headers["Access-Control-Request-Headers"] = names;
  const answer = await project.ask({ method: "OPTIONS", token: null, origin, headers });
  assert.equal(answer.status, 204, origin);
  assert.deepEqual(project.upstream.calls, [], "a preflight calls nobody");
  return answer;
}

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
    assert.equal((await asked(40, 8)).length, 40);
    const many = await asked(300, 6);
    assert.ok(many.length > 0 && many.length <= 64, `${many.length} names`);
    const long = (await asked(60, 100)).join(",").length;
    assert.ok(long <= 2048, `${long} bytes`);
    assert.deepEqual(await asked(1, 4000), []);
  });
});

/** Patterns as people have them, with what they allow and what they must not. */
const PATTERNS: [pattern: string, allowed: string[], refused: string[]][] = [
  [
    "https://my-app-*-my-team.vercel.app",
    ["https://my-app-3k2j1h-my-team.vercel.app", "https://my-app-git-fix-cors-my-team.vercel.app"],
    [
      "https://my-app--my-team.vercel.app",
      "https://my-app-my-team.vercel.app",
      "https://my-app-x.evil-my-team.vercel.app",
      "https://my-app-x.y-my-team.vercel.app",
      "https://evil-my-app-x-my-team.vercel.app",
      "https://my-app-x-my-team.vercel.app:8443",
      "http://my-app-x-my-team.vercel.app",
      "https://my-app-x-my-team.vercel.app.evil.example",
      "https://my-app-x-my-team-evil.vercel.app",
      "https://MY-APP-X-MY-TEAM.vercel.app",
      "https://my-app-x_y-my-team.vercel.app",
      "https://my-app-ü-my-team.vercel.app",
    ],
  ],
  [
    "https://*-other-team.vercel.app",
    ["https://shop-git-main-other-team.vercel.app", "https://a-other-team.vercel.app"],
    [
      "https://-other-team.vercel.app",
      "https://other-team.vercel.app",
      "https://a.b-other-team.vercel.app",
      "https://a-other-team.vercel.app.",
    ],
  ],
  [
    "https://deploy-preview-*--my-site.netlify.app",
    ["https://deploy-preview-12--my-site.netlify.app"],
    [
      "https://deploy-preview---my-site.netlify.app",
      "https://deploy-preview-12-my-site.netlify.app",
      "https://deploy-preview-12--evil-site.netlify.app",
      "https://deploy-preview-1.2--my-site.netlify.app",
    ],
  ],
  [
    `https://*--${UUID}.lovable.app`,
    [`https://id-preview--${UUID}.lovable.app`, `https://project--${UUID}.lovable.app`],
    [
      `https://--${UUID}.lovable.app`,
      `https://project--${UUID.replace("0f", "1f")}.lovable.app`,
      `https://project--${UUID}-dev.lovable.app`,
      `https://x.project--${UUID}.lovable.app`,
    ],
  ],
  [
    "https://*.example.net",
    ["https://app.example.net", "https://a-b-7.example.net"],
    [
      "https://example.net",
      "https://.example.net",
      "https://a.b.example.net",
      "https://APP.example.net",
      "https://app.example.net:8443",
      "http://app.example.net",
      "https://app.EXAMPLE.net",
      "https://*.example.net",
    ],
  ],
];

/** The separators that people use: comma, space, tab, line ends, and several at once. */
const SEPARATORS = [", ", "\n", "\t", " ", ",\r\n  ", ",,"];
const LIST = [
  ...PATTERNS.map(([pattern]) => pattern),
  "https://exact.example",
  "http://localhost:5173",
]
  .map((entry, index) => entry + (SEPARATORS[index % SEPARATORS.length] ?? ""))
  .join("");

Deno.test("a pattern's * stands for letters, digits and hyphens within the first label, and for nothing else", async () => {
  await inProject({ CORS_ORIGIN: LIST }, {}, async (project) => {
    for (const [pattern, allowed, refused] of PATTERNS) {
      for (const origin of allowed) {
        const { headers } = await preflight(project, origin);
        assert.equal(headers.get("Access-Control-Allow-Origin"), origin, pattern);
        assert.equal(headers.get("Access-Control-Allow-Credentials"), "true", pattern);
      }
      for (const origin of refused) {
        const { headers } = await preflight(project, encodeURI(origin));
        assert.equal(headers.get("Access-Control-Allow-Origin"), null, `${origin} by ${pattern}`);
        await project.expect({ origin: encodeURI(origin) }, "origin_forbidden", origin);
      }
    }
    assert.deepEqual(project.upstream.calls, []);
  });
});

Deno.test("CORS_ORIGIN is a list by commas, spaces, tabs and line ends alike", async () => {
  await inProject({ CORS_ORIGIN: `\n${LIST}\n` }, {}, async (project) => {
    for (const origin of ["https://exact.example", "http://localhost:5173"]) {
      const { headers } = await preflight(project, origin);
      assert.equal(headers.get("Access-Control-Allow-Origin"), origin);
    }
    await project.expect({ origin: "https://app.example.net" }, "ok");
  });
});

for (
  const [entry, why] of [
    ["https://a-*-b-*.example.com", "two * in a label"],
    ["https://**.example.com", "two * in a row"],
    ["https://app.*.example.com", "a * in the second label"],
    ["https://*.*.example.com", "a * in two labels"],
    ["https://*.com", "one label after the *"],
    ["https://a*.com", "one label after the *'s"],
    ["https://*", "nothing but a *"],
    ["*.example.com", "no scheme"],
    ["*://app.example.com", "a * for the scheme"],
    ["https://app.example.com:*", "a * for the port"],
  ] as const
) {
  Deno.test(`${entry} in CORS_ORIGIN is misconfigured: ${why}`, async () => {
    await expectMisconfigured({ CORS_ORIGIN: `${ORIGIN}, ${entry}` }, "CORS_ORIGIN", entry);
  });
}

Deno.test("a whole-label * over a host where anyone may publish works, and is warned of", async () => {
  const hosts = [
    "vercel.app",
    "netlify.app",
    "pages.dev",
    "workers.dev",
    "lovable.app",
    "github.io",
  ];
  const list = hosts.map((host) => `https://*.${host}`).join(" ");
  const log = await inProject({ CORS_ORIGIN: list }, {}, async (project) => {
    for (const host of hosts) {
      await project.expect({ origin: `https://anyone-9.${host}` }, "ok", host);
      await project.expect({ origin: `https://a.b.${host}` }, "origin_forbidden", host);
    }
  });
  assertWarned(log, "CORS_ORIGIN");
});

Deno.test("a * within a label, and one over a host of one's own, are not warned of", async () => {
  const log = await inProject({ CORS_ORIGIN: LIST }, {}, (project) => project.expect({}, "ok"));
  assert.ok(!log.notices.some((line) => line.includes("CORS_ORIGIN")), log.text);
});
