/** What is printed may be read by a program that ends before it, such as `head`. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../../pkg/cli.js", import.meta.url));

Deno.test("the doctor ends quietly when nobody reads on, as the shell has it", async () => {
  const ended = new AbortController();
  const left = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  // The project answers as soon as the reader is gone, so that all is printed after that.
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: ended.signal, onListen: () => {} },
    async () => {
      asked.resolve();
      await left.promise;
      return Response.json({});
    },
  );
  const where = ["--url", `http://127.0.0.1:${server.addr.port}`, "--origin", "https://my.app"];
  const child = new Deno.Command("node", {
    args: [CLI, "doctor", ...where],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  try {
    await asked.promise;
    await child.stdout.cancel();
    left.resolve();
    assert.deepEqual([await errors, (await child.status).code], ["", 141]);
  } finally {
    left.resolve();
    ended.abort();
    await server.finished;
  }
});
