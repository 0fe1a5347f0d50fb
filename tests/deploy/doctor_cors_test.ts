/** Preflights of this version and of older ones are judged as a browser judges them. */
import assert from "node:assert/strict";
import { type Elsewhere, examineElsewhere } from "../support/doctor_elsewhere.ts";
import { idsOf } from "../support/doctor_run.ts";
import { PAGE } from "../support/doctor_site.ts";

/** What every version allows. */
const LISTED = "authorization, apikey, content-type, x-client-info";

const LEAVE = {
  "Access-Control-Allow-Origin": PAGE,
  "Access-Control-Allow-Credentials": "true",
};

const asks = (url: string, { method }: RequestInit) =>
  url.includes("/functions/") && method === "OPTIONS";

/** Answers preflights with the origin's leave, and with headers made of those that are asked for. */
function preflight(leave: Record<string, string>, allow: (asked: string) => string) {
  const bend: Elsewhere["bend"] = (url, init) => {
    if (!asks(url, init)) return undefined;
    const asked = new Headers(init.headers).get("Access-Control-Request-Headers") ?? "";
    const headers = { ...leave, "Access-Control-Allow-Headers": allow(asked) };
    return new Response(null, { status: 204, headers });
  };
  return bend;
}

/** The POST of a page that is not allowed. */
const forbidden: Elsewhere["bend"] = (url, { headers }) => {
  if (!url.includes("/functions/") || !new Headers(headers).has("Origin")) return undefined;
  const error = { code: "origin_forbidden", message: "Add it to CORS_ORIGIN." };
  return Response.json({ error }, { status: 403 });
};

async function meaningAt(bend: Elsewhere["bend"]): Promise<string> {
  const examined = await examineElsewhere({ bend });
  assert.deepEqual(idsOf(examined, "failed"), []);
  return examined.checks.find(({ id }) => id === "preflight")?.meaning ?? "";
}

Deno.test("a preflight that allows what it is asked for is well", async () => {
  const meaning = await meaningAt(preflight(LEAVE, (asked) => `${LISTED}, ${asked}`));
  assert.equal(meaning, "It allows every header that supabase-js sends.");
});

Deno.test("an older version's fixed list is well, with a word on what it blocks", async () => {
  const meaning = await meaningAt(preflight(LEAVE, () => LISTED));
  assert.match(
    meaning,
    /^It allows every header that supabase-js sends\. It does not allow tracep/,
  );
});

Deno.test("a list without one of supabase-js's headers is a cross, whatever else it allows", async () => {
  const bend = preflight(LEAVE, () => "authorization, content-type, apikey, traceparent");
  const examined = await examineElsewhere({ bend });
  const [preflightCheck] = examined.checks.filter(({ id }) => id === "preflight");
  assert.equal(preflightCheck.status, "failed");
  assert.match(preflightCheck.meaning, /does not allow x-client-info\.$/);
});

Deno.test("a page that is not allowed is one cross: to it a preflight need not tell more", async () => {
  for (const allow of ["", LISTED, `${LISTED}, traceparent`]) {
    const asked = preflight({}, () => allow);
    const bend: Elsewhere["bend"] = (url, init) => asked?.(url, init) ?? forbidden?.(url, init);
    const examined = await examineElsewhere({ bend, minted: { baseUrl: "https://a b" } });
    assert.deepEqual(idsOf(examined, "failed"), ["origin", "mints"]);
    const check = examined.checks.find(({ id }) => id === "preflight");
    assert.equal(check?.status, "ok");
    const tells = allow === "" ? /pages of CORS_ORIGIN alone/ : /every header/;
    assert.match(check?.meaning ?? "", tells);
  }
});

Deno.test("a proxy that takes every CORS header off a preflight is a cross of the origin", async () => {
  const bend = preflight({}, () => "");
  const examined = await examineElsewhere({ bend });
  assert.deepEqual(idsOf(examined, "failed"), ["origin"]);
  assert.match(
    examined.checks.find(({ id }) => id === "origin")?.meaning ?? "",
    /Only one of preflight and answer/,
  );
});
