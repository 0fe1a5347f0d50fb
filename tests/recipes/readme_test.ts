/** The README's front end, as it stands: checked, and run against the whole stack. */
import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { startStack } from "../../dev/stack/stack.ts";
import { sections } from "../support/recipe_page.ts";
import { inProject, TSC } from "../support/recipe_project.ts";

const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
const section = sections(readme).get("Use it")!;
const [lines, call, ...more] = [...section.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, it]) => it);

/** What an app has before the README's first line: nobody has signed in yet. */
const BEFORE = `
import { createClient } from "@supabase/supabase-js";
import OpenAI from "openai";
// Node 20 has none, and supabase-js asks for one before anything is sent by it.
globalThis.WebSocket ??= class {} as never;
const { url, key, email, password } = JSON.parse(process.argv[2] ?? "");
const supabase = createClient(url, key);
const show = (text: string) => console.log(JSON.stringify(text));
`;

const SIGN_IN = `
const { error } = await supabase.auth.signInWithPassword({ email, password });
if (error) throw error;
`;

Deno.test("README.md: three lines, and an answer streams to whoever is signed in", async () => {
  assert.deepEqual(more, []);
  assert.equal(lines.trimEnd().split("\n").length, 3);
  const stack = await startStack({ port: 0, gatewayPort: 0, quiet: true });
  try {
    const [user] = stack.users.filter(({ plan }) => plan === "max");
    const text = [BEFORE, lines, SIGN_IN, call, "process.exit();\n"].join("");
    const types = { types: ["node"], noEmit: false, outDir: "out" };
    await inProject({ "src/example.ts": text }, { ...types, rootDir: "src" }, async ({ node }) => {
      await node(TSC);
      const { email, password } = user;
      const known = { url: stack.url, key: stack.publishableKey, email, password };
      const printed = await node("out/example.js", [JSON.stringify(known)]);
      const pieces = printed.split("\n").filter((line) => line.startsWith('"'))
        .map((line) => JSON.parse(line));
      assert.ok(pieces.length >= 5, "the answer came in one piece");
      assert.match(pieces.join(""), /^You said: Tell me who I am\. — and you are .+ on tier 3/);
      assert.ok(pieces.join("").includes(user.id));
    });

    const supabase = createClient(stack.url, stack.publishableKey, {
      auth: { persistSession: false, autoRefreshToken: false },
    });
    await supabase.auth.signInWithPassword(user);
    const [, name, fields] =
      /functions\.invoke\("([\w-]+)"\)`, whose `data` is\s+`\{ ([\w, ]+) \}`/.exec(section) ?? [];
    const { data } = await supabase.functions.invoke(name);
    assert.deepEqual(Object.keys(data).sort(), fields.split(", ").sort());
    const again = await supabase.functions.invoke(name, { body: { sessionId: data.sessionId } });
    assert.equal(again.data.sessionId, data.sessionId);
  } finally {
    await stack.stop();
  }
});
