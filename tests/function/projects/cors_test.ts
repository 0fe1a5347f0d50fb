/** Origins as front ends have them. */
import assert from "node:assert/strict";
import { preflight } from "../../support/preflight.ts";
import { assertWarned, expectMisconfigured, inProject } from "../../support/projects.ts";
import { ORIGIN } from "../../support/world.ts";

const UUID = "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9";

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
  ["https://ab*ba.example.org/", ["https://abcba.example.org"], [
    "https://aba.example.org",
    "https://abba.example.org",
    "https://abcba.example.org/",
  ]],
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
const SEPARATORS = [", ", "\n", "\t", " ", ",\r\n  ", " , "];
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
    const list = `${ORIGIN}, ${entry}`;
    await expectMisconfigured({ CORS_ORIGIN: list }, "CORS_ORIGIN", list);
  });
}

Deno.test("a whole-label * over a host where anyone may publish works, and is warned of", async () => {
  const hosts = [
    "vercel.app",
    "netlify.app",
    "pages.dev",
    "workers.dev",
    "lovable.app",
    "lovableproject.com",
    "github.io",
    "web.app",
    "amplifyapp.com",
    "azurestaticapps.net",
    "bolt.host",
    "deno.dev",
    "firebaseapp.com",
    "fly.dev",
    "gitlab.io",
    "herokuapp.com",
    "ngrok-free.app",
    "ngrok.app",
    "onrender.com",
    "replit.app",
    "stackblitz.io",
    "surge.sh",
    "up.railway.app",
    "webcontainer.io",
  ];
  const list = hosts.map((host) => `https://*.${host}`).join(" ");
  const log = await inProject({ CORS_ORIGIN: list }, {}, async (project) => {
    for (const host of hosts) {
      await project.expect({ origin: `https://anyone-9.${host}` }, "ok", host);
      await project.expect({ origin: `https://a.b.${host}` }, "origin_forbidden", host);
    }
  });
  for (const host of hosts) assertWarned(log, `CORS_ORIGIN: anybody may publish under ${host},`);
});

Deno.test("a whole-label * over such a host is warned of with a port, too", async () => {
  const settings = { CORS_ORIGIN: "https://*.vercel.app:8443" };
  const log = await inProject(settings, {}, (project) => project.expect({}, "ok"));
  assertWarned(log, "CORS_ORIGIN");
});

Deno.test("a * within a label, and one over a host of one's own, are not warned of", async () => {
  const list = `${LIST}, https://my-app-*.vercel.app, https://*.my-app.pages.dev`;
  const log = await inProject({ CORS_ORIGIN: list }, {}, (project) => project.expect({}, "ok"));
  assert.ok(!log.notices.some((line) => line.includes("CORS_ORIGIN")), log.text);
});
