/** The command line of `init`. */
import assert from "node:assert/strict";
import { inFolder } from "../support/deployed.ts";
import { init, OWN_CONFIG, project } from "../support/init_run.ts";

Deno.test("init names a flag that it does not know, and repeats no value of it", async () => {
  for (
    const [args, expected] of [
      [["--api-key=behest_sk_live_s3cret"], /^--api-key is not known\. Try --help\.$/m],
      [["--api-key", "s3cret"], /^--api-key is not known/],
      [["--base_url", "s3cret"], /^--base_url is not known/],
      [["--no-force"], /^--no-force is not known/],
      [["-s3cret"], /^-s is not known/],
      [["--mode"], /^--mode lacks its value/],
      [["--origin", "--force"], /^--origin lacks its value/],
      [["--force=s3cret"], /^--force lacks its value, or has one and takes none/],
      // As long as a key: it may be one.
      [[`--s3cret-${"x".repeat(40)}`], /^One flag is not known/],
      [["--\u001b[2Jx"], /^One flag is not known/],
      [[".", "s3cret"], /^There is more than one folder/],
    ] as const
  ) {
    const { code, stdout, stderr } = await init(...args);
    assert.match(stderr, expected, args.join(" "));
    // deno-lint-ignore no-control-regex -- what moves the cursor is looked for
    assert.doesNotMatch(stdout + stderr, /s3cret|\u001b/);
    assert.equal(code, 2);
  }
});

Deno.test("init takes for --origin what the function takes for CORS_ORIGIN", async () => {
  const good = [
    "https://my.app",
    "http://localhost:5173",
    "http://[::1]:5173",
    "capacitor://localhost",
    "https://my.app/",
    "https://*.example.com",
    "https://my-app-*-my-team.vercel.app",
    "https://deploy-preview-*--my-site.netlify.app",
    "https://*--0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0.lovable.app",
    "http://*.my.test:8080",
  ];
  await inFolder(project(OWN_CONFIG), async (folder) => {
    const lists: readonly (readonly [string[], string])[] = [
      [good.flatMap((one) => ["--origin", one]), good.join(",")],
      [["--origin", good.join(", ")], good.join(",")],
      [
        ["--origin", "https://a.app https://b.app\nhttps://c.app"],
        "https://a.app,https://b.app,https://c.app",
      ],
    ];
    for (const [flags, expected] of lists) {
      const { code, stdout, stderr } = await init(folder, ...flags);
      assert.equal(code, 0, stderr);
      assert.ok(stdout.includes(`\n  CORS_ORIGIN=${expected}\n`), stdout);
    }
    // A page that can be asked as, for doctor.
    const { stdout } = await init(
      folder,
      "--origin",
      "https://*.my.app",
      "--origin",
      "https://a.app",
    );
    assert.match(stdout, /doctor .* --origin https:\/\/a\.app$/m);
  });
});

Deno.test("init refuses for --origin what would let in more than it says, or what is no origin", async () => {
  for (
    const origin of [
      "*",
      "null",
      "https://*",
      "https://*.app",
      "https://*-my.app",
      "https://*.*.example.com",
      "https://*a*.example.com",
      "https://my.*.example.com",
      "https://my.app.*",
      "*://my.example.com",
      "https://my.app/path",
      "https://user@my.app",
      "https://*.example.com.",
      "my.app",
      "",
      " , ",
      "https://my.app,*",
      "https://my.app;https://b.app",
    ]
  ) {
    const { code, stderr } = await init(`--origin=${origin}`);
    assert.equal(code, 2, origin);
    assert.match(stderr, /^--origin is a scheme and a host/);
  }
});

Deno.test("init refuses a --base-url that others could read: http is for this machine by its whole name", async () => {
  await inFolder(project(OWN_CONFIG), async (folder) => {
    for (const url of ["http://localhost:9000", "http://127.0.0.1:9000", "https://x.behest.app"]) {
      assert.equal((await init(folder, "--base-url", url)).code, 0, url);
    }
    for (
      const url of ["http://localhost.evil.example", "http://127.0.0.1.evil.example", "http://x"]
    ) {
      assert.equal((await init(folder, "--base-url", url)).code, 2, url);
    }
  });
});
