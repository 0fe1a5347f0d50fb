/** Pictures of pages that are kept with a run, to be looked at. */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";

/** Nothing in it is committed. */
const FOLDER = new URL("../../artifacts/", import.meta.url);

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Bytes: what is smaller shows nothing but a ground, what is larger is for no reader. */
const SMALLEST = 10_000;
const LARGEST = 1_000_000;

/**
 * Takes one of the whole page to `artifacts/<name>.png`, and reads it again.
 * @param width in pixels of the picture
 */
export async function keepPicture(page: Page, name: string, width: number): Promise<void> {
  await Deno.mkdir(FOLDER, { recursive: true });
  const path = new URL(`${name}.png`, FOLDER);
  // Away from the buttons, which change under it.
  await page.mouse.move(0, 0);
  await Deno.writeFile(path, await page.screenshot({ fullPage: true }));
  const bytes = await Deno.readFile(path);
  assert.deepEqual([...bytes.subarray(0, SIGNATURE.length)], SIGNATURE, name);
  const header = new DataView(bytes.buffer, 16);
  assert.equal(header.getUint32(0), width, `${name} is not as wide as its page`);
  assert.ok(header.getUint32(4) >= 600, `${name} is cut off`);
  assert.ok(bytes.length > SMALLEST && bytes.length < LARGEST, `${name}: ${bytes.length} bytes`);
}
