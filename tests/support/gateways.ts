/** Who says no before Supabase, and how Supabase itself says it. */
import { type Behaviour, json, raw } from "./upstreams.ts";

/** Stands in every refusal, and must never be seen again. */
export const WORDS = "ask-the-upstream-zq7f3";

/** What the gateway puts on everything that passes it, refused or not: it proves nothing. */
const PASSED = {
  "sb-project-ref": "abcdefghijklmnopqrst",
  "sb-gateway-version": "1",
  "sb-request-id": "019a0000-0000-7000-8000-000000000000",
};

/** A behaviour and what it is, for messages. */
export type Named = readonly [what: string, answer: Behaviour];

/** What the hosted gateway says of API keys, word by word. */
const KEY_SENTENCES = [
  "No API key found in request",
  "Invalid API key",
  "Unregistered API key",
  "Legacy API keys are disabled",
];

/** Everything that no answer and no log may repeat. */
export const UPSTREAM_WORDS = [WORDS, ...KEY_SENTENCES];

function gateway(body: Record<string, unknown>, status = 401): Behaviour {
  return json(body, status, { ...PASSED, "sb-error-code": "UNAUTHORIZED_INVALID_API_KEY" });
}

/** A page for people, as firewalls and proxies send it. */
export function page(status: number): Behaviour {
  const text = `<!doctype html><title>${status}</title><h1>Attention Required! ${WORDS}</h1>`;
  return raw(text, status, { "Content-Type": "text/html; charset=utf-8" });
}

/** Points elsewhere on the same host: who follows it is seen there. */
function away(status: number): Behaviour {
  return raw(null, status, { "Location": "/collect" });
}

/** No word of the Auth server or of PostgREST. */
export const GATEWAY_REFUSALS: readonly Named[] = [
  ...KEY_SENTENCES.flatMap((message): Named[] => [
    [message, gateway({ message })],
    [`${message}, with a hint`, gateway({ message, hint: WORDS })],
  ]),
  ["an API key refused with 403", gateway({ message: "Invalid API key" }, 403)],
  ...[
    "UNAUTHORIZED_NO_AUTH_HEADER",
    "UNAUTHORIZED_INVALID_JWT_FORMAT",
    "UNAUTHORIZED_LEGACY_JWT",
    "UNAUTHORIZED_ASYMMETRIC_JWT",
    "UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM",
  ].map((code): Named => [code, gateway({ code, message: WORDS })]),
  ...[400, 401, 403, 404, 405, 407, 410, 421, 431, 451].map((status): Named => [
    `a page of ${status}`,
    page(status),
  ]),
  ...[301, 302, 303, 307, 308].map((status): Named => [`a redirect of ${status}`, away(status)]),
  ["304 to what was never asked before", raw(null, 304)],
  ["401 with no body", raw(null, 401)],
  ["403 with an empty object", json({}, 403)],
  ["401 with a list", json([{ code: 403, error_code: "session_not_found", msg: WORDS }], 401)],
  ["401 in a proxy's JSON", json({ error: { code: 401, message: WORDS } }, 401)],
  ["401 in OAuth's JSON", json({ error: "invalid_token", error_description: WORDS }, 401)],
  ["401 with a message alone", json({ message: WORDS }, 401)],
  ["401 in the form of a web framework", json({ code: 401, msg: WORDS, data: null }, 401)],
  ["401 with a code of another status", json({ code: 1001, msg: WORDS }, 401)],
  [
    "401 of an old Auth server that saw no token",
    json({ code: 401, msg: "This endpoint requires a Bearer token" }, 401),
  ],
  ["401 with an empty mark", json({ message: WORDS }, 401, { "x-sb-error-code": "" })],
  ["a page that quotes the Auth server", raw(`<p>{"code":403,"msg":"${WORDS}"}</p>`, 403)],
];

/** An error of the Auth server, as it is today. */
export function authError(status: number, code: string, headers = {}): Behaviour {
  return json({ code: status, error_code: code, msg: WORDS }, status, {
    ...PASSED,
    "x-sb-error-code": code,
    ...headers,
  });
}

/** The Auth server's own no, in every form that it has had. */
export const AUTH_REFUSALS: readonly Named[] = [
  ...[
    [403, "bad_jwt"],
    [400, "bad_jwt"],
    [403, "user_not_found"],
    [403, "session_not_found"],
    [403, "session_expired"],
    [403, "user_banned"],
  ].map(([status, code]): Named => [
    `${status} ${code}`,
    authError(Number(status), String(code)),
  ]),
  ["the header alone", json({}, 403, { "x-sb-error-code": "session_not_found" })],
  [
    "the body alone",
    json({ code: 403, error_code: "session_not_found", msg: WORDS }, 403, PASSED),
  ],
  ...["bad_jwt", "session_expired", "session_not_found", "user_banned", "user_not_found"]
    .map((code): Named => [
      `the body of the newer API version: ${code}`,
      json({ code, message: WORDS }, 403, PASSED),
    ]),
  ["an older one's body", json({ code: 401, msg: WORDS }, 401)],
  ["an older one's body with 404", json({ code: 404, msg: WORDS }, 404)],
];

/** An error of PostgREST 13 or later. */
export function restError(status: number, code: string): Behaviour {
  return json({ code, details: null, hint: null, message: WORDS }, status, {
    ...PASSED,
    "Proxy-Status": `PostgREST; error=${code}`,
  });
}

/** The same of a PostgREST before 13. */
export function olderRestError(status: number, code: string): Behaviour {
  return json({ code, details: WORDS, hint: null, message: WORDS }, status, PASSED);
}

/** PostgREST's word in a header alone, behind what other proxies have to say. */
export function restHeader(status: number, proxyStatus: string): Behaviour {
  return raw(null, status, { ...PASSED, "Proxy-Status": proxyStatus });
}

/** PostgREST's own words for: there is no such plan to be read. */
export const NO_PLAN: readonly Named[] = [
  ["no such table", restError(404, "PGRST205")],
  ["no such table, said by an older one", olderRestError(404, "42P01")],
  ["no such column", restError(400, "42703")],
  ["no right to the table", restError(403, "42501")],
  ["no right to the table, said by an older one", olderRestError(403, "42501")],
  ["no such table, in the header alone", restHeader(404, "PostgREST; error=PGRST205")],
  ["the header's name alone", restHeader(404, "PostgREST")],
  ["behind another proxy", restHeader(404, 'edge; details="none", PostgREST;error=PGRST205')],
];

/** PostgREST's own no to a session that the Auth server has vouched for. */
export const REST_UNAUTHORIZED: readonly Named[] = [
  ["bad JWT", restError(401, "PGRST301")],
  ["no JWT", restError(401, "PGRST302")],
  ["expired JWT", restError(401, "PGRST303")],
  ["no right without a JWT", restError(401, "42501")],
  ["bad JWT, said by an older one", olderRestError(401, "PGRST301")],
];
