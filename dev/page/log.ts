/** The account of what the client did, for people who want to see it at work. */

import { find, make } from "./view.ts";

/** Lines that are kept; the oldest go. */
const LONGEST = 200;

/** What a line is about: it has its own colour. */
export type Kind = "user" | "status" | "mint" | "behest" | "trial";

/** The log of one page. */
export interface Log {
  /** The newest line comes first, where one sees it. */
  add(kind: Kind, text: string, failed?: boolean): void;
  /** Counts one call of the function, and says the how many-th it was. */
  countMint(): number;
  /** Counts one request to Behest. */
  countRequest(): number;
}

/** Shows the log and its counters, which begin at 0. */
export function makeLog(): Log {
  const lines = find("log");
  const counter = (id: string) => {
    let count = 0;
    return () => {
      find(id).textContent = String(++count);
      return count;
    };
  };
  return {
    add(kind, text, failed = false) {
      const line = make("li", "", failed ? "failed" : "");
      const time = new Date().toLocaleTimeString("en-GB");
      line.append(make("time", time), make("span", kind, "kind"), make("span", text));
      line.dataset.kind = kind;
      lines.prepend(line);
      if (lines.children.length > LONGEST) lines.lastElementChild!.remove();
    },
    countMint: counter("mints"),
    countRequest: counter("requests"),
  };
}
