/** A trapped instance never serves again, and takes nobody down with it. */
import assert from "node:assert/strict";
import { createHandler } from "../../supabase/functions/behest-token/handler.ts";
import { type Line } from "../../supabase/functions/behest-token/log.ts";
import { systemClock } from "../../supabase/functions/behest-token/upstream.ts";
import { Candidate, Core, Grant, Session } from "../../pkg/behest_token.js";
import * as jose from "jose";
import { localSettings } from "../support/behest_keys.ts";
import { assertCode } from "../support/expect.ts";
import { signerOf } from "../support/keys.ts";
import { json, slow } from "../support/upstreams.ts";
import { World as Deployment } from "../support/world.ts";

const SUB = "6f1c1e0e-3f4b-4b59-9d6d-0c6a4f3f2b10";

type World = { ask: () => Promise<Response>; log: Line[] };

/** A handler that signs locally and calls nobody but for keys, and a request that it serves. */
async function world(fetchKeys?: () => Promise<Response>): Promise<World> {
  const session = await jose.generateKeyPair("ES256");
  const behest = await jose.generateKeyPair("RS256", { extractable: true });
  const settings: Record<string, string> = {
    SUPABASE_URL: "https://ref.supabase.co",
    SUPABASE_JWKS: fetchKeys
      ? ""
      : JSON.stringify([{ ...await jose.exportJWK(session.publicKey), kid: "one" }]),
    BEHEST_USER_CHECK: "claims",
    BEHEST_PLAN_CLAIM: "app_metadata.plan",
    BEHEST_BASE_URL: "https://amber-fox-042.behest.app",
    BEHEST_KEY: await jose.exportPKCS8(behest.privateKey),
    BEHEST_KID: "sk_1",
    BEHEST_TENANT_ID: "tenant",
    BEHEST_PROJECT_ID: "project",
  };
  const log: Line[] = [];
  const handler = createHandler({
    env: { get: (name) => settings[name] },
    fetch: fetchKeys ?? (() => Promise.reject(new Error("nobody is called"))),
    clock: systemClock,
    log: (line) => log.push(line),
  });
  const token = await new jose.SignJWT({ sub: SUB, aud: "authenticated", role: "authenticated" })
    .setProtectedHeader({ alg: "ES256", kid: "one" })
    .setExpirationTime("1h")
    .sign(session.privateKey);
  const headers = { Authorization: `Bearer ${token}` };
  const ask = () => handler(new Request("http://localhost/", { method: "POST", headers }));
  return { ask, log };
}

/** Makes the next call of a core's method run with its memory out of bounds: a real trap. */
function trapOnce(method: "read" | "confirm"): void {
  // deno-lint-ignore no-explicit-any -- reaches under the types, as only an accident would
  const prototype = Core.prototype as any;
  const original = prototype[method];
  // deno-lint-ignore no-explicit-any -- the same
  prototype[method] = function (this: any, ...args: unknown[]) {
    prototype[method] = original;
    this.__wbg_ptr = 0x7fff_fff0;
    return original.apply(this, args);
  };
}

async function code(response: Response): Promise<string> {
  return (await response.json()).error.code;
}

for (const method of ["read", "confirm"] as const) {
  Deno.test(`a trap in ${method} answers internal once; the next request has a fresh instance`, async () => {
    const { ask, log } = await world();
    assert.equal((await ask()).status, 200);
    trapOnce(method);
    const trapped = await ask();
    assert.equal(trapped.status, 500);
    assert.equal(await code(trapped), "internal");
    assert.match(String(log.at(-1)?.cause), /^RuntimeError/);
    for (let again = 0; again < 3; again++) assert.equal((await ask()).status, 200);
  });
}

/** Makes the next use of a handle's member run with its memory out of bounds. */
// deno-lint-ignore no-explicit-any -- reaches under the types, as only an accident would
function trapNext(prototype: any, member: string): { readonly sprung: boolean } {
  const original = Object.getOwnPropertyDescriptor(prototype, member)!;
  const state = { sprung: false };
  // deno-lint-ignore no-explicit-any -- the same
  const sprung = (handle: any) => {
    state.sprung = true;
    Object.defineProperty(prototype, member, original);
    handle.__wbg_ptr = 0x7fff_fff0;
  };
  Object.defineProperty(
    prototype,
    member,
    original.get
      ? {
        configurable: true,
        get() {
          sprung(this);
          return original.get!.call(this);
        },
      }
      : {
        configurable: true,
        value(...args: unknown[]) {
          sprung(this);
          return original.value.apply(this, args);
        },
      },
  );
  return state;
}

