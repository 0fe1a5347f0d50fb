/** How the page shows things. It knows nothing of Supabase or Behest. */

import type { Fault } from "./fault.ts";

/** What is shown of a token at either end. */
const TOKEN_START = 12;
const TOKEN_END = 6;

/** Within so many pixels one is at the end of what scrolls. */
const NEAR = 40;

/** One of the four steps. */
export interface Step {
  /**
   * Shows that it is at work, then its time or its fault. What was run before counts for nothing
   * any more, however it ends.
   * @param failed hears of a fault that is shown
   * @returns nothing on a fault, or where the step was run again or reset meanwhile
   */
  run<T>(
    work: () => Promise<T> | T,
    failed?: () => void,
  ): Promise<{ value: T; ms: number } | undefined>;
  /** Done, though not by this page. Nothing where it is at work, and will say so itself. */
  mark(text: string): void;
  /** As it was at the start. */
  reset(): void;
}

/** The element with this id, which the page always has. */
export function find<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** @param toFault makes a fault of what the work threw */
export function makeStep(id: string, toFault: (error: unknown) => Fault): Step {
  const step = find(id);
  const title = step.querySelector("h2")!.textContent;
  const time = step.querySelector(".time")!;
  const fault = step.querySelector(".fault")!;
  let turn = 0;

  const show = (state: string, text: string) => {
    step.dataset.state = state;
    step.ariaBusy = String(state === "busy");
    time.textContent = text;
    fault.replaceChildren();
  };

  return {
    async run(work, failed) {
      const own = ++turn;
      show("busy", "…");
      const begin = performance.now();
      try {
        const value = await work();
        const ms = performance.now() - begin;
        if (own !== turn) return;
        show("done", formatMs(ms));
        announce(`${title}: done in ${formatMs(ms)}`);
        return { value, ms };
      } catch (error) {
        if (own !== turn) return;
        const { code, message, detail } = toFault(error);
        show("failed", "failed");
        fault.append(make("code", code), make("span", message));
        if (detail !== undefined) fault.append(make("small", detail));
        failed?.();
      }
    },
    mark(text) {
      if (step.dataset.state !== "busy") show("done", text);
    },
    reset() {
      turn++;
      show("idle", "");
    },
  };
}

/** Tells those who do not see the page. */
export function announce(text: string): void {
  find("status").textContent = text;
}

/** Name and value, one below the other. A value may be an element. */
export function showFacts(id: string, facts: [string, string | HTMLElement][]): void {
  find(id).replaceChildren(...facts.map(([name, value]) => {
    const row = make("div");
    const text = make("dd");
    text.append(value);
    row.append(make("dt", name), text);
    return row;
  }));
}

/**
 * The steps of a `Server-Timing` header as bars, on the scale of the whole call.
 * @param total what the browser measured, in ms
 */
export function showTimings(id: string, header: string, total: number): void {
  const bars = header.split(",").map((entry) => {
    const [name, ...parameters] = entry.trim().split(";");
    const ms = Number(parameters.find((text) => text.startsWith("dur="))?.slice(4) ?? 0);
    const row = make("li");
    const bar = make("span", "", "bar");
    bar.style.setProperty("--share", String(Math.min(1, ms / total)));
    row.append(make("span", name), bar, make("span", formatMs(ms), "number"));
    return row;
  });
  find(id).replaceChildren(...bars);
}

/**
 * Disables the controls until the work is done. The browser takes the focus from what is disabled:
 * it comes back, unless it has gone elsewhere meanwhile.
 */
export async function disableDuring(
  controls: (HTMLButtonElement | HTMLFieldSetElement)[],
  work: () => Promise<void>,
): Promise<void> {
  const at = document.activeElement as HTMLElement;
  for (const control of controls) control.disabled = true;
  try {
    await work();
  } finally {
    for (const control of controls) control.disabled = false;
    if (document.activeElement === document.body) at.focus();
  }
}

/** One message of the chat, still without its text. */
export function addMessage(from: "You" | "Gateway"): HTMLElement {
  const message = make("div", "", `message ${from.toLowerCase()}`);
  const text = make("p");
  message.append(make("span", from, "from"), text);
  const box = find("messages");
  box.append(message);
  box.scrollTop = box.scrollHeight;
  return text;
}

/** Adds to a message, and shows the end of the chat, but to who has scrolled back to read. */
export function appendText(message: HTMLElement, text: string): void {
  const box = find("messages");
  const below = box.scrollHeight - box.clientHeight - box.scrollTop;
  message.append(text);
  if (below < NEAR) box.scrollTop = box.scrollHeight;
}

/** Enough of a token to tell it from another, and nothing to call with. */
export function shorten(token: string): string {
  return `${token.slice(0, TOKEN_START)}…${token.slice(-TOKEN_END)}`;
}

/** `4.2 ms`, `128 ms` */
export function formatMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** `14:59` */
export function formatLeft(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** An element with this text. */
export function make(tag: string, text = "", className = ""): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  return element;
}
