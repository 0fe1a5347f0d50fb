/** `doctor`: well where all is well, and exactly one cross for each way to be broken. */
import assert from "node:assert/strict";
import { withHeader, withToken } from "../support/doctor_front.ts";
import {
  AFTER_DEPLOYED,
  AFTER_MINTS,
  AFTER_SESSION,
  AFTER_SETTINGS,
  ALL,
  assertCross,
  examine,
  idsOf,
  printed,
  run,
  secrets,
} from "../support/doctor_run.ts";
import { atSite, bendFunction, optionsOf, PAGE, signing, visit } from "../support/doctor_site.ts";
import {
  assertWell,
  meaningOf,
  sessionToken,
  stack,
  testThatNoSecretWasPrinted,
  useStack,
} from "../support/doctor_stack.ts";

useStack();

Deno.test("all is well with an e-mail and a password", async () => {
  const examined = await examine(optionsOf(stack));
  assertWell(examined);
  assert.match(
    meaningOf(examined, "claims"),
    new RegExp(`uid "${stack.users[1].id}", tier 2, exp 2`),
  );
  assert.match(meaningOf(examined, "gateway_token"), /models; nothing to pay/);
});

Deno.test("all is well with a session's token, from an option or the environment", async () => {
  const token = await sessionToken();
  const where = ["--url", `${stack.url}/`, "--origin", `${PAGE}/`];
  const key = ["--publishable-key", stack.publishableKey];
  assertWell(await examine([...where, ...key, "--token", token]));
  assertWell(await examine([...where, ...key], { env: { SUPABASE_TOKEN: token } }));
  // The plan is asked for at the REST API, and that wants the key.
  const bare = await examine([...where, "--token", token]);
  assert.deepEqual([bare.ok, idsOf(bare, "skipped")], [true, ["plan_column", "plan_rights"]]);
});

Deno.test("a password may come from the environment", async () => {
  const { email, password } = stack.users[0];
  const args = ["--url", stack.url, "--origin", PAGE, "--email", email];
  const SUPABASE_PUBLISHABLE_KEY = stack.publishableKey;
  assertWell(
    await examine(args, { env: { SUPABASE_PASSWORD: password, SUPABASE_PUBLISHABLE_KEY } }),
  );
});

Deno.test("all is well where tokens are signed locally", async () => {
  assertWell(await visit(stack, { settings: signing(stack) }));
});

Deno.test("without a user, what needs one is skipped, and the rest is well", async () => {
  const examined = await examine(["--url", stack.url, "--origin", PAGE]);
  assert.deepEqual(idsOf(examined, "skipped"), ["session", ...AFTER_SESSION]);
  assert.deepEqual([examined.ok, examined.exit], [true, 0]);
  const table = await run(["--url", stack.url, "--origin", PAGE]);
  assert.match(table.out, /\nAll that could be checked is well\. 9 could not be checked\.$/);
});

Deno.test("a project that does not answer is a cross, and nothing else is guessed", async () => {
  const nobody = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  nobody.close();
  const url = `http://127.0.0.1:${nobody.addr.port}`;
  for (
    const [where, why] of [[url, /connection was refused/], [
      "https://ref.invalid",
      /not known/,
    ]] as const
  ) {
    const examined = await examine(optionsOf(stack, where));
    assertCross(examined, "reachable", why, /--url/, ALL.slice(1));
  }
});

Deno.test("a paused project is told from one that is not there", async () => {
  const examined = await visit(stack, { bend: () => new Response(null, { status: 540 }) });
  assertCross(examined, "reachable", /not running/, /Restore/, ALL.slice(1, -1));
});

Deno.test("a function that is not deployed is a cross", async () => {
  const NOT_FOUND = { code: "NOT_FOUND", message: "Requested function was not found" };
  const lost = { ...NOT_FOUND, code: "NOT_FOUND_FUNCTION_BLOB" };
  for (const [body, meaning] of [[NOT_FOUND, /no function/], [lost, /has lost/]] as const) {
    const bend = bendFunction(() => Response.json(body, { status: 404 }));
    const examined = await visit(stack, { bend });
    assertCross(examined, "deployed", meaning, /functions deploy behest-token/, AFTER_DEPLOYED);
  }
  const examined = await visit(stack, {}, { args: ["--function", "other"] });
  assertCross(examined, "deployed", /no function other/, /deploy other/, AFTER_DEPLOYED);
});

