/** What must never be printed, and how a server's words are made fit to print. */
import { UNPRINTABLE } from "../terminal.ts";

/** Longest text that is printed, in characters. */
const MAX_TEXT = 900;

/** The same for words of a server within it. */
const MAX_WORDS = 600;

/** Shorter ones would hide ordinary words. */
const MIN_SECRET = 4;

/** The same for a part of a token. */
const MIN_PART = 16;

/** Keys and tokens by their form, for those that only a server knows. */
const SECRET_FORMS = [
  /\beyJ[A-Za-z0-9_-]{8,}[A-Za-z0-9_.-]*/g,
  /\b(?:sb_(?:publishable|secret)|behest_[a-z]{2}(?:_live)?)_[A-Za-z0-9+/=_-]{8,}/g,
  /-----BEGIN [^]*/g,
];

/** Letters among it, too: fillers, joiners, selectors (Unicode, Default_Ignorable_Code_Point). */
const INVISIBLE = /[\p{Cf}\p{DI}]+/gu;

/** The secrets of one run. */
export class Secrets {
  readonly #known = new Set<string>();

  /** From now on these are hidden; of a token each part, too. */
  add(...secrets: (string | undefined)[]): void {
    for (const secret of secrets) {
      if (secret === undefined || secret.length < MIN_SECRET) continue;
      this.#known.add(secret);
      for (const part of secret.split(".")) {
        if (part.length >= MIN_PART) this.#known.add(part);
      }
    }
  }

  /** The text on one line, without secrets. */
  clean(text: string): string {
    return cut(this.#hide(text), MAX_TEXT);
  }

  /**
   * What a server says, as words of its own: in quotes that it cannot close, without any sign that
   * would reorder, widen or pile up what stands beside it.
   */
  quote(words: string): string {
    const line = this.#hide(words).replace(/[\s\p{Z}]+/gu, " ").trim();
    const plain = line.replace(/["“”„‟«»]/g, "'").replace(/[^ -~…–—‘’]/gu, "?");
    return `"${cut(plain, MAX_WORDS)}"`;
  }

  #hide(text: string): string {
    // What is invisible goes without a trace: a secret with such signs within is a secret still.
    let shown = text.replace(INVISIBLE, "").replace(UNPRINTABLE, " ");
    // The longest first, so that a secret within another one leaves no rest of it.
    const known = [...this.#known].sort((a, b) => b.length - a.length);
    for (const secret of known) shown = shown.replaceAll(secret, "…");
    for (const form of SECRET_FORMS) shown = shown.replace(form, "…");
    return shown;
  }
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)} …` : text;
}
