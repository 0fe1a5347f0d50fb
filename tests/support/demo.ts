/** What one does on the demo page, and what one reads there. */

import type { Page } from "playwright-core";

/** Clicks the button of this name. */
export function click(page: Page, name: string): Promise<void> {
  return page.getByRole("button", { name, exact: true }).click();
}

/** @param user a plan's name, or "New user" */
export async function signIn(page: Page, user: string): Promise<void> {
  await page.locator("#choices label", { hasText: user }).click();
  await click(page, "Sign in");
}

/** Sends a message, and gives the answer once it is whole. */
export async function send(page: Page, text: string): Promise<string> {
  await page.getByLabel("Message").fill(text);
  await click(page, "Send");
  const answer = page.locator(".gateway p", { hasText: `You said: ${text}` });
  await answer.filter({ hasText: "on tier" }).waitFor();
  await reach(page, "chat", "done");
  return (await answer.last().textContent())!;
}

/** Waits until the step with this id is in this state. */
export function reach(page: Page, step: string, state: "done" | "failed"): Promise<void> {
  return page.locator(`#step-${step}[data-state=${state}]`).waitFor();
}

/** The code and the message that a failed step shows. */
export async function fault(page: Page, step: string): Promise<string[]> {
  await reach(page, step, "failed");
  return await page.locator(`#step-${step} .fault > *`).allTextContents();
}

/** What the page shows of a claim. */
export async function claim(page: Page, name: string): Promise<string> {
  await reach(page, "claims", "done");
  const row = page.locator("#claims > div").filter({ has: page.getByText(name, { exact: true }) });
  return (await row.locator("dd").textContent())!;
}

/** The token that the page shows, shortened: enough to tell it from another. */
export async function shownToken(page: Page): Promise<string> {
  await reach(page, "claims", "done");
  return (await page.locator("#minted code").textContent())!;
}

/** Waits for a token other than this one, and gives it. */
export async function nextToken(page: Page, token: string): Promise<string> {
  await page.locator("#minted code").filter({ hasNotText: token }).waitFor();
  return await shownToken(page);
}

/** How many calls of the function the page has counted. */
export async function countedMints(page: Page): Promise<number> {
  return Number(await page.locator("#mints").textContent());
}
