/** A Behest uid that is read from a claim: usable as it stands, or none. */
import assert from "node:assert/strict";
import { knows } from "../../support/answers.ts";
import { signerOf, SUB } from "../../support/keys.ts";
import { inProject, type Project } from "../../support/projects.ts";
import { liveToken } from "../../support/running.ts";

const SIGNER = await signerOf("ES256");
const SETTINGS = { BEHEST_UID_CLAIM: "app_metadata.behest_id" };

/** A session of a user with this uid; `undefined` is none. */
function sessionOf(behest_id: unknown): Promise<string> {
  return liveToken(SIGNER, { app_metadata: { provider: "email", behest_id } });
}

async function expectUid(project: Project, uid: string, token: string): Promise<void> {
  await project.expect({ token }, "ok", uid);
  const minted = project.upstream.to("mint").at(-1);
  assert.equal(JSON.parse(minted?.body ?? "{}").user_id, uid);
}

const UNUSABLE: [string, unknown[]][] = [
  ["missing or no text at all", [undefined, null, true, false, [], ["u1"], {}, { id: "u1" }, 7.5]],
  ["empty or longer than 255 characters", ["", "u".repeat(256), "ü".repeat(256)]],
  ["one of Behest's reserved ids", ["admin", "system", "dashboard-service", "Admin", "SYSTEM"]],
  ["one with white space at an end", [
    " admin",
    "admin ",
    "system\n",
    "\tdashboard-service",
    " u1",
    "u1\r\n",
    "u1\u00a0",
    "\u3000u1",
    " ",
  ]],
  ["one with a letter at an end that is not seen", [
    "admin\u200b",
    "\ufeffadmin",
    "\u00adadmin",
    "u1\u2060",
    "u1\u2028",
  ]],
  ["one with a control character", ["u\u00001", "u\u00071", "u\n1", "u\u007f1", "u\u00851"]],
];

for (const [what, uids] of UNUSABLE) {
  Deno.test(`a uid that is ${what} is uid_missing, and nobody is minted for`, async () => {
    await inProject(SETTINGS, {}, async (project) => {
      for (const uid of uids) {
        const shown = JSON.stringify(uid)?.slice(0, 40) ?? "none";
        await project.expect({ token: await sessionOf(uid) }, "uid_missing", shown);
      }
      assert.equal(project.upstream.to("mint").length, 0);
    });
  });
}

Deno.test("a usable uid is minted for as it stands, a whole number as its decimal text", async () => {
  const rows: [unknown, string][] = [
    ["u1", "u1"],
    ["u".repeat(255), "u".repeat(255)],
    ["ü".repeat(255), "ü".repeat(255)],
    ["user name", "user name"],
    ["ünï", "ünï"],
    ["O'Brien", "O'Brien"],
    ["می\u200cخواهم", "می\u200cخواهم"],
    [12345, "12345"],
    [0, "0"],
    ["0012", "0012"],
  ];
  await inProject(SETTINGS, {}, async (project) => {
    for (const [given, uid] of rows) await expectUid(project, uid, await sessionOf(given));
  });
});

Deno.test("the plan is looked up by sub, whatever the uid is", async () => {
  await inProject(SETTINGS, {}, async (project) => {
    await project.expect({ token: await sessionOf("u1") }, "ok");
    const { searchParams } = new URL(project.upstream.to("plan")[0]?.url ?? "about:blank");
    assert.equal(searchParams.get("id"), `eq.${SUB}`);
  });
});

Deno.test("a uid is read where a plan claim is: from the Auth server's answer first, else from the verified token", async () => {
  await inProject(SETTINGS, {}, async (project) => {
    const token = await sessionOf("of-the-token");
    project.upstream.routes.user = knows({ app_metadata: { behest_id: "of-the-table" } });
    await expectUid(project, "of-the-table", token);
    project.upstream.routes.user = knows({ app_metadata: { provider: "email" } });
    await expectUid(project, "of-the-token", token);
    project.upstream.routes.user = knows({ app_metadata: { behest_id: "admin" } });
    await project.expect({ token }, "uid_missing", "an unusable one is not passed over");
  });
});

Deno.test("what users write themselves is no uid", async () => {
  await inProject(SETTINGS, {}, async (project) => {
    const claims = { behest_id: "u1", user_metadata: { behest_id: "u1" } };
    await project.expect({ token: await liveToken(SIGNER, claims) }, "uid_missing");
  });
});
