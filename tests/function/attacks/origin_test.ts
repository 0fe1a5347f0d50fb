/** Pages that would be another (Fetch Standard, "CORS protocol"), over HTTP. */
import assert from "node:assert/strict";
import { assault } from "../../support/attack.ts";
import { say } from "../../support/wire.ts";

const LIST = "https://app.example.com, https://*.preview.example, http://localhost:5173";
const settings = { CORS_ORIGIN: LIST };

const REFUSED = [
  // No origin at all, or an opaque one: sandboxed frames, data: and file: pages.
  ...["null", "NULL", "undefined", "*", "file://", "data:", "about:blank", "https://", "https:"],
  // Lookalikes by suffix, prefix and infix.
  ...[
    "https://app.example.com.evil.example",
    "https://evil-app.example.com",
    "https://app.example.co",
  ],
  ...["https://app.example.community", "https://evilapp.example.com", "https://app-example.com"],
  ...["https://appXexample.com", "https://a.app.example.com", "https://example.com"],
  // Another port, scheme or spelling is another origin.
  ...["https://app.example.com:443", "https://app.example.com:8443", "https://app.example.com:"],
  ...[
    "http://app.example.com",
    "ftp://app.example.com",
    "HTTPS://app.example.com",
    "app.example.com",
  ],
  ...[
    "https://APP.example.com",
    "https://app.example.com.",
    "https://app.example.com/",
    "//app.example.com",
  ],
  ...["https://app.example.com/x", "https://app.example.com?", "https://app.example.com#"],
  // What a parser would take apart in another way.
  ...[
    "https://evil.example#https://app.example.com",
    "https://evil.example?https://app.example.com",
  ],
  ...["https://evil.example/https://app.example.com", "https://evil.example\\@app.example.com"],
  ...["https://app.example.com@evil.example", "https://evil.example@app.example.com"],
  ...["https://app.example.com%2eevil.example", "https://app.example.com%00.evil.example"],
  ...["https://app.example.com_.evil.example", "https://app.example.com`.evil.example"],
  ...["https://app.example.com{.evil.example", "https://app.example.com,evil.example"],
  // A list is no origin (RFC 6454 section 7.1 allowed it once).
  ...[
    "https://app.example.com https://evil.example",
    "https://evil.example https://app.example.com",
  ],
  ...["https://app.example.com, https://evil.example", LIST],
  // The wildcard is one label of letters, digits and hyphens.
  ...["https://preview.example", "https://.preview.example", "https://a.b.preview.example"],
  ...["https://*.preview.example", "https://a..preview.example", "https://_.preview.example"],
  ...["https://a.preview.example.", "https://a.preview.example:443", "http://a.preview.example"],
  ...[
    "https://xn--\u00e9.preview.example",
    "https://\u00e9.preview.example",
    "https://A.preview.example",
  ],
  ...["https://evil.example/.preview.example", "https://evil.example#.preview.example"],
  ...[
    "https://evil.example:1.preview.example",
    "https://a@b.preview.example",
    "https://a%2e.preview.example",
  ],
  ...["https://evilpreview.example", "https://a.previewXexample", "https://a b.preview.example"],
  ...[
    "https://localhost:5173",
    "http://localhost:51730",
    "http://localhost",
    "http://127.0.0.1:5173",
  ],
  ...[
    "http://localhost:5173.evil.example",
    "http://localhost.evil.example:5173",
    "http://[::1]:5173",
  ],
];

assault(
  "an origin that is merely like one of the list is refused, and a browser may read nothing",
  async (target) => {
    for (const origin of REFUSED) {
      const { headers } = await target.refuse(origin, { origin }, "origin_forbidden");
      for (const [name] of headers) {
        assert.ok(
          !name.startsWith("access-control-"),
          `${origin}: ${name}`,
        );
      }
      assert.match(headers.get("Vary") ?? "", /\bOrigin\b/, "a cache must not mix it up");
      const preflight = await target.send({ method: "OPTIONS", token: null, origin });
      assert.equal(preflight.status, 204, origin);
      assert.equal(preflight.headers.get("Access-Control-Allow-Origin"), null, origin);
      assert.equal(preflight.headers.get("Access-Control-Allow-Credentials"), null, origin);
    }
    assert.deepEqual(target.calls, [], "no upstream is called for any of them");
    const allowed = [
      "https://app.example.com",
      "https://a-b-7.preview.example",
      "https://-.preview.example",
    ];
    for (const origin of [...allowed, "https://xn--9ca.preview.example", "http://localhost:5173"]) {
      const { headers } = await target.serve(origin, { origin });
      assert.equal(headers.get("Access-Control-Allow-Origin"), origin, "it, and no other");
    }
  },
  () => ({ settings }),
);

assault("an Origin that fetch cannot send is refused all the same", async (target) => {
  const ask = async (headers: string, method = "POST") => {
    const head = `${method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}`;
    return await say(target.url, [`${head}Authorization: Bearer ${target.good}\r\n\r\n`]);
  };
  const good = "Origin: https://app.example.com\r\n";
  const rows: Record<string, string> = {
    "good and bad": `${good}Origin: https://evil.example\r\n`,
    "bad and good": `Origin: https://evil.example\r\n${good}`,
    "the good one twice": good + good,
    "good and empty": `${good}Origin:\r\n`,
    "empty": "Origin:\r\n",
    "a byte of Latin-1": "Origin: https://app.example.com\xa0\r\n",
    "bytes that are no UTF-8": "Origin: \xff\xfe\r\n",
    "a lookalike in UTF-8": "Origin: https://\xd0\xb0pp.example.com\r\n",
    "a label in UTF-8": "Origin: https://\xc3\xa9.preview.example\r\n",
    "a tab within": "Origin: https://app.example.com\thttps://evil.example\r\n",
    "a NUL behind": "Origin: https://app.example.com\0\r\n",
    "folded": "Origin: https://app.example.com\r\n .evil.example\r\n",
  };
  for (const [what, headers] of Object.entries(rows)) {
    for (const method of ["POST", "OPTIONS"]) {
      const { text, codes, statuses } = await ask(headers, method);
      assert.doesNotMatch(text, /access-control-allow-origin|eyJ/i, `${what} → ${text}`);
      // Where the HTTP server has not refused it, we do.
      if (method === "POST" && statuses[0] !== 400) {
        assert.deepEqual(codes, ["origin_forbidden"], what);
      }
    }
  }
  assert.deepEqual(target.calls, []);
  await target.serve();
}, () => ({ settings }));

assault(
  "what is refused by its origin is refused before its token, body and method are looked at",
  async (target) => {
    const origin = "https://evil.example";
    for (const sent of [{ token: null }, { token: "x" }, { body: "[" }, { method: "DELETE" }]) {
      await target.refuse(JSON.stringify(sent), { ...sent, origin }, "origin_forbidden");
    }
  },
  () => ({ settings }),
);
