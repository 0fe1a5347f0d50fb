/** What the doctor sends to an address that it judged arrives there, whatever the name leads to. */
import assert from "node:assert/strict";
import { fetchAt } from "../../cli/doctor/fetch_at.ts";

/** Nobody answers for it (RFC 2606). */
const NAME = "gateway.invalid";

async function listening(
  answer: (request: Request) => Response | Promise<Response>,
  work: (port: number) => unknown,
) {
  const ended = new AbortController();
  const { signal } = ended;
  const options = { hostname: "127.0.0.1", port: 0, signal, onListen: () => {} };
  const server = Deno.serve(options, answer);
  try {
    await work(server.addr.port);
  } finally {
    ended.abort();
    await server.finished;
  }
}

Deno.test("a request goes to the address given, and says the name", async () => {
  const seen: string[] = [];
  await listening(({ method, url, headers }) => {
    seen.push(method, url, headers.get("authorization") ?? "");
    return new Response("yes", { status: 418, headers: { "X-One": "1" } });
  }, async (port) => {
    const headers = { "Authorization": "Bearer t", "Content-Type": "application/json" };
    const init = { method: "POST", headers, body: "{}" };
    const url = `http://${NAME}:${port}/a?b=c`;
    const answer = await fetchAt(url, init, ["127.0.0.1"]);
    assert.deepEqual([answer.status, answer.headers.get("x-one")], [418, "1"]);
    assert.equal(await new Response(answer.body).text(), "yes");
    assert.deepEqual(seen, ["POST", url, "Bearer t"]);
  });
});

Deno.test("where one address does not answer, the next is asked", async () => {
  await listening(() => new Response("yes"), async (port) => {
    const answer = await fetchAt(`http://${NAME}:${port}/`, {}, ["::1", "127.0.0.1"]);
    assert.equal(await new Response(answer.body).text(), "yes");
  });
});

Deno.test("a redirect is an answer, and is not followed", async () => {
  let asked = 0;
  await listening(() => {
    asked++;
    return new Response(null, { status: 307, headers: { Location: "/elsewhere" } });
  }, async (port) => {
    const answer = await fetchAt(`http://${NAME}:${port}/`, {}, ["127.0.0.1"]);
    assert.equal(answer.status, 307);
    await answer.body?.cancel();
  });
  assert.equal(asked, 1);
});

Deno.test("what is called off ends, before and after the answer's beginning", async () => {
  for (const body of [undefined, new ReadableStream<Uint8Array>()]) {
    const answered = Promise.withResolvers<Response>();
    if (body) answered.resolve(new Response(body));
    await listening(() => answered.promise, async (port) => {
      const init = { signal: AbortSignal.timeout(100) };
      await assert.rejects(async () => {
        const answer = await fetchAt(`http://${NAME}:${port}/`, init, ["127.0.0.1"]);
        await new Response(answer.body).text();
      });
      answered.resolve(new Response());
    });
  }
});

Deno.test("where nobody listens, the reason is told", async () => {
  const nobody = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  nobody.close();
  const url = `http://${NAME}:${nobody.addr.port}/`;
  await assert.rejects(fetchAt(url, {}, ["127.0.0.1"]), { code: "ECONNREFUSED" });
});

/** What Node does with it: this is where the command runs. */
const ON_NODE = `
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { fetchAt } from "./fetch_at.js";

const server = createServer(
  { key: readFileSync("key.pem"), cert: readFileSync("cert.pem") },
  (request, response) => response.end(request.socket.servername + " " + request.headers.host),
);
server.listen(0, "127.0.0.1", async () => {
  const { port } = server.address();
  for (const name of ["${NAME}", "other.invalid", "127.0.0.1"]) {
    try {
      const answer = await fetchAt("https://" + name + ":" + port + "/", {}, ["::1", "127.0.0.1"]);
      const text = await new Response(answer.body).text();
      console.log(name, answer.status, text.replaceAll(String(port), "PORT"));
    } catch (error) {
      console.log(name, error.code);
    }
  }
  server.close();
});
`;

Deno.test("on Node, TLS asks for a certificate of the name, not of the address", async () => {
  const folder = await Deno.makeTempDir({ prefix: "behest-token-" });
  const command = async (name: string, args: string[], env = {}) => {
    const options = { args, cwd: folder, env };
    const { success, stdout, stderr } = await new Deno.Command(name, options).output();
    const [out, warned] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.ok(success, warned);
    return { out, warned };
  };
  try {
    const certificate = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 " +
      `-keyout key.pem -out cert.pem -subj /CN=test -addext subjectAltName=DNS:${NAME}`;
    await command("openssl", certificate.split(" "));
    const source = new URL("../../cli/doctor/fetch_at.ts", import.meta.url).pathname;
    const bundle = ["bundle", "--quiet", "--platform=deno", `--output=${folder}/fetch_at.js`];
    await command(Deno.execPath(), [...bundle, source]);
    await Deno.writeTextFile(`${folder}/package.json`, '{ "type": "module" }');
    await Deno.writeTextFile(`${folder}/run.mjs`, ON_NODE);
    const ran = await command("node", ["run.mjs"], { NODE_EXTRA_CA_CERTS: "cert.pem" });
    assert.equal(
      ran.out,
      `${NAME} 200 ${NAME} ${NAME}:PORT\n` +
        "other.invalid ERR_TLS_CERT_ALTNAME_INVALID\n127.0.0.1 ERR_TLS_CERT_ALTNAME_INVALID\n",
    );
    assert.equal(ran.warned, "");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
