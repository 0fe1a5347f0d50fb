/** What must never be printed, and how a server's words are made fit to print. */
import { UNPRINTABLE } from "../terminal.ts";

/** Longest text that is printed, in characters. */
const MAX_TEXT = 600;

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
    // What is invisible goes without a trace: a secret with such signs within is a secret still.
    let shown = text.replace(/\p{Cf}+/gu, "").replace(UNPRINTABLE, " ");
    // The longest first, so that a secret within another one leaves no rest of it.
    const known = [...this.#known].sort((a, b) => b.length - a.length);
    for (const secret of known) shown = shown.replaceAll(secret, "…");
    for (const form of SECRET_FORMS) shown = shown.replace(form, "…");
    return shown.length > MAX_TEXT ? `${shown.slice(0, MAX_TEXT)} …` : shown;
  }
}