Deno.test("the gateway's own 401 is told from the function's: verify_jwt is on", async () => {
  for (
    const body of [
      { code: 401, message: "Missing authorization header" },
      { code: "UNAUTHORIZED_NO_AUTH_HEADER", message: "Missing authorization header" },
      { code: 401, message: "Invalid Token or Protected Header formatting" },
      { message: "Invalid JWT" },
      { msg: "Error: Missing authorization header" },
      { code: "UNAUTHORIZED_ASYMMETRIC_JWT", message: "Unsupported JWT algorithm ES256" },
      { code: 401, message: "Words of a time to come" },
    ]
  ) {
    const examined = await visit(stack, {
      bend: bendFunction((request, pass) =>
        request.method === "OPTIONS" ? pass() : Response.json(body, { status: 401 })
      ),
    });
    assertCross(examined, "deployed", /verify_jwt is on/, /verify_jwt = false/, AFTER_DEPLOYED);
  }
});

Deno.test("what answers but is no behest-token is a cross", async () => {
  for (
    const [answer, meaning] of [
      [new Response("<h1>Hello</h1>", { status: 401 }), /is not behest-token/],
      [Response.json({ message: "Hello!" }), /is not behest-token/],
      [Response.json({ code: "BOOT_ERROR", message: "x" }, { status: 503 }), /503 BOOT_ERROR/],
      [new Response(null, { status: 301, headers: { Location: "https://a.b/?x=y" } }), /redirects/],
    ] as const
  ) {
    const examined = await visit(stack, { bend: bendFunction(() => answer.clone()) });
    assertCross(examined, "deployed", meaning, /./, AFTER_DEPLOYED);
    assert.ok(!examined.out.includes("x=y"));
  }
});

