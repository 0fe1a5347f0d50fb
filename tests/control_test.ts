/** What the demo page may ask of the local stack, and that nobody else may. */

import assert from "node:assert/strict";
import { makeControl } from "../dev/stack/control.ts";
import type { EdgeState } from "../dev/stack/edge.ts";

const OWN = ["http://127.0.0.1:54321", "http://localhost:54321"];

/** A control with no stack behind it, and what it was told. */
function control() {
  const told = { state: "api-key" as EdgeState, revoked: [] as string[] };
  const answer = makeControl({
    state: () => told.state,
    setState(state) {
      told.state = state;
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
      assert.deepEqual([set?.status, await set?.json()], [200, { state }]);
    }
    const read = await answer(new Request(`${OWN[1]}/dev/function`));
    assert.deepEqual([told.state, await read?.json()], [state, { state }]);
  }
  assert.equal((await post("/dev/revocations", { jti: "t-1" }, OWN[1]))?.status, 204);
  assert.deepEqual(told.revoked, ["t-1"]);
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
  assert.deepEqual(told, { state: "api-key", revoked: [] });
});

Deno.test("what is no state and no token's id is refused, and other paths are left", async () => {
  const { told, answer, post } = control();
  for (const body of [{}, { state: "off" }, { state: ["down"] }, null, "down"]) {
    assert.equal((await post("/dev/function", body, OWN[0]))?.status, 400, JSON.stringify(body));
  }
  for (const body of [{}, { jti: "" }, { jti: 1 }]) {
    assert.equal((await post("/dev/revocations", body, OWN[0]))?.status, 400, JSON.stringify(body));
  }
  assert.equal(await post("/functions/v1/behest-token", {}, OWN[0]), undefined);
  assert.equal(await answer(new Request(`${OWN[0]}/dev/revocations`)), undefined);
  assert.deepEqual(told, { state: "api-key", revoked: [] });
});
