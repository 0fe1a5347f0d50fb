/** Between a trap and the next instance there is no moment in which the broken one serves. */
import assert from "node:assert/strict";
import { createHandler } from "../../../supabase/functions/behest-token/handler.ts";
import { systemClock } from "../../../supabase/functions/behest-token/upstream.ts";
import { Core } from "../../../pkg/behest_token.js";
import { localSettings } from "../../support/behest_keys.ts";
import { signerOf } from "../../support/keys.ts";
import { liveToken } from "../../support/running.ts";
import { SUPABASE_URL } from "../../support/world.ts";

type Method = (this: { __wbg_ptr: number }, ...args: unknown[]) => unknown;

/** Every method of the core, by its name. */
const methods = Core.prototype as unknown as Record<string, Method>;
const NAMES = [
  "setup",
  "read",
  "keyState",
  "screen",
  "verify",
  "confirm",
  "grant",
  "sign",
];

/** Makes the next `read` trap, and counts the calls into the instance that has trapped. */
function trapAndCount(): { readonly entered: string[]; restore(): void } {
  const entered: string[] = [];
  const originals = NAMES.map((name) => [name, methods[name]] as [string, Method]);
  const { Instance } = WebAssembly;
  let poisoned = false;
  let armed = true;
  WebAssembly.Instance = new Proxy(Instance, {
    construct(target, args) {
      poisoned = false;
      return Reflect.construct(target, args);
    },
  });
  for (const [name, original] of originals) {
    methods[name] = function (...args) {
      if (poisoned) entered.push(name);
      if (!armed || name !== "read") return original.apply(this, args);
      armed = false;
      poisoned = true;
      const pointer = this.__wbg_ptr;
      this.__wbg_ptr = 0x7fff_fff0;
      try {
        return original.apply(this, args);
      } finally {
        this.__wbg_ptr = pointer;
      }
    };
  }
  return {
    entered,
    restore() {
      WebAssembly.Instance = Instance;
      for (const [name, original] of originals) methods[name] = original;
    },
  };
}

Deno.test("no request enters an instance that has trapped, not even one that came in the same moment", async () => {
  const signer = await signerOf("ES256");
  const settings: Record<string, string | undefined> = {
    ...await localSettings(),
    SUPABASE_URL,
    SUPABASE_JWKS: JSON.stringify([signer.jwk]),
    BEHEST_BASE_URL: SUPABASE_URL,
    BEHEST_USER_CHECK: "claims",
    BEHEST_PLAN_CLAIM: "app_metadata.plan",
  };
  const handle = createHandler({
    env: { get: (name) => settings[name] },
    fetch: () => Promise.reject(new Error("nobody is called")),
    clock: systemClock,
    log: () => {},
  });
  const headers = { Authorization: `Bearer ${await liveToken(signer)}` };
  const ask = () => handle(new Request("http://localhost/", { method: "POST", headers }));
  assert.equal((await ask()).status, 200);
  const trap = trapAndCount();
  try {
    const answers = await Promise.all(Array.from({ length: 5 }, ask));
    assert.equal(answers[0]?.status, 500);
    assert.deepEqual(trap.entered, []);
  } finally {
    trap.restore();
  }
  assert.equal((await ask()).status, 200);
});
