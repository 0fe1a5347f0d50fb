/** The floor of signing: 16 signatures under way at any time, and nothing else. `/?ms=500` says how long. */
import { Buffer } from "node:buffer";

const HOW = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const pem = (Deno.env.get("BEHEST_KEY") ?? "").split("\n").slice(1, -1).join("");
const key = await crypto.subtle.importKey("pkcs8", Buffer.from(pem, "base64"), HOW, false, [
  "sign",
]);
/** As long as a Behest token's signing input. */
const input = crypto.getRandomValues(new Uint8Array(600));

Deno.serve(async (request) => {
  const ms = Number(new URL(request.url).searchParams.get("ms"));
  const start = performance.now();
  let signed = 0;
  await Promise.all(Array.from({ length: 16 }, async () => {
    while (performance.now() - start < ms) {
      await crypto.subtle.sign(HOW, key, input);
      signed++;
    }
  }));
  return Response.json(signed / (performance.now() - start) * 1000);
});