Deno.test("missing settings are named, with the line that sets them", async () => {
  const settings = { BEHEST_KEY: undefined, BEHEST_BASE_URL: undefined };
  const examined = await visit(stack, { settings });
  const rest = AFTER_SETTINGS;
  assertCross(
    examined,
    "settings",
    /BEHEST_KEY: .*BEHEST_BASE_URL: /,
    /^supabase secrets set BEHEST_KEY=… BEHEST_BASE_URL=…$/,
    rest,
  );

  const key = await visit(stack, { settings: { BEHEST_KEY: undefined } });
  assertCross(key, "settings", /BEHEST_KEY: /, /^supabase secrets set BEHEST_KEY=…$/, rest);

  const star = await visit(stack, { settings: { CORS_ORIGIN: "*" } });
  assertCross(star, "settings", /CORS_ORIGIN: /, /CORS_ORIGIN=…/, ["origin", ...rest]);

  const late = { JWT_SECRET: undefined, BEHEST_USER_CHECK: "claims" };
  const told = await visit(stack, { settings: late });
  assertCross(told, "settings", /JWT_SECRET: /, /^supabase secrets set JWT_SECRET=…$/, rest);

  const given = await visit(stack, { settings: { SUPABASE_URL: undefined } });
  assertCross(given, "settings", /SUPABASE_URL: /, /Supabase's to set/, rest);
});

Deno.test("a function that mints for a forged session is the gravest cross", async () => {
  const token = await sessionToken();
  const examined = await visit(stack, {
    bend: bendFunction((request, pass) => {
      const sent = request.headers.get("Authorization") ?? "";
      if (!atob(sent.replace("Bearer ", "").split(".")[0]).includes("ES256")) return pass();
      return pass(withToken(request, token));
    }),
  });
  assertCross(examined, "forged", /A FORGED SESSION GETS A TOKEN/, /down at once/);
});

Deno.test("a function that mints for nobody is as grave", async () => {
  const token = await sessionToken();
  const examined = await visit(stack, {
    bend: bendFunction((request, pass) => {
      if (request.method !== "POST" || request.headers.has("Authorization")) return pass();
      return pass(withToken(request, token));
    }),
  });
  assertCross(examined, "no_token", /ANYBODY GETS A TOKEN/, /down at once/);
});

Deno.test("a wrong password, key or token is a cross of the session alone", async () => {
  const wrong = "correct-horse-battery";
  secrets.add(wrong);
  const password = await visit(stack, {}, { args: ["--password", wrong] });
  assertCross(password, "session", /400 invalid_credentials/, /--password/, AFTER_SESSION);

  const where = ["--url", stack.url, "--origin", PAGE, "--token"];
  const key = await examine([...where, stack.publishableKey]);
  assertCross(key, "session", /no session token/, /not an API key/, AFTER_SESSION);
});

Deno.test("a clock five minutes off is a cross that says whose", async () => {
  for (const [off, how] of [[300, "ahead"], [-300, "behind"]] as const) {
    const world = { now: () => Date.now() + off * 1000 };
    const examined = await visit(stack, {}, { world });
    const meaning = new RegExp(`clock of this machine is (299|300|301) s ${how}`);
    assertCross(examined, "clock", meaning, /this machine's clock/);
  }
  const past = new Date(Date.now() - 300_000).toUTCString();
  const gateway = await visit(stack, {
    bendGateway: async (_, pass) => withHeader(await pass(), "Date", past),
  });
  assertCross(gateway, "clock", /: the gateway is (299|300|301) s behind\.$/, /Behest's/);

  const late = await visit(stack, {
    bend: async (_, pass) => withHeader(await pass(), "Date", past),
  });
  const both = /: Supabase is 30\d s behind; the function is 30\d s behind\.$/;
  assertCross(late, "clock", both, /Supabase's support/);
});

Deno.test("a server that hangs is given up in time", async () => {
  const world = { limitMs: 300 };
  const open: (() => void)[] = [];
  const hang = () => new Promise<Response>((resolve) => open.push(() => resolve(new Response())));
  const endless = () => new Response(new ReadableStream());
  const release = () => open.splice(0).forEach((end) => end());

  const begin = performance.now();
  const all = await atSite(stack, { bend: hang }, async (url) => {
    const examined = await examine(optionsOf(stack, url), world);
    release();
    return examined;
  });
  assertCross(all, "reachable", /no answer within 0\.3 s/, /--url/, ALL.slice(1));
  for (const bend of [hang, endless]) {
    const examined = await atSite(stack, { bend: bendFunction(bend) }, async (url) => {
      const examined = await examine(optionsOf(stack, url), world);
      release();
      return examined;
    });
    assertCross(examined, "deployed", /no answer within 0\.3 s/, /log/, AFTER_DEPLOYED);
  }
  assert.ok(performance.now() - begin < 5_000);
});

Deno.test("an endless answer is not read to its end", async () => {
  const examined = await visit(stack, {
    bend: bendFunction((request, pass) =>
      request.method === "POST"
        ? new Response(
          new ReadableStream({ pull: (body) => body.enqueue(new Uint8Array(16384).fill(32)) }),
          { status: 403 },
        )
        : pass()
    ),
  });
  assertCross(examined, "deployed", /is not behest-token/, /./, AFTER_DEPLOYED);
});

Deno.test("what a server says is printed on one line, without control characters", async () => {
  const token = await sessionToken();
  const bend = bendFunction((request, pass) => {
    if (!request.headers.get("Authorization")?.endsWith(token)) return pass();
    const key = `behest_sk_live_${"0".repeat(20)}`;
    secrets.add(key);
    const message = `\u001b[2J\r\nAll is well\u202e ${token} ${key}`;
    return Response.json({ error: { code: "internal", message } }, { status: 500 });
  });
  await atSite(stack, { bend }, async (url) => {
    const examined = await examine(["--url", url, "--origin", PAGE, "--token", token]);
    assertCross(
      examined,
      "mints",
      /^No token came: 500 internal\. The function says: "\[2J All is well … …"$/,
      /log/,
      [
        ...AFTER_MINTS,
      ],
    );
  });
});

Deno.test("what signing in gives and takes is not printed, in whatever form a server says it back", async () => {
  let refresh = "";
  const bend = async (request: Request, pass: () => Promise<Response>) => {
    const answer = await pass();
    if (request.url.includes("/auth/v1/token?")) {
      ({ refresh_token: refresh } = await answer.clone().json());
      return answer;
    }
    if (answer.status !== 200 || !request.url.includes("/functions/")) return answer;
    const own = [stack.users[1].password, refresh, [...refresh].join("\u200b")];
    const error = { code: "internal", message: `It has ${own.join(" and ")}.` };
    return Response.json({ error }, { status: 500, headers: answer.headers });
  };
  const examined = await visit(stack, { bend });
  assert.ok(refresh.length > 8);
  assert.match(meaningOf(examined, "mints"), /It has … and … and …\."$/);
});

Deno.test("wrong usage exits with 2, prints nothing to standard output, and repeats no value", async () => {
  const url = ["--url", stack.url];
  const origin = ["--origin", PAGE];
  secrets.add("hunter2-hunter2");
  for (
    const [args, message] of [
      [[], /--url is needed/],
      [url, /--origin is needed/],
      [["--url", "hunter2-hunter2", ...origin], /--url is no URL/],
      [["--url", "ftp://a.b", ...origin], /--url is no URL/],
      [["--url", "https://u:hunter2-hunter2@a.b", ...origin], /--url is no URL/],
      [["--url", "https://a.b/functions/v1/x", ...origin], /URL alone/],
      [[...url, "--origin", "my.app"], /--origin is no URL/],
      [[...url, ...origin, "hunter2-hunter2"], /Every value needs its option/],
      [[...url, ...origin, "--pasword=hunter2-hunter2"], /--pasword is not known/],
      [[...url, ...origin, "--password", "-hunter2-hunter2"], /begins with a dash/],
      [[...url, ...origin, "--password", "hunter2-hunter2"], /needs --email/],
      [[...url, ...origin, "--email", "a@b.c"], /SUPABASE_PASSWORD/],
      [
        [...url, ...origin, "--email", "a@b.c", "--password", "hunter2-hunter2"],
        /--publishable-key/,
      ],
      [[...url, ...origin, "--email", "a@b.c", "--token", "hunter2-hunter2"], /not both/],
      [[...url, ...origin, "--function", "../auth"], /--function/],
      [["--url", "http://a.b", ...origin, "--token", "hunter2-hunter2"], /over https/],
    ] as const
  ) {
    const ran = await run([...args, "--json"]);
    assert.deepEqual([ran.exit, ran.out], [2, ""], args.join(" "));
    assert.match(ran.warned, message);
  }
});

Deno.test("--help tells of the environment, of what it costs, and of the exit codes", async () => {
  const { exit, out } = await run(["--help"]);
  assert.equal(exit, 0);
  for (const word of ["SUPABASE_PASSWORD", "SUPABASE_TOKEN", "No chat is sent", "Exit code"]) {
    assert.ok(out.includes(word), word);
  }
});

Deno.test("only a terminal gets colours, and NO_COLOR takes them away", async () => {
  const args = ["--url", stack.url, "--origin", PAGE];
  assert.ok((await run(args, {}, true)).out.includes("\x1b[32m✓"));
  assert.ok(!(await run(args)).out.includes("\x1b"));
  assert.ok(!(await run(args, { env: { NO_COLOR: "1" } }, true)).out.includes("\x1b"));
});

Deno.test("it runs on Node as one file", async () => {
  const folder = await Deno.makeTempDir({ prefix: "behest-token-" });
  try {
    const bundle = ["bundle", "--quiet", "--platform=deno", `--output=${folder}/doctor.js`];
    const bundled = await new Deno.Command(Deno.execPath(), {
      args: [...bundle, new URL("../../cli/doctor.ts", import.meta.url).pathname],
    }).output();
    assert.ok(bundled.success, new TextDecoder().decode(bundled.stderr));
    await Deno.writeTextFile(`${folder}/package.json`, '{ "type": "module" }');
    await Deno.writeTextFile(
      `${folder}/run.mjs`,
      `import { doctor } from "./doctor.js";
const out = { print: console.log, warn: console.error, isTerminal: false };
process.exitCode = await doctor(process.argv.slice(2), out);
`,
    );
    const onNode = async (args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command("node", {
        args: [`${folder}/run.mjs`, ...args],
      }).output();
      const [out, warned] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      printed.push(out, warned);
      return { code, out, warned };
    };
    const well = await onNode([...optionsOf(stack), "--json"]);
    assert.equal(well.warned, "");
    assert.deepEqual(idsOf(JSON.parse(well.out), "ok"), ALL, well.out);
    assert.equal(well.code, 0);

    const strange = await onNode([...optionsOf(stack), "--origin", "https://my.app", "--json"]);
    assert.deepEqual(idsOf(JSON.parse(strange.out), "failed"), ["origin", "gateway_origin"]);
    assert.equal(strange.code, 1);

    const nobody = await onNode(["--url", "http://ref.invalid", "--origin", PAGE]);
    assert.match(nobody.out, /✗ Supabase reachable .*the host name is not known/);
    assert.equal(nobody.code, 1);
    assert.equal((await onNode([])).code, 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

testThatNoSecretWasPrinted();
