/**
 * Whether the demo page can be read and used: in both colour schemes, on a phone, by keyboard alone.
 * Its pictures are in `artifacts/` afterwards; `SCREENSHOT=docs/demo.png deno test -A
 * tests/browser_looks_test.ts` also takes the one of the README.
 */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { bundleScript } from "../dev/stack/bundle.ts";
import { HOOK } from "../dev/stack/issuer/hook.ts";
import { DEFAULT_GATEWAY_PORT, DEFAULT_PORT, type Stack } from "../dev/stack/stack.ts";
import type { Contrast } from "../dev/probe/contrast_api.ts";
import { browserTest } from "./support/browser.ts";
import { click, fault, nextToken, reach, send, shownToken, signIn } from "./support/demo.ts";
import { keepPicture } from "./support/picture.ts";

/** Of text as small as this (WCAG 2.2, 1.4.3). */
const LEAST_CONTRAST = 4.5;

const SCHEMES = ["light", "dark"] as const;
const STATES = ["idle", "busy", "done", "failed"];

/** What a thumb hits, in px: WCAG 2.2, 2.5.8, asks for 24. */
const FINGER = 40;

/** Sharp in the README, where the picture is about 800 pixels wide, and under 400 KB. */
const SCALE = 1.2;
const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1160, height: 800 };

/** Where to write the picture of the README, if anywhere. */
const screenshot = Deno.env.get("SCREENSHOT");

browserTest("how the demo page looks", {
  stack: {
    issuer: { hook: HOOK },
    // The picture is of the ports that one has.
    ...(screenshot ? { port: DEFAULT_PORT, gatewayPort: DEFAULT_GATEWAY_PORT } : {}),
  },
  context: {
    viewport: DESKTOP,
    deviceScaleFactor: SCALE,
    reducedMotion: "reduce",
  },
}, {
  "all of it can be read in both schemes, also when the scheme changes under it": async (
    page,
    stack,
  ) => {
    await converse(page, stack);
    await addContrasts(page);
    for (const scheme of [...SCHEMES, ...SCHEMES]) {
      await page.emulateMedia({ colorScheme: scheme });
      const texts = await page.evaluate<Contrast[]>("contrasts.texts()");
      assert.ok(texts.length > 60, `${texts.length} texts`);
      assertReadable(texts, scheme);
      await keepPicture(page, scheme, Math.ceil(DESKTOP.width * SCALE));
    }
    if (screenshot) await takePicture(page, screenshot);
  },

  "the numbers of the steps can be read in both schemes, whatever a step is doing": async (
    page,
    stack,
  ) => {
    await page.goto(stack.pageUrl);
    await addContrasts(page);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      for (const state of STATES) {
        await page.evaluate(`
            for (const step of document.querySelectorAll(".steps > li")) step.dataset.state = "${state}";
          `);
        const numbers = await page.evaluate<Contrast[]>("contrasts.numbers()");
        assert.equal(numbers.length, 4);
        assertReadable(numbers, `${colorScheme}, ${state}`);
      }
    }
  },

  "an error is shown in words that can be read, in both schemes": async (page, stack) => {
    await page.goto(stack.pageUrl);
    await click(page, "Ask again in the same session");
    await fault(page, "mint");
    await signIn(page, "pro");
    await reach(page, "claims", "done");
    await click(page, "Take the function down");
    await page.locator("#down[aria-pressed=true]").waitFor();
    await click(page, "Ask again in the same session");
    assert.equal((await fault(page, "mint"))[0], "network");
    await addContrasts(page);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      assertReadable(await page.evaluate<Contrast[]>("contrasts.texts()"), colorScheme);
    }
    await keepPicture(page, "error", Math.ceil(DESKTOP.width * SCALE));
    await click(page, "Bring the function up");
    await page.locator("#down[aria-pressed=false]").waitFor();
  },

  "on a phone nothing is wider than the screen, and what one taps is large enough": async (
    page,
    stack,
  ) => {
    await page.setViewportSize(PHONE);
    await page.goto(stack.pageUrl);
    await assertNarrow(page);
    await converse(page, stack);
    await click(page, "Take the function down");
    await page.locator("#down[aria-pressed=true]").waitFor();
    await click(page, "Ask again in the same session");
    await fault(page, "mint");
    await assertNarrow(page);
    await keepPicture(page, "phone", PHONE.width * SCALE);
    await click(page, "Bring the function up");
    await page.locator("#down[aria-pressed=false]").waitFor();
    const tapped = page.locator("button, .switch label, #choices label");
    assert.ok(await tapped.count() > 12);
    for (const target of await tapped.all()) {
      const { width, height } = (await target.boundingBox())!;
      const name = (await target.textContent())!;
      assert.ok(width >= FINGER && height >= FINGER, `${name}: ${width} × ${height}`);
    }
  },

  "by keyboard alone one signs in, asks, and sees where one is": async (page, stack) => {
    await page.goto(stack.pageUrl);
    const seen: string[] = [];
    // Twice as many as there are stops, so that none can hold the focus.
    for (let stops = 0; stops < 24; stops++) {
      await page.keyboard.press("Tab");
      const [name, outline] = await page.evaluate<[string, string]>(`(() => {
        const { activeElement: at } = document;
        const shown = at.matches("input[type=radio]") ? at.closest("label") : at;
        return [at.id || at.value || at.textContent, getComputedStyle(shown).outlineStyle];
      })()`);
      if (name !== "" && !name.includes("\n")) {
        seen.push(name);
        assert.equal(outline, "solid", `${name} does not show the focus`);
      }
    }
    const buttons = ["sign-in", "checked", "again", "new-session", "down", "second-tab"];
    for (const name of ["pro", "api-key", ...buttons, "messages", "log"]) {
      assert.ok(seen.includes(name), `${name} is not among ${seen}`);
    }

    await page.locator("#choices [value=pro]").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await reach(page, "claims", "done");
    assert.equal(await page.locator("#claims .tier").textContent(), "3");
    await page.getByLabel("Message").press("Enter");
    await reach(page, "chat", "done");
    // Those who do not see the page hear of it.
    assert.match((await page.getByRole("status").textContent())!, /^Chat: done in /);
    assert.equal(await page.getByRole("log").locator(".gateway").count(), 1);
  },
});

