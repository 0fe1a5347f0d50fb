/** The pages of docs/clients.md, built as written, in a real Chromium and with the whole stack. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { startProgram } from "../../dev/stack/child.ts";
import type { Stack } from "../../dev/stack/stack.ts";
import { chat, onStage, serveFiles, signIn, type Stage } from "../support/recipe_browser.ts";
import { filesOf } from "../support/recipe_page.ts";
import { inProject, NEXT, TSC, VITE } from "../support/recipe_project.ts";

/** What Vite's own template has around the recipe. */
const AROUND_VITE = {
  "index.html": '<div id="root"></div><script type="module" src="/src/main.tsx"></script>',
  "src/main.tsx": `\
import { createRoot } from "react-dom/client";
import { ask } from "./ai";
import { App } from "./App";
import { supabase } from "./supabase";
Object.assign(globalThis, { ask, supabase });
createRoot(document.getElementById("root")!).render(<App />);
`,
};

/** What create-next-app makes around the recipe. */
const AROUND_NEXT = {
  "app/layout.tsx": `\
import type { ReactNode } from "react";
export default function Layout({ children }: { children: ReactNode }) {
  return <html lang="en"><body>{children}</body></html>;
}
`,
  "app/page.tsx": `\
import { Chat } from "./chat";
export default function Page() {
  return <Chat />;
}
`,
};

/** What the gateway's double answers a user of a plan. */
function answerTo(stack: Stack, prompt: string, plan: string): string[] {
  const user = stack.users.find((user) => user.plan === plan)!;
  return [`You said: ${prompt}`, user.id, `tier ${{ free: 1, pro: 2, max: 3 }[plan]}`];
}

/** Everything the AI SDK's recipe gives, or the code of what it throws. */
const ASK = `(async () => {
  const pieces = [];
  try {
    for await (const piece of ask("Stream to me")) pieces.push(piece);
    return pieces;
  } catch ({ code, message }) {
    return { code, message };
  }
})()`;

const tests: Record<string, (stage: Stage) => Promise<void>> = {
  "Vite, with the hook, and the AI SDK": async ({ stack, open }) => {
    const files = { ...filesOf("Vite", "A React hook", "Vercel's AI SDK"), ...AROUND_VITE };
    await inProject(files, { types: ["vite/client"] }, async ({ folder, node }) => {
      await node(TSC);
      await node(VITE, ["build"], {
        VITE_SUPABASE_URL: stack.url,
        VITE_SUPABASE_PUBLISHABLE_KEY: stack.publishableKey,
      });
      const serve = serveFiles({ "/": `${folder}/dist/` });
      const page = await open(serve, await signIn(stack, "pro"));
      await chat(page, "Hello", ...answerTo(stack, "Hello", "pro"));
      await page.getByText("on tier 2", { exact: true }).waitFor();
      const pieces = await page.evaluate<string[]>(ASK);
      assert.ok(pieces.length >= 5, `in one piece: ${JSON.stringify(pieces)}`);
      for (const text of answerTo(stack, "Stream to me", "pro")) {
        assert.ok(pieces.join("").includes(text), pieces.join(""));
      }

      await leavesNothingToTheNext(page, stack.users.find(({ plan }) => plan === "free")!);

      const stranger = await open(serve);
      const before = stack.functionLog.length;
      assert.equal((await stranger.evaluate<{ code: string }>(ASK)).code, "no_session");
      await chat(stranger, "Hello", "Sign in first.");
      await stranger.getByText("signed-out", { exact: true }).waitFor();
      assert.equal(stack.functionLog.length, before);
    });
  },

  "Next.js, with the function as its route": async ({ stack, gateway, origin, open }) => {
    const files = { ...filesOf("Next.js"), ...AROUND_NEXT };
    await inProject(files, {}, async ({ folder, node }) => {
      await node(NEXT, ["build"], {
        NEXT_PUBLIC_SUPABASE_URL: stack.url,
        NEXT_PUBLIC_SUPABASE_PUBLISHABLE_KEY: stack.publishableKey,
      });
      const log: string[] = [];
      const app = await startProgram({
        name: "Next.js",
        program: "node",
        args: ["--eval", START_NEXT, folder],
        env: {
          NODE_ENV: "production",
          NEXT_TELEMETRY_DISABLED: "1",
          SUPABASE_URL: stack.url,
          SUPABASE_PUBLISHABLE_KEY: stack.publishableKey,
          JWT_SECRET: stack.jwtSecret,
          BEHEST_KEY: gateway.credentials.apiKey,
          BEHEST_BASE_URL: gateway.url,
          CORS_ORIGIN: origin,
        },
        inheritEnv: true,
        onLine: (line) => log.push(line),
      });
      try {
        const page = await open(({ url, method, headers, body }) => {
          const { pathname, search } = new URL(url);
          return fetch(app.url + pathname + search, { method, headers, body });
        }, await signIn(stack, "max"));
        const before = stack.functionLog.length;
        await chat(page, "Hi", ...answerTo(stack, "Hi", "max"));
        // The route answered, and not the function that is deployed beside it.
        assert.equal(stack.functionLog.length, before);
        assert.ok(log.some((line) => line.includes('"code":"ok"')), log.join("\n"));
      } finally {
        await app.stop();
      }
    });
  },

  "plain HTML": async ({ stack, open }) => {
    const html = filesOf("Plain HTML")["index.html"];
    const ours = html.replace("https://<ref>.supabase.co", stack.url)
      .replace("sb_publishable_…", stack.publishableKey);
    await inProject({ "index.html": ours }, {}, async ({ folder }) => {
      const packages = `${folder}/../node_modules`;
      const page = await open(
        serveFiles({
          "/behest.js": `${folder}/node_modules/behest-token/client.js`,
          "/supabase.js": `${packages}/@supabase/supabase-js/dist/umd/supabase.js`,
          "/openai/": `${packages}/openai/`,
          "/": `${folder}/`,
        }),
        await signIn(stack, "free"),
      );
      await chat(page, "Hey", ...answerTo(stack, "Hey", "free"));
    });
  },
};

/** While an answer streams somebody else signs in: none of it is on their page. */
async function leavesNothingToTheNext(page: Page, user: Stack["users"][number]): Promise<void> {
  await page.locator("input").fill("For my eyes alone");
  await page.getByRole("button").click();
  await page.locator("output", { hasText: "For" }).waitFor();
  const { email, password } = user;
  const credentials = JSON.stringify({ email, password });
  await page.evaluate(`supabase.auth.signInWithPassword(${credentials})`);
  await page.locator("output:empty").waitFor({ state: "attached" });
  await chat(page, "Who am I?", user.id);
  assert.ok(!(await page.locator("output").textContent())!.includes("eyes"));
}

/** As `next start`, on a free port, and gone when its parent is. */
const START_NEXT = `
const { createServer } = require("node:http");
const dir = process.argv[1];
const next = require(dir + "/../node_modules/next");
const app = next({ dir, dev: false });
app.prepare().then(() => {
  const server = createServer(app.getRequestHandler());
  server.listen(0, "127.0.0.1", () => {
    console.log("ready http://127.0.0.1:" + server.address().port);
  });
});
process.stdin.on("end", () => process.exit()).resume();
`;

Deno.test("docs/clients.md: what it builds chats in a browser", async (test) => {
  await onStage(async (stage) => {
    for (const [title, work] of Object.entries(tests)) {
      await test.step(title, () => work(stage));
    }
  });
});
