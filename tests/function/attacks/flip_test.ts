/** Every single-bit flip of a good token over HTTP. What HTTP cannot carry is flipped in memory. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { NOTHING } from "../../../supabase/functions/behest-token/upstream.ts";
import { openCore } from "../../../supabase/functions/behest-token/wasm.ts";
import { assault, everyKey } from "../../support/attack.ts";
import { ALGORITHMS, sessionClaims, sessionToken, signerOf } from "../../support/keys.ts";
import { liveToken } from "../../support/running.ts";
import { World } from "../../support/world.ts";

const NEEDED = ["sub", "aud", "exp", "iat", "role"];
/** How many are under way at once. */
const ABREAST = 32;
/** What no header value can hold: controls but the tab (RFC 9110 section 5.5). */
const isIllegal = (byte: number) => (byte < 0x20 && byte !== 0x09) || byte === 0x7f;

/** What is needed alone: every bit of it is a request. */
const SHORT = Object.fromEntries(
  Object.keys(sessionClaims()).filter((name) => !NEEDED.includes(name)).map((
    name,
  ) => [name, undefined]),
);

/** The token with each of its bits flipped, by whether HTTP can carry it. */
function flips(token: string): { legal: string[]; illegal: string[] } {
  const legal: string[] = [];
  const illegal: string[] = [];
  const bytes = Buffer.from(token, "latin1");
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    const byte = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    flipped[bit >> 3] = byte;
    (isIllegal(byte) ? illegal : legal).push(flipped.toString("latin1"));
  }
  assert.equal(legal.length + illegal.length, token.length * 8, "none is left out");
  return { legal, illegal };
}

for (const alg of ALGORITHMS) {
  assault(`every single-bit flip of a good ${alg} token is refused over HTTP`, async (target) => {
    const token = await liveToken(await signerOf(alg), SHORT);
    await target.serve("the token itself", { token });
    const before = target.calls.length;
    const { legal } = flips(token);
    const left = legal.values();
    const worker = async () => {
      for (const flipped of left) {
        const { status, code, text } = await target.send({ token: flipped });
        assert.equal(status, 401, `${flipped} → ${text}`);
        assert.match(code, /^(invalid|expired)_token$|^not_a_user$/);
      }
    };
    await Promise.all(Array.from({ length: ABREAST }, worker));
    assert.equal(target.calls.length, before, "no upstream is called");
    await target.serve();
  });

  Deno.test(`every single-bit flip of a good ${alg} token that HTTP cannot carry is refused in memory`, async () => {
    const { illegal } = flips(await sessionToken(await signerOf(alg), SHORT));
    assert.ok(illegal.length > 0);
    const core = await coreWithEveryKey();
    for (const flipped of illegal) {
      assert.throws(() => core.read(NOTHING, `Bearer ${flipped}`), { code: "invalid_token" });
    }
  });
}

/** The core alone: `Headers` refuses these bytes before a handler could see them. */
async function coreWithEveryKey() {
  const { settings } = await World.make(await everyKey());
  return await openCore({ get: (name) => settings[name] });
}
