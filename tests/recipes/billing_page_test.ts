/** docs/billing.md against the file beside it, Stripe's library, the CLI's configuration and itself. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse } from "smol-toml";
import { startStack } from "../../dev/stack/stack.ts";
import { BILLING, block, checkAlone, section } from "../support/billing_page.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const { imports } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
const recipe = await Deno.readTextFile(`${ROOT}docs/stripe-webhook.ts`);

/** As GitHub names a heading. */
const anchor = (title: string) =>
  title.toLowerCase().replaceAll(/[^\w\s-]/g, "").replaceAll(/\s/g, "-");

Deno.test("docs/billing.md: every path and place that it names is there, and others lead to it", async () => {
  const links = [...BILLING.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link);
  assert.ok(links.length >= 15);
  const places = [...BILLING.matchAll(/^#+ (.+)$/gm)].map(([, title]) => anchor(title));
  for (const link of links.filter((link) => !link.startsWith("https://"))) {
    const [path, place] = link.split("#");
    if (path !== "") await Deno.stat(`${ROOT}docs/${path}`);
    if (place !== undefined) assert.ok(path === "" && places.includes(place), link);
  }
  for (const [page, link] of [["README.md", "docs/billing.md"], ["docs/deploy.md", "billing.md"]]) {
    assert.ok((await Deno.readTextFile(ROOT + page)).includes(`](${link})`), page);
  }
});

Deno.test("docs/billing.md: the gateway's check is off for the function that it names", () => {
  const config = JSON.stringify(parse(block("Put it there", "toml")));
  assert.equal(config, '{"functions":{"stripe-webhook":{"verify_jwt":false}}}');
  assert.match(section("Put it there"), /supabase\/functions\/stripe-webhook\/index\.ts/);
  assert.match(section("Put it there"), /functions deploy stripe-webhook --use-api/);
});

Deno.test("docs/billing.md: the events are Stripe's, and the same in the dashboard and on the machine", async () => {
  const [asked, listened] = ["Put it there", "Try it"].map((title) => {
    const names = section(title).match(/customer\.subscription\.\w+/g) ?? [];
    return [...new Set(names)].sort();
  });
  assert.equal(asked.length, 5);
  assert.deepEqual(listened, asked);
  const typed = (name: string) =>
    checkAlone(`import type Stripe from "${imports.stripe}";
export const name: Stripe.Event.Type = "${name}";`);
  for (const name of asked) await typed(name);
  await assert.rejects(typed("customer.subscription.upgraded"), /is not assignable/);
});

Deno.test("docs/stripe-webhook.ts imports one package, of the version that is locked here", () => {
  const imported = [...recipe.matchAll(/\bfrom "([^"]+)"|\bimport\("([^"]+)"/g)].map(([, it]) =>
    it
  );
  assert.deepEqual(imported, [imports.stripe]);
  assert.equal(
    block("Whose subscription it is", "ts").match(/"npm:[^"]+"/)?.[0],
    `"${imports.stripe}"`,
  );
});

Deno.test("docs/billing.md: the line for others writes the plan", async () => {
  const stack = await startStack({ port: 0, gatewayPort: 0, quiet: true });
  try {
    const [{ id }] = stack.users;
    const line = block("Paddle, Lemon Squeezy, RevenueCat", "sh")
      .replace("https://<ref>.supabase.co", stack.url)
      .replace("sb_secret_…", stack.secretKey)
      .replace('"user_id":"…"', `"user_id":"${id}"`);
    const [, url, rest] = /^curl "([^"]+)" ([^]+)$/.exec(line)!;
    const headers = [...rest.matchAll(/-H "([^:]+): ([^"]+)"/g)].map(([, name, it]) => [name, it]);
    const [, body] = /-d '([^']+)'/.exec(rest)!;
    // What curl does with it: a body makes it a POST.
    const set = await fetch(url, { method: "POST", headers: headers as [string, string][], body });
    assert.ok(set.ok, await set.text());
    const answer = await fetch(`${stack.url}/rest/v1/profiles?select=plan&id=eq.${id}`, {
      headers: { apikey: stack.secretKey },
    });
    assert.deepEqual(await answer.json(), [{ plan: "pro" }]);
  } finally {
    await stack.stop();
  }
});
