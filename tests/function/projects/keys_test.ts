/** Settings as people paste them: quotes around them, and a PEM that lost its line ends. */
import assert from "node:assert/strict";
import { type JWTPayload, jwtVerify } from "jose";
import { base64, behestKey, localSettings } from "../../support/behest_keys.ts";
import { random, SUB } from "../../support/keys.ts";
import { assertWarned, expectMisconfigured, inProject } from "../../support/projects.ts";
import { API_KEY, ORIGIN, type Settings } from "../../support/world.ts";

const KEY = await behestKey();

Deno.test("settings in quotes are read without them, each with a warning that tells no value", async () => {
  const log = await inProject(
    (upstream) => ({
      BEHEST_KEY: `"${API_KEY}"`,
      BEHEST_BASE_URL: `'${upstream}'`,
      BEHEST_TTL: ' " 600 " ',
      BEHEST_PLAN_TIERS: `'{"pro":5}'`,
      JWT_AUDIENCE: '"authenticated"',
      CORS_ORIGIN: `"${ORIGIN}, https://other.example"`,
    }),
    {},
    async (project) => {
      const { body } = await project.expect({ origin: ORIGIN }, "ok");
      assert.equal(body.baseUrl, project.upstream.url);
      assert.equal(body.tier, 5);
      await project.expect({ origin: "https://other.example" }, "ok");
      const [mint] = project.upstream.to("mint");
      assert.equal(mint?.headers.authorization, `Bearer ${API_KEY}`);
      assert.equal(JSON.parse(mint?.body ?? "{}").ttl, 600);
    },
  );
  const quoted = [
    "BEHEST_KEY",
    "BEHEST_BASE_URL",
    "BEHEST_TTL",
    "BEHEST_PLAN_TIERS",
    "CORS_ORIGIN",
  ];
  for (const name of quoted) assertWarned(log, name);
  assert.ok(!log.text.includes(API_KEY));
});

Deno.test("a quote at one end alone, or two that are no pair, is no pair of quotes", async () => {
  const settings: [string, string][] = [
    ["BEHEST_KEY", `"${API_KEY}`],
    ["BEHEST_KEY", `'${API_KEY}"`],
    ["BEHEST_KEY", '"'],
    ["BEHEST_TTL", '600"'],
    ["CORS_ORIGIN", `"${ORIGIN}'`],
  ];
  for (const [name, value] of settings) {
    // A lone quote stands in any JSON text: no value could be told by it.
    const secret = value.length > 1 ? value : "no such text";
    await expectMisconfigured({ [name]: value }, name, secret);
  }
});

/** What was signed, and which settings were warned of meanwhile. */
interface Signed {
  readonly kid?: string;
  readonly payload: JWTPayload;
  readonly warnings: string[];
}

/** Mints locally with these settings; gives what was signed. */
async function signed(settings: Settings): Promise<Signed> {
  const made: { kid?: string; payload: JWTPayload }[] = [];
  const log = await inProject(settings, {}, async (project) => {
    const { body } = await project.expect({}, "ok");
    const { payload, protectedHeader } = await jwtVerify(body.token, KEY.publicKey);
    made.push({ kid: protectedHeader.kid, payload });
    assert.equal(project.upstream.to("mint").length, 0, "signed here");
  });
  const secret = KEY.pkcs8.split("\n")[5] ?? "";
  assert.ok(secret.length > 60 && !log.text.includes(secret), "no part of the key is told");
  assert.equal(made[0]?.payload.uid, SUB);
  return { ...made[0], warnings: log.notices };
}

const FORMS: [form: string, of: (pem: string) => string][] = [
  ["escaped once", (pem) => pem.replaceAll("\n", "\\n")],
  ["escaped twice", (pem) => pem.replaceAll("\n", "\\\\n")],
  ["escaped twice, as Windows has them", (pem) => pem.replaceAll("\n", "\\\\r\\\\n")],
  ["turned into spaces", (pem) => pem.replaceAll("\n", " ")],
  ["gone", (pem) => pem.replaceAll("\n", "")],
];

for (const [form, of] of FORMS) {
  const isWarned = form.startsWith("escaped twice");
  Deno.test(`a PEM with its line ends ${form} is read, and signs${isWarned ? ", with a warning" : ""}`, async () => {
    for (const pem of [KEY.pkcs8, KEY.pkcs1]) {
      const { warnings } = await signed(await localSettings({ BEHEST_KEY: of(pem) }));
      const named = warnings.some((line) => line.includes("BEHEST_KEY"));
      assert.equal(named, isWarned, warnings.join("\n"));
    }
  });
}

Deno.test("a PEM without line ends is read in every form that holds one: behind behest_pk_, and in base64", async () => {
  const gone = KEY.pkcs8.replaceAll("\n", "");
  for (const key of [`behest_pk_${gone}`, `behest_pk_${base64(gone)}`]) {
    await signed(await localSettings({ BEHEST_KEY: key }));
  }
});

Deno.test("a PEM in quotes, and the names that go with it, are signed with as if there were none", async () => {
  const { kid, payload } = await signed(
    await localSettings({
      BEHEST_KEY: JSON.stringify(KEY.pkcs8),
      BEHEST_KID: '"kid-1"',
      BEHEST_TENANT_ID: "'tnt_1'",
      BEHEST_PROJECT_ID: '"prj_1"',
      BEHEST_ISSUER: '"https://api.behest.app"',
    }),
  );
  assert.equal(kid, "kid-1");
  assert.equal(payload.tid, "tnt_1");
  assert.equal(payload.pid, "prj_1");
  assert.equal(payload.iss, "https://api.behest.app");
});

Deno.test("a PEM that lost more than its line ends is misconfigured, naming BEHEST_KEY", async () => {
  const gone = KEY.pkcs8.replaceAll("\n", "");
  const broken = [
    gone.replace("-----END PRIVATE KEY-----", ""),
    gone.replace("-----BEGIN PRIVATE KEY-----", ""),
    `${gone.slice(0, 400)}${gone.slice(500)}`,
    `${gone.slice(0, 400)}*${gone.slice(400)}`,
    `-----BEGIN PRIVATE KEY-----${random(900)}-----END PRIVATE KEY-----`,
  ];
  for (const key of broken) {
    const settings = await localSettings({ BEHEST_KEY: key });
    await expectMisconfigured(settings, "BEHEST_KEY", key.slice(100, 160));
  }
});
