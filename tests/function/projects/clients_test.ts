/** Sessions that are held by an app which the user has let in: OAuth clients of the project. */
import assert from "node:assert/strict";
import { makeSigner, signerOf } from "../../support/keys.ts";
import { expectMisconfigured, inProject, type Project } from "../../support/projects.ts";
import { liveToken } from "../../support/running.ts";
import type { Settings } from "../../support/world.ts";

const SIGNER = await signerOf("ES256");
const OURS = "7b1c9a52-4f0e-4c55-8f6e-0d9a6f1e2b3c";
const PARTNER = "partner-app";

function sessionOf(client_id: unknown): Promise<string> {
  return liveToken(SIGNER, { client_id, scope: "openid email" });
}

async function expectForbidden(project: Project, clients: unknown[]): Promise<void> {
  for (const id of clients) {
    const what = JSON.stringify(id);
    await project.expect({ token: await sessionOf(id) }, "client_forbidden", what);
  }
  assert.equal(project.upstream.to("mint").length, 0);
}

async function expectServed(project: Project, clients: unknown[]): Promise<void> {
  for (const id of clients) await project.expect({ token: await sessionOf(id) }, "ok", String(id));
}

Deno.test("an OAuth client's session is forbidden unless it is listed, and the project's own session is not", async () => {
  await inProject({}, {}, async (project) => {
    await expectForbidden(project, [OURS, PARTNER, "*", "null", ""]);
    await project.expect({}, "ok");
  });
});

Deno.test("BEHEST_OAUTH_CLIENTS lets in each client that it lists, letter by letter, and no other", async () => {
  const settings = { BEHEST_OAUTH_CLIENTS: `${OURS}, ${PARTNER}` };
  await inProject(settings, {}, async (project) => {
    await expectForbidden(project, [
      "another",
      OURS.toUpperCase(),
      OURS.slice(0, -1),
      `${OURS}0`,
      `${OURS},${PARTNER}`,
      `${OURS}, ${PARTNER}`,
      ` ${PARTNER}`,
      `${PARTNER} `,
      "partner",
      "*",
      ",",
    ]);
    await expectServed(project, [OURS, PARTNER]);
    await project.expect({}, "ok", "the project's own session");
  });
});

Deno.test("BEHEST_OAUTH_CLIENTS of * lets every client in", async () => {
  await inProject({ BEHEST_OAUTH_CLIENTS: "*" }, {}, async (project) => {
    await expectServed(project, [OURS, PARTNER]);
    await project.expect({}, "ok", "the project's own session");
  });
});

Deno.test("BEHEST_OAUTH_CLIENTS with a * among ids, or with white space within one, is misconfigured", async () => {
  for (const list of [`${PARTNER},*`, `*, ${PARTNER}`, "one two", "one\ntwo"]) {
    await expectMisconfigured({ BEHEST_OAUTH_CLIENTS: list }, "BEHEST_OAUTH_CLIENTS", list);
  }
});

Deno.test("a client_id that is no string is not let through, whatever ids BEHEST_OAUTH_CLIENTS lists", async () => {
  const settings: Settings[] = [
    {},
    { BEHEST_OAUTH_CLIENTS: `${OURS},0,true,1` },
  ];
  for (const given of settings) {
    await inProject(given, {}, async (project) => {
      for (const id of [0, 1, true, false, [OURS], { id: OURS }]) {
        const token = await sessionOf(id);
        await project.expect({ token }, "client_forbidden", JSON.stringify(id));
      }
      assert.equal(project.upstream.to("mint").length, 0);
    });
  }
});

Deno.test("a client's HS256 session that the Auth server alone vouches for is a client's all the same", async () => {
  const secret = await makeSigner("HS256");
  await inProject({ BEHEST_OAUTH_CLIENTS: PARTNER }, {}, async (project) => {
    const claims = (client_id: string) => liveToken(secret, { client_id }, { kid: undefined });
    await project.expect({ token: await claims("another") }, "client_forbidden");
    assert.equal(project.upstream.to("mint").length, 0);
    await project.expect({ token: await claims(PARTNER) }, "ok");
  });
});

Deno.test("a client_id in what the user writes makes nobody a client, and none of them the app's own", async () => {
  await inProject({ BEHEST_OAUTH_CLIENTS: PARTNER }, {}, async (project) => {
    const named = { user_metadata: { client_id: "another" } };
    await project.expect({ token: await liveToken(SIGNER, named) }, "ok");
    const claims = { client_id: "another", user_metadata: { client_id: PARTNER } };
    await project.expect({ token: await liveToken(SIGNER, claims) }, "client_forbidden");
  });
});
