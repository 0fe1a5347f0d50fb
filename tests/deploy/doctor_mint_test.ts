/** Whether a Behest token comes, and what it says. */
import assert from "node:assert/strict";
import { adviceFor, CODES } from "../../cli/doctor/codes.ts";
import { faults } from "../support/faults.ts";
import { AFTER_MINTS, assertCross, examine, idsOf, secrets } from "../support/doctor_run.ts";
import { atSite, bendFunction, PAGE, visit } from "../support/doctor_site.ts";
import {
  assertWell,
  meaningOf,
  sessionToken,
  stack,
  testThatNoSecretWasPrinted,
  useStack,
} from "../support/doctor_stack.ts";
import { encodePart } from "../support/keys.ts";

useStack();

Deno.test("a session that the function refuses is a cross with that code's advice", async () => {
  const token = await sessionToken();
  const [header, payload, signature] = token.split(".");
  const broken = [header, payload, `AAAA${signature.slice(4)}`].join(".");
  const examined = await examine(["--url", stack.url, "--origin", PAGE, "--token", broken]);
  assertCross(examined, "mints", /401 invalid_token/, /this very project/, AFTER_MINTS);
});

Deno.test("a Behest key or URL that is wrong is a cross that names the two", async () => {
  const BEHEST_KEY = `behest_sk_live_${"f".repeat(48)}`;
  secrets.add(BEHEST_KEY);
  const rest = AFTER_MINTS;
  const key = await visit(stack, { settings: { BEHEST_KEY } });
  assertCross(key, "mints", /502 behest_rejected/, /BEHEST_KEY and BEHEST_BASE_URL/, rest);
  const nobody = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  nobody.close();
  const BEHEST_BASE_URL = `http://127.0.0.1:${nobody.addr.port}`;
  const url = await visit(stack, { settings: { BEHEST_BASE_URL } });
  assertCross(url, "mints", /503 behest_unavailable/, /BEHEST_BASE_URL/, rest);
});

Deno.test("each code of the function has its own advice", async () => {
  const codes = Object.values(faults);
  assert.ok(codes.length >= 22);
  const advice = new Set<string>();
  let code = "";
  const bend = bendFunction((request, pass) => {
    const sent = request.headers.get("Authorization") ?? "";
    if (!atob(sent.replace("Bearer ", "").split(".")[0]).includes("HS256")) return pass();
    const status = codes.find((fault) => fault.code === code)?.status;
    const message = "Told by the function: BEHEST_TTL.";
    return Response.json({ error: { code, message } }, { status });
  });
  const token = await sessionToken();
  await atSite(stack, { bend }, async (url) => {
    for (const { status, code: name } of codes) {
      code = name;
      const examined = await examine(["--url", url, "--origin", PAGE, "--token", token]);
      assertCross(examined, "mints", new RegExp(`${status} ${name}`), /./, AFTER_MINTS);
      assert.match(meaningOf(examined, "mints"), /Told by the function/);
      advice.add(examined.checks.find(({ id }) => id === "mints")?.advice ?? "");
    }
  });
  assert.equal(advice.size, codes.length);
  const more = CODES.filter((code) => !Object.hasOwn(faults, code));
  assert.deepEqual(more, []);
  assert.equal(new Set(CODES.map(adviceFor)).size, CODES.length);
});

Deno.test("a token that does not say what it should is a cross that names each fault", async () => {
  const examined = await visit(stack, {
    bend: bendFunction(async (request, pass) => {
      const answer = await pass();
      if (request.method !== "POST" || answer.status !== 200) return answer;
      const body = await answer.json();
      return Response.json({ ...body, sessionId: "other", tier: 3, ttl: 60 }, {
        headers: answer.headers,
      });
    }),
  });
  const faults = /exp is not iat \+ ttl, tier is not that of the answer, sid is not sessionId/;
  assertCross(examined, "claims", faults, /./, ["gateway_token"]);
});

Deno.test("a token of nobody's making is a cross that names all that is missing", async () => {
  const token = `${encodePart({ alg: "none" })}.${encodePart({ uid: 1, exp: 1.5 })}.AAAA`;
  const examined = await visit(stack, {
    bend: bendFunction(async (request, pass) => {
      const answer = await pass();
      if (request.method !== "POST" || answer.status !== 200) return answer;
      return Response.json({ ...await answer.json(), token }, { headers: answer.headers });
    }),
  });
  assert.deepEqual(idsOf(examined, "failed"), ["claims"]);
  assert.deepEqual(idsOf(examined, "skipped"), ["jwks", "gateway_token"]);
  assert.equal(
    meaningOf(examined, "claims"),
    "The token is not as it should be: alg is not RS256, kid is missing, uid is not the session's " +
      "user, exp is not iat + ttl, exp is not expiresAt, tier is no whole number, role is not " +
      "user, sid is not sessionId.",
  );
});

Deno.test("a uid that is not the session's user is a cross, unless app_metadata has it", async () => {
  const someone = (app_metadata: unknown) =>
    visit(stack, {
      bend: async (request, pass) => {
        const answer = await pass();
        if (!request.url.includes("/auth/v1/token?")) return answer;
        const { user, ...body } = await answer.json();
        const id = crypto.randomUUID();
        return Response.json({ ...body, user: { ...user, id, app_metadata } });
      },
    });
  assertCross(
    await someone({}),
    "claims",
    /: uid is not the session's user\.$/,
    /BEHEST_UID_CLAIM/,
    ["gateway_token"],
  );
  const noted = await someone({ behest: { uid: stack.users[1].id } });
  assertWell(noted);
  assert.match(meaningOf(noted, "claims"), /from "app_metadata\.behest\.uid": BEHEST_UID_CLAIM/);
});

Deno.test("an answer without what clients need is a cross that names it", async () => {
  const examined = await visit(stack, {
    bend: bendFunction(async (request, pass) => {
      const answer = await pass();
      if (request.method !== "POST" || answer.status !== 200) return answer;
      const { baseUrl: _, ...body } = await answer.json();
      return Response.json({ ...body, ttl: "900" }, { headers: answer.headers });
    }),
  });
  assertCross(examined, "mints", /ttl is .*baseUrl is /, /deploy/, AFTER_MINTS);
});

testThatNoSecretWasPrinted();
