/** No other scheme around Behest's address, or around what stands for it, is a way to send anything. */
import assert from "node:assert/strict";
import { BASE_URL } from "../support/client_function.ts";
import { inWorld, rejects } from "../support/client_world.ts";

const BASES = [undefined, BASE_URL, "https://gate.example/behest", "http://localhost"];
const PLACEHOLDER = "https://behest.invalid";

/** Ways of writing an address within another. */
function around(origin: string): string[] {
  const host = origin.replace(/^https?:\/\//, "");
  const within = ["blob", "filesystem", "view-source", "about", "data", "javascript", "ws", "x"];
  return [
    ...within.flatMap((scheme) => [
      `${scheme}:${origin}/x`,
      `${scheme}:${origin}`,
      `${scheme}: ${origin}/v1`,
      `${scheme}://${host}/v1`,
    ]),
    `blob:https:@${host}`,
    `blob:https:${host}`,
    `blob:https:\\\\${host}/v1`,
    `blob:https:///${host}/`,
    `blob:blob:${origin}/x`,
    `https://evil.example/${origin}`,
    `https://${host}@evil.example/v1`,
  ];
}

for (const baseUrl of BASES) {
  Deno.test(`other schemes around the placeholder and around ${baseUrl ?? "the token's own base URL"} are foreign_url, and nothing is sent`, async () => {
    await inWorld({ user: "ada", options: { baseUrl } }, async (world) => {
      for (const origin of [PLACEHOLDER, baseUrl ?? BASE_URL]) {
        for (const url of around(origin)) {
          await rejects(world.behest.fetch(url), "foreign_url", url);
          assert.equal(world.sent.length, 0, url);
        }
      }
    });
  });

  Deno.test(`what goes by the placeholder lies under ${baseUrl ?? "the token's own base URL"}, however it is written`, async () => {
    const odd = [
      `${PLACEHOLDER}//evil.example/x`,
      "https://u:p@behest.invalid/x",
      `${PLACEHOLDER}:443/\\evil`,
      `${PLACEHOLDER}/@evil.example`,
      `${PLACEHOLDER}/.evil.example`,
      `${PLACEHOLDER}/../../x`,
    ];
    await inWorld({ user: "ada", options: { baseUrl } }, async (world) => {
      const base = new URL(baseUrl ?? BASE_URL);
      for (const url of odd) {
        await world.behest.fetch(url).catch((error) => assert.equal(error.code, "foreign_url"));
      }
      for (const { url } of world.sent) {
        const { origin, pathname, username } = new URL(url);
        assert.equal(origin, base.origin);
        assert.equal(username, "");
        assert.ok(`${pathname}/`.startsWith(base.pathname.replace(/\/*$/, "/")), url);
      }
    });
  });
}
