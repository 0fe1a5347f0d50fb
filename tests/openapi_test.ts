/** `openapi.yaml` against OpenAPI, against the core, and against the running function. */
import assert from "node:assert/strict";
import { faults } from "./support/faults.ts";
import { DOCUMENT, type Plan, programs, schemathesis } from "./openapi/schemathesis.ts";
import { signerOf } from "./support/keys.ts";
import { run } from "./support/python.ts";
import { liveToken, startRunning, Upstream } from "./support/running.ts";
import { type Behaviour, failing, json, redirect, tooMany } from "./support/upstreams.ts";
import { ORIGIN, type Settings } from "./support/world.ts";

// deno-lint-ignore no-explicit-any -- read member by member, and a wrong guess fails
type Json = any;

const TO_JSON = "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)";

/** The document, parsed. */
async function document(): Promise<Json> {
  const { stdout } = await run(`${await programs()}/python`, ["-c", TO_JSON, DOCUMENT]);
  return JSON.parse(stdout);
}

Deno.test("openapi.yaml is valid OpenAPI 3.1", async () => {
  assert.match((await document()).openapi, /^3\.1\./);
  await run(`${await programs()}/openapi-spec-validator`, [DOCUMENT]);
});

Deno.test("openapi.yaml has every code of the core under its status, and no other", async () => {
  const { paths, components } = await document();
  const { "200": ok, ...refusals } = paths["/behest-token"].post.responses;
  assert.ok(ok);
  const listed = Object.entries<Json>(refusals).flatMap(([status, { $ref }]) => {
    const response = components.responses[$ref.split("/").at(-1)];
    const { schema, example } = response.content["application/json"];
    const codes: string[] = schema.allOf[1].properties.error.properties.code.enum;
    assert.ok(codes.includes(example.error.code), "its example is one of them");
    const known = faults[example.error.code as keyof typeof faults];
    assert.equal(example.error.message, known.message, "word for word");
    return codes.map((code) => [code, Number(status)]);
  });
  const known = Object.values(faults).map(({ code, status }) => [code, status]);
  const { code } = components.schemas.Error.properties.error.properties;
  assert.deepEqual(code.enum, known.map(([code]) => code));
  assert.deepEqual(listed.sort(), known.sort());
});

Deno.test("openapi.yaml asks for a bearer token, and for none before it", async () => {
  const { paths, security, components, servers } = await document();
  assert.deepEqual(security, [{ session: [] }]);
  const { type, scheme } = components.securitySchemes.session;
  assert.deepEqual([type, scheme], ["http", "bearer"]);
  assert.deepEqual(Object.keys(paths["/behest-token"]), ["post", "options"]);
  assert.equal(paths["/behest-token"].post.security, undefined);
  assert.deepEqual(paths["/behest-token"].options.security, []);
  assert.equal(servers[0].url, "https://{ref}.supabase.co/functions/v1");
});

Deno.test("openapi.yaml has the version of the package", async () => {
  const cargo = await Deno.readTextFile(new URL("../Cargo.toml", import.meta.url));
  const [, version] = /^version = "(.+)"$/m.exec(cargo) ?? [];
  assert.equal((await document()).info.version, version);
});

/** Has Schemathesis test a running function, which must hold in every phase. */
async function conform(
  plan: Plan,
  settings: Settings = {},
  upstream = new Upstream(),
): Promise<Record<string, number>> {
  const running = await startRunning(upstream.url, settings);
  try {
    const { printed, exitCode, cases, passed } = await schemathesis(running.url, plan);
    assert.deepEqual(passed, ["examples", "coverage", "fuzzing"], printed);
    assert.equal(exitCode, 0, printed);
    assert.ok(cases > plan.examples, `${cases} requests`);
  } finally {
    await running.stop();
    await upstream.stop();
  }
  const codes: Record<string, number> = {};
  for (const line of running.log) {
    const { code } = JSON.parse(line);
    assert.notEqual(code, "internal", line);
    codes[code] = (codes[code] ?? 0) + 1;
  }
  return codes;
}

async function bearer(): Promise<Record<string, string>> {
  return { Authorization: `Bearer ${await liveToken(await signerOf("ES256"))}` };
}

Deno.test("with a session token, every answer of the running function is as openapi.yaml says", async () => {
  const codes = await conform({ headers: await bearer(), examples: 100 });
  for (const code of ["ok", "invalid_request", "method_not_allowed", "missing_token"]) {
    assert.ok(codes[code] > 0, `${code} in ${JSON.stringify(codes)}`);
  }
});

Deno.test("to an allowed page, every answer of the running function is as openapi.yaml says", async () => {
  const codes = await conform({
    headers: { ...await bearer(), Origin: ORIGIN },
    examples: 30,
  });
  assert.ok(codes.ok > 0 && codes.origin_forbidden === undefined, JSON.stringify(codes));
});

Deno.test("without a session token nothing is minted and nobody is called, whatever is sent", async () => {
  const upstream = new Upstream();
  const codes = await conform({ examples: 50 }, {}, upstream);
  assert.equal(codes.ok, undefined, JSON.stringify(codes));
  assert.ok(codes.missing_token + codes.invalid_token > 10, JSON.stringify(codes));
  assert.deepEqual(upstream.calls, []);
});

/** One behaviour after the other, and then from the beginning. */
function inRounds(...behaviours: Behaviour[]): Behaviour {
  return (call, scene) => behaviours[scene.nth % behaviours.length](call, scene);
}

/** A good request gets a 5xx here, as it must. */
const FAULTS_ALLOWED = ["not_a_server_error", "positive_data_acceptance"];

Deno.test("while upstreams fail, every answer of the running function is as openapi.yaml says", async () => {
  const upstream = new Upstream();
  const { user, plan, mint } = upstream.routes;
  const traced = { "X-Trace-Id": "trace-1" };
  const twice = (behaviour: Behaviour) => [behaviour, behaviour];
  upstream.routes.user = inRounds(
    ...twice(user),
    ...twice(user),
    ...twice(failing(500)),
    tooMany("7"),
    failing(403),
    json({ code: 403, error_code: "session_not_found", msg: "gone" }, 403),
  );
  upstream.routes.plan = inRounds(plan, ...twice(plan), ...twice(failing(503)));
  upstream.routes.mint = inRounds(
    mint,
    failing(402, traced),
    tooMany("7"),
    tooMany(),
    failing(401, traced),
    redirect(307),
    json({ jwt: "granted" }),
    ...Array<Behaviour>(3).fill(failing(502, traced)),
  );
  const run = { headers: await bearer(), examples: 60, without: FAULTS_ALLOWED };
  const codes = await conform(run, {}, upstream);
  const expected = [
    "ok",
    "invalid_session",
    "supabase_rejected",
    "quota_exceeded",
    "rate_limited",
    "behest_rejected",
    "behest_unavailable",
    "auth_unavailable",
    "plan_unavailable",
  ];
  for (const code of expected) assert.ok(codes[code] > 0, `${code} in ${JSON.stringify(codes)}`);
});

Deno.test("while it is misconfigured, every answer of the running function is as openapi.yaml says", async () => {
  // That is told before the method, the token and the body are looked at.
  const untold = ["unsupported_method", "missing_required_header", "negative_data_rejection"];
  const without = [...FAULTS_ALLOWED, ...untold];
  const run = { headers: await bearer(), examples: 10, without };
  const codes = await conform(run, { BEHEST_KEY: undefined });
  assert.deepEqual(Object.keys(codes), ["misconfigured"]);
});
