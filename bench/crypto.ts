/**
 * What verifying a session token and signing a Behest token cost, each algorithm, in one process:
 * ours on the shipped bytes, jose, and the bare primitive on bytes that lie ready. In turns, so that
 * all meet the same machine. Prints JSON.
 */
import { Buffer } from "node:buffer";
import { jwtVerify, SignJWT } from "jose";
import { Core } from "../pkg/behest_token.js";
import { NOTHING } from "../supabase/functions/behest-token/upstream.ts";
import "../supabase/functions/behest-token/wasm.ts";
import { localSettings } from "../tests/support/behest_keys.ts";
import { ALGORITHMS, makeSigner, type Signer } from "../tests/support/keys.ts";
import { liveToken } from "../tests/support/running.ts";

/** What one operation took, in microseconds, by who did it. */
export type Costs = Record<string, Record<string, number[]>>;

/** Prepares outside of the time, and gives what is timed. */
type Work = () => (() => unknown) | Promise<() => unknown>;

const seconds = () => Math.floor(Date.now() / 1000);

const BARE = {
  ES256: { name: "ECDSA", hash: "SHA-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5" },
  EdDSA: { name: "Ed25519" },
  HS256: { name: "HMAC", hash: "SHA-256" },
};

async function verifiers(signer: Signer): Promise<Record<string, Work>> {
  const token = await liveToken(signer);
  const core = await Core.open(new Map(Object.entries({ ...OPEN, ...keySettings(signer) })));
  const imported = signer.alg === "HS256"
    ? await crypto.subtle.importKey(
      "raw",
      signer.key as Uint8Array<ArrayBuffer>,
      BARE.HS256,
      false,
      [
        "verify",
      ],
    )
    : await crypto.subtle.importKey("jwk", signer.jwk, IMPORT[signer.alg], false, ["verify"]);
  const [header, payload, signature] = token.split(".");
  const bytes = new TextEncoder().encode(`${header}.${payload}`);
  const tag = new Uint8Array(Buffer.from(signature ?? "", "base64url"));
  const authorization = `Bearer ${token}`;
  return {
    bare: () => () => crypto.subtle.verify(BARE[signer.alg], imported, tag, bytes),
    ours: () => () => core.verify(core.read(NOTHING, authorization), seconds()),
    jose: () => () =>
      jwtVerify(token, imported, {
        audience: "authenticated",
        algorithms: [signer.alg],
      }),
  };
}

async function signers(): Promise<Record<string, Work>> {
  const secret = await makeSigner("HS256");
  const authorization = `Bearer ${await liveToken(secret)}`;
  const local = await localSettings() as Record<string, string>;
  const core = await Core.open(
    new Map(Object.entries({ ...OPEN, ...keySettings(secret), ...local })),
  );
  const der = Buffer.from((local.BEHEST_KEY ?? "").split("\n").slice(1, -1).join(""), "base64");
  const how = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("pkcs8", der, how, false, ["sign"]);
  const claims = () => ({
    tid: "tnt_1",
    pid: "prj_1",
    uid: crypto.randomUUID(),
    role: "user",
    scp: [],
    iss: "https://api.behest.ai",
    aud: "behest",
    iat: seconds(),
    nbf: seconds(),
    exp: seconds() + 900,
    jti: crypto.randomUUID(),
    sid: crypto.randomUUID(),
    tier: 1,
  });
  const input = new TextEncoder().encode(
    ["", ""].map(() => Buffer.from(JSON.stringify(claims())).toString("base64url")).join("."),
  );
  return {
    bare: () => () => crypto.subtle.sign(how, key, input),
    ours: async () => {
      const candidate = await core.verify(core.read(NOTHING, authorization), seconds());
      const grant = core.grant(core.confirm(candidate, undefined, seconds()), undefined);
      return () => core.sign(grant, seconds());
    },
    jose: () => () =>
      new SignJWT(claims()).setProtectedHeader({ alg: "RS256", typ: "JWT", kid: "kid-1" }).sign(
        key,
      ),
  };
}

const IMPORT = {
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
};

/** Nobody is called. */
const OPEN = {
  SUPABASE_URL: "http://127.0.0.1:9",
  BEHEST_BASE_URL: "http://127.0.0.1:9",
  BEHEST_KEY: "behest_sk_live_benchmark",
  BEHEST_USER_CHECK: "claims",
  BEHEST_PLAN_CLAIM: "app_metadata.plan",
};

function keySettings({ alg, jwk, secret }: Signer): Record<string, string> {
  return alg === "HS256"
    ? { JWT_SECRET: secret, SUPABASE_JWKS: "[]" }
    : { SUPABASE_JWKS: JSON.stringify([jwk]) };
}

/** Each so many turns, in small groups one after the other; the first fifth warms up. */
async function measure(works: Record<string, Work>, turns: number) {
  const costs: Record<string, number[]> = {};
  for (let turn = -turns / 4; turn < turns; turn++) {
    for (const [who, work] of Object.entries(works)) {
      const taken = costs[who] ??= [];
      for (let time = 0; time < GROUP; time++) {
        const timed = await work();
        const start = performance.now();
        const result = timed();
        // To wait for what is done already would cost a turn of the loop.
        if (result instanceof Promise) await result;
        if (turn >= 0) taken.push((performance.now() - start) * 1000);
      }
    }
  }
  return costs;
}

/** So few that the machine does not change from one to the next. */
const GROUP = 5;

if (import.meta.main) {
  const turns = Number(Deno.args[0] ?? 5);
  const costs: Costs = {};
  for (const algorithm of ALGORITHMS) {
    const works = await verifiers(await makeSigner(algorithm));
    costs[`verify ${algorithm}`] = await measure(works, turns * 20);
  }
  costs["sign RS256"] = await measure(await signers(), turns * 8);
  console.log(JSON.stringify(costs));
}