const EVERYWHERE: [unknown, string, ("api_key" | "local")?][] = [
  ...["read", "keyState", "acceptKeys", "screen", "verify", "confirm", "grant"]
    .map((name): [unknown, string] => [Core.prototype, name]),
  [Core.prototype, "request", "api_key"],
  [Core.prototype, "accept", "api_key"],
  [Core.prototype, "sign", "local"],
  [Candidate.prototype, "algorithm"],
  [Candidate.prototype, "authorization"],
  [Candidate.prototype, "sub"],
  [Candidate.prototype, "verified"],
  [Session.prototype, "uid"],
  [Grant.prototype, "tier"],
  [Grant.prototype, "notice"],
];

for (const [prototype, member, mode] of EVERYWHERE) {
  Deno.test(`a trap in ${member} on the way to four upstreams answers internal once, and ends nothing else`, async () => {
    const { jwk } = await signerOf("ES256");
    for (const settings of [{}, await localSettings()]) {
      if (mode !== undefined && (mode === "local") !== ("BEHEST_KID" in settings)) continue;
      const world = await Deployment.make({ SUPABASE_JWKS: undefined, ...settings }, {
        jwks: json({ keys: [jwk] }),
      });
      // So slow that a promise which fails meanwhile, and which nobody hears, would be noticed.
      world.routes.user = slow(50, world.routes.user);
      const trap = trapNext(prototype, member);
      assertCode(await world.ask(), "internal", member);
      assert.ok(trap.sprung, `${member} is on the way`);
      assert.match(String(world.line.cause), /^RuntimeError/);
      for (let again = 0; again < 2; again++) assertCode(await world.ask(), "ok", member);
    }
  });
}

Deno.test("a request under way when another one traps is answered, not left hanging", async () => {
  const { ask } = await world();
  assert.equal((await ask()).status, 200);
  const { verify } = crypto.subtle;
  const held = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  crypto.subtle.verify = async (...args: Parameters<typeof verify>) => {
    reached.resolve();
    await held.promise;
    return await verify.apply(crypto.subtle, args);
  };
  try {
    const underWay = ask();
    await reached.promise;
    trapOnce("read");
    assert.equal((await ask()).status, 500);
    held.resolve();
    assert.equal(await code(await underWay), "internal");
  } finally {
    crypto.subtle.verify = verify;
  }
  assert.equal((await ask()).status, 200);
});

Deno.test("a request that waits for keys when another one traps is answered, and harms nobody", async () => {
  const answers = [Promise.withResolvers<Response>(), Promise.withResolvers<Response>()];
  const asked = Promise.withResolvers<void>();
  let fetches = 0;
  const { ask } = await world(() => {
    asked.resolve();
    return answers[fetches++].promise;
  });
  const underWay = ask();
  await asked.promise;
  trapOnce("read");
  assert.equal(await code(await ask()), "internal");
  answers[0].resolve(Response.json({ keys: [] }));
  assert.equal(await code(await underWay), "internal");
  answers[1].resolve(Response.json({ keys: [] }));
  // The fresh instance has learnt the set: it is empty, and that is what it says.
  assert.equal(await code(await ask()), "misconfigured");
});

Deno.test("one function's trap does not silence another in the same isolate", async () => {
  const [one, other] = [await world(), await world()];
  assert.equal((await one.ask()).status, 200);
  assert.equal((await other.ask()).status, 200);
  trapOnce("read");
  assert.equal((await one.ask()).status, 500);
  // Its handles are stale: it says so once, and opens its core anew.
  assert.equal(await code(await other.ask()), "internal");
  assert.equal((await other.ask()).status, 200);
});

Deno.test("a trap within a call, which the call itself catches, costs the instance all the same", async () => {
  const { jwk } = await signerOf("ES256");
  const world = await Deployment.make({ SUPABASE_JWKS: JSON.stringify([jwk]) });
  let armed = true;
  // The core asks for a setting; that traps, and to the core it is a setting that cannot be read.
  Object.defineProperty(world.settings, "JWT_ISSUER", {
    get() {
      if (!armed) return undefined;
      armed = false;
      const handle = Object.create(Core.prototype, { __wbg_ptr: { value: 0x7fff_fff0 } });
      return handle.read(new Uint8Array());
    },
  });
  assertCode(await world.ask(), "internal");
  for (let again = 0; again < 2; again++) assertCode(await world.ask(), "ok");
});