/** A page that has something to show: two answers, and a token healed in between. */
async function converse(page: Page, stack: Stack): Promise<void> {
  await page.goto(stack.pageUrl);
  await signIn(page, "pro");
  await reach(page, "claims", "done");
  await click(page, "Compare them now");
  await page.locator("#ways[data-state=done]").waitFor();
  const token = await shownToken(page);
  await send(page, "Who am I?");
  await click(page, "Revoke this token");
  await page.locator("#log", { hasText: "refuses this token" }).waitFor();
  await send(page, "And with the token revoked?");
  await nextToken(page, token);
}

/** A statement first: what begins with a function would be taken for one to call. */
async function addContrasts(page: Page): Promise<void> {
  await page.evaluate(`0; ${await bundleScript("dev/probe/contrast.ts")}`);
}

function assertReadable(found: Contrast[], where: string): void {
  for (const { text, color, ground, ratio } of found) {
    const told = `${text}: ${ratio.toFixed(2)} (${color} on ${ground}; ${where})`;
    assert.ok(ratio >= LEAST_CONTRAST, told);
  }
}

async function assertNarrow(page: Page): Promise<void> {
  const wide = await page.evaluate<string[]>(`
    [...document.querySelectorAll("body *")]
      .filter((element) => !element.closest(".unseen") && element.getBoundingClientRect().right > innerWidth)
      .map((element) => element.outerHTML.slice(0, 80))
  `);
  assert.deepEqual(wide, []);
  const width = await page.evaluate<number>("document.documentElement.scrollWidth");
  assert.equal(width, PHONE.width);
}

/** With an upgrade: the first token of all is slower than those that people will see. */
async function takePicture(page: Page, path: string): Promise<void> {
  await page.emulateMedia({ colorScheme: "light" });
  const token = await shownToken(page);
  await page.locator("#plan label", { hasText: "max" }).click();
  await nextToken(page, token);
  await send(page, "And on another plan?");
  await page.mouse.move(0, 0);
  await page.screenshot({ path, fullPage: true });
}
