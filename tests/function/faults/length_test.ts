/** Answers that are too long: read no further than 64 KiB, whatever an upstream has to give. */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { fastClock } from "../../support/fast_clock.ts";
import { type Fault, head } from "../../support/faulty.ts";
import { atSite } from "../../support/site.ts";
import { ROUTES } from "../../support/upstreams.ts";

const MIB = 1 << 20;
const CHUNK = " ".repeat(65_536);
/** What the sockets on both sides may hold besides what is read. */
const IN_SOCKETS = 6 * MIB;
/** Half a gigabyte of white space in half a megabyte. */
const BOMB = gzipSync(new Uint8Array(512 * MIB).fill(0x20), { level: 1 });

/** Sends white space for as long as it is taken, but at the most so many bytes. */
const spaces = (most: number, ...headers: string[]): Fault => async (wire) => {
  await wire.request();
  await wire.send(head(...headers));
  while (wire.sent < most) await wire.send(CHUNK);
};

const ROWS: [string, Fault][] = [
  [
    "ten times what the sockets hold",
    spaces(10 * IN_SOCKETS, `Content-Length: ${20 * IN_SOCKETS}`),
  ],
  ["a body without end", spaces(10 * IN_SOCKETS)],
  ["chunks without end", async (wire) => {
    await wire.request();
    await wire.send(head("Transfer-Encoding: chunked"));
    while (wire.sent < 10 * IN_SOCKETS) await wire.send(`10000\r\n${CHUNK}\r\n`);
  }],
  ["an error page without end", async (wire) => {
    await wire.request();
    await wire.send(head().replace("200 OK", "404 Not Found"));
    while (wire.sent < 10 * IN_SOCKETS) await wire.send(CHUNK);
  }],
];

for (const [what, fault] of ROWS) {
  Deno.test(`of ${what}, no more is taken than its beginning`, async () => {
    for (const route of ROUTES) {
      await atSite(fastClock(1), async ({ ask, tries, faulty }) => {
        faulty.set(route, fault);
        const answer = await ask();
        // No plan table is no plan: the token comes without one.
        if (!(route === "plan" && what.startsWith("an error"))) {
          assert.ok(answer.status >= 400, `${route}: ${answer.text}`);
        }
        assert.equal(tries[route], 1, route);
        faulty.heal();
        assert.equal((await ask()).code, "ok", `${route}: afterwards`);
        await faulty.stop();
        assert.ok(faulty.sent[route] < IN_SOCKETS, `${route}: ${faulty.sent[route]} bytes`);
      });
    }
  });
}

Deno.test("a gzip bomb is not unpacked beyond what is read", async () => {
  for (const route of ROUTES) {
    await atSite(fastClock(1), async ({ ask, tries, faulty }) => {
      faulty.set(route, async (wire) => {
        await wire.request();
        await wire.send(head("Content-Encoding: gzip", `Content-Length: ${BOMB.length}`));
        await wire.send(BOMB);
      });
      const before = Deno.memoryUsage().rss;
      const answer = await ask();
      const grown = Deno.memoryUsage().rss - before;
      assert.ok(answer.status === 502 || answer.status === 503, `${route}: ${answer.text}`);
      assert.equal(tries[route], 1, route);
      // Unpacked it would be 512.
      assert.ok(grown < 128 * MIB, `${route}: ${grown / MIB} MiB`);
    });
  }
});
