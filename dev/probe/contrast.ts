/** How well the text of a page is to be read: WCAG 2.2's contrast ratio of each piece. */

import type { Contrast } from "./contrast_api.ts";

type Colour = [red: number, green: number, blue: number, alpha: number];

/** @throws {Error} for a form of colour that computed values of this page do not have */
function parse(text: string): Colour {
  const match = /^rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)$/.exec(text);
  if (!match) throw new Error(`What colour is ${text}?`);
  const [red, green, blue, alpha = 1] = match.slice(1).filter((part) => part).map(Number);
  return [red, green, blue, alpha];
}

function luminance(colour: Colour): number {
  const [red, green, blue] = colour.slice(0, 3).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The nearest ground that one cannot see through. */
function groundOf(element: Element, pseudo?: string): string {
  const own = getComputedStyle(element, pseudo).backgroundColor;
  if (parse(own)[3] === 1) return own;
  if (parse(own)[3] !== 0) throw new Error(`${own} is half seen through`);
  const next = pseudo ? element : element.parentElement;
  return next ? groundOf(next) : getComputedStyle(document.documentElement).backgroundColor;
}

function contrast(text: string, element: Element, pseudo?: string): Contrast {
  const { color } = getComputedStyle(element, pseudo);
  const ground = groundOf(element, pseudo);
  const [dark, light] = [color, ground].map(parse).map(luminance).sort((a, b) => a - b);
  return { text, color, ground, ratio: (light + 0.05) / (dark + 0.05) };
}

/** The numbers of the steps, which are a counter's: no text node has them. */
function numbers(): Contrast[] {
  return [...document.querySelectorAll<HTMLElement>(".steps > li")].map((step) =>
    contrast(`number of ${step.id}`, step.querySelector(".head")!, "::before")
  );
}

/** Every text that is shown; what is disabled may be faint. */
function texts(): Contrast[] {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found: Contrast[] = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement!;
    const text = node.textContent!.trim();
    if (text === "" || element.closest(":disabled, .unseen, script, noscript")) continue;
    if (element.checkVisibility()) found.push(contrast(text, element));
  }
  return found;
}

Object.assign(globalThis, { contrasts: { numbers, texts } });