Deno.test("a trap within a call, which nobody would hear of, leaves that call without an answer", async () => {
  const world = await Deployment.make();
  assertCode(await world.ask(), "ok");
  const { accept } = Core.prototype;
  const watch = watchFreshInstances();
  let early: string[] | undefined;
  // The core looks at Behest's answer; that traps, and whoever is asked keeps it to himself.
  Core.prototype.accept = function (grant, answer, now) {
    Core.prototype.accept = accept;
    const handle = Object.create(Core.prototype, { __wbg_ptr: { value: 0x7fff_fff0 } });
    const trapping = {
      ...answer,
      get status() {
        assert.throws(() => handle.read(new Uint8Array()), WebAssembly.RuntimeError);
        early = [...watch.entered];
        return answer.status;
      },
    };
    return accept.call(this, grant, trapping, now);
  };
  try {
    assertCode(await world.ask(), "internal");
    assert.deepEqual(early, [], "no fresh instance while the broken one is still at work");
    for (let again = 0; again < 2; again++) assertCode(await world.ask(), "ok");
  } finally {
    Core.prototype.accept = accept;
    watch.restore();
  }
});

/** Notes every call that reaches an instance made from now on. */
function watchFreshInstances(): { readonly entered: string[]; restore(): void } {
  const entered: string[] = [];
  const { Instance } = WebAssembly;
  WebAssembly.Instance = new Proxy(Instance, {
    construct(target, args) {
      const instance: WebAssembly.Instance = Reflect.construct(target, args);
      const watched = Object.entries(instance.exports).map(([name, value]) => [
        name,
        typeof value !== "function" ? value : (...args: unknown[]) => {
          entered.push(name);
          return value(...args);
        },
      ]);
      return { exports: Object.fromEntries(watched) };
    },
  });
  return { entered, restore: () => void (WebAssembly.Instance = Instance) };
}

Deno.test("a trap while the glue passes its arguments frees nothing on the fresh instance", async () => {
  for (const settings of [{}, await localSettings()]) {
    const world = await Deployment.make(settings);
    assertCode(await world.ask(), "ok");
    const { read } = Core.prototype;
    const watch = watchFreshInstances();
    // The body has gone into the call when its memory runs out: whatever catches that would give the
    // body back, to an instance that has never had it.
    Core.prototype.read = function (body) {
      Core.prototype.read = read;
      const endless = { length: 2 ** 31, charCodeAt: () => 97 } as unknown as string;
      try {
        return read.call(this, body, endless);
      } finally {
        // In this very job: the fresh instance is made, and nothing has touched it since.
        assert.deepEqual(watch.entered, ["__wbindgen_start"]);
      }
    };
    try {
      assertCode(await world.ask(), "internal");
      assert.match(String(world.line.cause), /^RuntimeError/);
      assert.deepEqual(watch.entered, ["__wbindgen_start"]);
      for (let again = 0; again < 3; again++) assertCode(await world.ask(), "ok");
      assert.ok(watch.entered.includes("core_read"), "the fresh instance serves, and is watched");
    } finally {
      Core.prototype.read = read;
      watch.restore();
    }
  }
});

Deno.test("what the function refuses by itself, it refuses for what it is while an instance breaks off", async () => {
  const { jwk } = await signerOf("ES256");
  const REFUSED = [
    [{ origin: "https://elsewhere.example" }, "origin_forbidden"],
    [{ method: "GET" }, "method_not_allowed"],
    [{ headers: { "Content-Length": "20000" }, body: " ".repeat(20_000) }, "request_too_large"],
  ] as const;
  for (const [sent, code] of REFUSED) {
    // So many microtasks after the request that traps: the moment is among them.
    for (let later = 0; later < 24; later++) {
      const world = await Deployment.make({ SUPABASE_JWKS: JSON.stringify([jwk]) });
      assertCode(await world.ask(), "ok");
      trapOnce("read");
      const trapped = world.ask();
      for (let nth = 0; nth < later; nth++) await undefined;
      const [broken, refused] = await Promise.all([trapped, world.ask(sent)]);
      assertCode(broken, "internal", code);
      assertCode(refused, code, `${code}, ${later} microtasks later`);
    }
  }
});
