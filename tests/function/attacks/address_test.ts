/** Addresses in the settings that would send a key or a token somewhere else. */
import assert from "node:assert/strict";
import { expectCode, expectUncalled } from "../../support/expect.ts";
import { startRunning, Upstream } from "../../support/running.ts";
import { World } from "../../support/world.ts";

/** No origin, whoever reads it: an origin has a scheme, a host and a port, and nothing else. */
const NOWHERE = [
  ...[
    "",
    "x",
    "/",
    "//x.example",
    "x.example",
    "https:",
    "https:/",
    "https://",
    "https:///x.example",
  ],
  ...["https:x.example", "https:\\\\x.example", "https://x.example\\@y.example", "http:/x.example"],
  ...["https://user@x.example", "https://user:secret@x.example", "https://:@x.example"],
  ...["https://x.example@y.example", "https://x.example%40y.example", "https://x.example%2fy"],
  ...[
    "https://x.example/path",
    "https://x.example//",
    "https://x.example/..",
    "https://x.example/%2e",
  ],
  ...[
    "https://x.example?q",
    "https://x.example/?q=1",
    "https://x.example#f",
    "https://x.example/#@y",
  ],
  ...[
    "https://x.example:",
    "https://x.example:0x50",
    "https://x.example:65536",
    "https://x.example:-1",
  ],
  ...["https://x.example:80:80", "https://x.example:80@y.example", "https://x.example: 80"],
  ...["https://x..example", "https://.x.example", "https://x.example.", "https://x example"],
  ...[
    "https://\u00e9.example",
    "https://x.ex\u00e4mple",
    "https://ｘ.example",
    "https://x。example",
  ],
  ...[
    "https://аpp.example.com",
    "https://x.example\u200b",
    "https://x\u00ad.example",
    "https://ⓧ.example",
  ],
  ...["https://[::1", "https://::1", "https://[::1]x", "https://[x]", "https://[::1%25eth0]"],
  ...["https://x.example,https://y.example", "https://x.example https://y.example"],
  ...[
    "https://x.example\r\nHost: y",
    "https://x.example\t.y",
    "https://*.example",
    "https://x.example;y",
  ],
  ...[
    "ftp://x.example",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/plain,x",
    "ws://x.example",
  ],
  ...[
    "wss://x.example",
    "blob:https://x.example/y",
    "gopher://x.example",
    "HTTPS//x.example",
    "null",
  ],
  ...["https+unix://x", "view-source:https://x.example", "jar:https://x.example!/", "about:blank"],
];

for (const name of ["SUPABASE_URL", "BEHEST_BASE_URL"]) {
  Deno.test(`${name} that is no plain origin is misconfigured, and nobody is called`, async () => {
    for (const value of NOWHERE) {
      const world = await World.make({ [name]: value });
      const { message } = await expectUncalled(world, {}, "misconfigured", JSON.stringify(value));
      assert.match(message, new RegExp(name), value);
    }
  });
}

/** Not this machine, however much it looks like it: what is sent there could be read on the way. */
const NOT_LOOPBACK = [
  ...["http://localhost.evil.example", "http://localhost.localdomain", "http://evil-localhost"],
  ...["http://localhost.", "http://localhosts", "http://xn--localhost", "http://localhost_"],
  ...["http://127.0.0.1.evil.example", "http://127.0.0.1.nip.io", "http://127.evil.example"],
  ...["http://127.0.0.evil", "http://127.0.0.256", "http://127.0.0.1.", "http://127.0.0.1.1"],
  ...["http://127.1", "http://127.0.1", "http://127", "http://2130706433", "http://0x7f000001"],
  ...[
    "http://0x7f.0.0.1",
    "http://0177.0.0.1",
    "http://017700000001",
    "http://0.0.0.0",
    "http://0",
  ],
  ...["http://128.0.0.1", "http://10.0.0.1", "http://192.168.0.1", "http://169.254.169.254"],
  ...[
    "http://[::]",
    "http://[::2]",
    "http://[::ffff:8.8.8.8]",
    "http://[fe80::1]",
    "http://[::1:1]",
  ],
  ...["http://metadata.google.internal", "http://amber-fox-042.behest.app", "http://x"],
];

Deno.test("BEHEST_BASE_URL in the clear is refused for every host that is not this machine", async () => {
  for (const value of NOT_LOOPBACK) {
    const world = await World.make({ BEHEST_BASE_URL: value });
    await expectUncalled(world, {}, "misconfigured", value);
  }
});

Deno.test("an address that is one is called at this very origin, with nothing of ours in between", async () => {
  const origins = {
    "https://x.example": "https://x.example",
    "https://x.example/": "https://x.example",
    "https://x.example:443": "https://x.example",
    "HTTPS://X.EXAMPLE": "https://x.example",
    "https://x.example:8443": "https://x.example:8443",
    "https://xn--9ca.example": "https://xn--9ca.example",
    "http://127.0.0.1:8787": "http://127.0.0.1:8787",
    "http://localhost:8787": "http://localhost:8787",
    "http://[::1]:8787": "http://[::1]:8787",
  };
  for (const [value, origin] of Object.entries(origins)) {
    const world = await World.make({ SUPABASE_URL: value, BEHEST_BASE_URL: value });
    const { body } = await expectCode(world, {}, "ok", value);
    assert.equal(body.baseUrl, origin);
    for (const { url } of world.calls) assert.equal(new URL(url).origin, origin, value);
    assert.equal(world.calls.length, 3);
  }
});

Deno.test("a process with an address of another's calls nobody, and says which setting it is", async () => {
  const upstream = new Upstream();
  const running = await startRunning(upstream.url, {
    SUPABASE_URL: upstream.url.replace("//", "//attacker:secret@"),
    BEHEST_BASE_URL: "http://localhost.evil.example",
  });
  try {
    const answer = await fetch(running.url, { method: "POST" });
    assert.equal(answer.status, 500);
    const { error } = await answer.json();
    assert.equal(error.code, "misconfigured");
    assert.match(error.message, /SUPABASE_URL.*BEHEST_BASE_URL|BEHEST_BASE_URL.*SUPABASE_URL/s);
    assert.doesNotMatch(error.message, /attacker|secret|evil/);
    assert.deepEqual(upstream.calls, []);
  } finally {
    await running.stop();
    await upstream.stop();
  }
});
