/** How the page shows things. It knows nothing of Supabase or Behest. */

import type { Fault } from "./fault.ts";

/** What is shown of a token at either end. */
const TOKEN_START = 12;
const TOKEN_END = 6;

/** One of the four steps. */
export interface Step {
  /** Shows that it is at work, then its time or its fault. Resolves to nothing on a fault. */
  run<T>(work: () => Promise<T> | T): Promise<{ value: T; ms: number } | undefined>;
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

  const show = (state: string, text: string) => {
    step.dataset.state = state;
    step.ariaBusy = String(state === "busy");
    time.textContent = text;
    fault.replaceChildren();
  };

  return {
    async run(work) {
      show("busy", "…");
      const begin = performance.now();
      try {
        const value = await work();
        const ms = performance.now() - begin;
        show("done", formatMs(ms));
        announce(`${title}: done in ${formatMs(ms)}`);
        return { value, ms };
      } catch (error) {
        const { code, message, detail } = toFault(error);
        show("failed", "failed");
        fault.append(make("code", code), make("span", message));
        if (detail !== undefined) fault.append(make("small", detail));
      }
    },
    mark(text) {
      if (step.dataset.state !== "busy") show("done", text);
    },
    reset: () => show("idle", ""),
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

/** One message of the chat; the answer's text is set as it comes. */
export function addMessage(from: "You" | "Gateway"): HTMLElement {
  const message = make("div", "", `message ${from.toLowerCase()}`);
  const text = make("p");
  message.append(make("span", from, "from"), text);
  find("messages").append(message);
  return text;
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
