/** What the demo page may ask of the local stack, and that nobody else may. */

import assert from "node:assert/strict";
import { makeCredentials } from "../dev/gateway/credentials.ts";
import { makeControl } from "../dev/stack/control.ts";
import { type EdgeState, startEdge } from "../dev/stack/edge.ts";

const OWN = ["http://127.0.0.1:54321", "http://localhost:54321"];

const AT_FIRST: EdgeState = { state: "api-key", way: "checked" };

/** A control with no stack behind it, and what it was told. */
function control() {
  const told = { ...AT_FIRST, revoked: [] as string[] };
  const answer = makeControl({
    state: () => ({ state: told.state, way: told.way }),
    setState(wanted) {
      Object.assign(told, wanted);
      return Promise.resolve();
    },
    revoke: (jti) => told.revoked.push(jti),
  }, OWN);
  const post = (path: string, body: unknown, origin?: string) =>
    answer(
      new Request(`${OWN[0]}${path}`, {
        method: "POST",
        headers: origin === undefined ? {} : { Origin: origin },
        body: JSON.stringify(body),
      }),
    );
  return { told, answer, post };
}

Deno.test("the page's own origins pick the mode, take the function down, and revoke", async () => {
  const { told, answer, post } = control();
  for (const state of ["local", "down", "api-key"]) {
    for (const origin of OWN) {
      const set = await post("/dev/function", { state }, origin);
      assert.deepEqual([set?.status, await set?.json()], [200, { state, way: "checked" }]);
    }
    const read = await answer(new Request(`${OWN[1]}/dev/function`));
    assert.deepEqual([told.state, await read?.json()], [state, { state, way: "checked" }]);
  }
  assert.equal((await post("/dev/revocations", { jti: "t-1" }, OWN[1]))?.status, 204);
  assert.deepEqual(told.revoked, ["t-1"]);
});

Deno.test("the page picks the way beside the mode, and what it does not name stays", async () => {
  const { post } = control();
  for (
    const [asked, now] of [
      [{ way: "claims" }, { state: "api-key", way: "claims" }],
      [{ state: "down" }, { state: "down", way: "claims" }],
      [{ state: "local", way: "checked" }, { state: "local", way: "checked" }],
      [{ way: "claims", more: "x" }, { state: "local", way: "claims" }],
    ]
  ) {
    const set = await post("/dev/function", asked, OWN[1]);
    assert.deepEqual([set?.status, await set?.json()], [200, now]);
  }
});

Deno.test("another origin, or none, changes nothing and reads nothing", async () => {
  const { told, answer, post } = control();
  for (const origin of ["https://evil.example", "http://localhost:3000", "null", undefined]) {
    for (const [path, body] of [["function", { state: "down" }], ["revocations", { jti: "t" }]]) {
      const refused = await post(`/dev/${path}`, body, origin);
      assert.equal(refused?.status, 403, `${origin} at ${path}`);
    }
  }
  const read = await answer(
    new Request(`${OWN[0]}/dev/function`, { headers: { Origin: "https://evil.example" } }),
  );
  assert.equal(read?.headers.get("access-control-allow-origin"), null);
  assert.deepEqual(told, { ...AT_FIRST, revoked: [] });
});

Deno.test("what is no state, no way and no token's id is refused, and other paths are left", async () => {
  const { told, answer, post } = control();
  const wrong = [
    ...[{}, { state: "off" }, { state: ["down"] }, { state: null }, null, "down"],
    ...[{ way: "direct" }, { way: ["claims"] }, { state: "local", way: "x" }, { mode: "local" }],
    { state: "x", way: "claims" },
  ];
  for (const body of wrong) {
    assert.equal((await post("/dev/function", body, OWN[0]))?.status, 400, JSON.stringify(body));
  }
  for (const body of [{}, { jti: "" }, { jti: 1 }]) {
    assert.equal((await post("/dev/revocations", body, OWN[0]))?.status, 400, JSON.stringify(body));
  }
  assert.equal(await post("/functions/v1/behest-token", {}, OWN[0]), undefined);
  assert.equal(await answer(new Request(`${OWN[0]}/dev/revocations`)), undefined);
  assert.deepEqual(told, { ...AT_FIRST, revoked: [] });
});

Deno.test("each mode in each way is a process of its own, and who asks last has the last word", async () => {
  const urls: (string | undefined)[] = [];
  const edge = await startEdge({
    deno: Deno.execPath(),
    ...{ mode: "local", way: "checked", env: {}, hosts: [] },
    credentials: await makeCredentials(),
    onLine: () => {},
    moved: (url) => urls.push(url),
  });
  try {
    // The first has to start its process, the last finds it running.
    await Promise.all([edge.set({ way: "claims" }), edge.set({ state: "down", way: "checked" })]);
    await edge.set({ state: "local" });
    assert.deepEqual(edge.state, { state: "local", way: "checked" });
    const [checked, claims, ...rest] = urls;
    assert.ok(checked && claims && checked !== claims);
    assert.deepEqual(rest, [undefined, checked]);
  } finally {
    await edge.stop();
  }
});
