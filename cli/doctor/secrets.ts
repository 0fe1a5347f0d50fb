/** What must never be printed, and how a server's words are made fit to print. */
import { UNPRINTABLE } from "../terminal.ts";
import { Fragments } from "./fragments.ts";
import { personalIn } from "./personal.ts";

/** Longest text that is printed, in characters. */
const MAX_TEXT = 900;

/** The same for words of a server within it. */
const MAX_WORDS = 600;

/** Shorter ones would hide ordinary words. */
const MIN_SECRET = 4;

/** The same for a part of a token. */
const MIN_PART = 16;

/** The same for what a session says of its user: of an address, or a number. */
const MIN_PERSONAL = 5;

/** Keys and tokens by their form, for those that only a server knows. */
const SECRET_FORMS = [
  /\beyJ[A-Za-z0-9_-]{8,}[A-Za-z0-9_.-]*/g,
  /\b(?:sb_(?:publishable|secret)|behest_[a-z]{2}(?:_live)?)_[A-Za-z0-9+/=_-]{8,}/g,
  /-----BEGIN [^]*/g,
];

/** Letters among it, too: fillers, joiners, selectors (Unicode, Default_Ignorable_Code_Point). */
const INVISIBLE = /[\p{Cf}\p{DI}]+/gu;

/** In place of what is not printed. */
const HIDDEN = "…";

/** The secrets of one run. */
export class Secrets {
  readonly #known = new Set<string>();
  /** Of the same, for those that come back in pieces. */
  readonly #fragments = new Fragments();
  /** Of what sessions say of their users. */
  readonly #personal = new Fragments(MIN_PERSONAL);

  /** From now on these are hidden; of a token each part, too. */
  add(...secrets: (string | undefined)[]): void {
    for (const secret of secrets) {
      if (secret === undefined || secret.length < MIN_SECRET) continue;
      this.#known.add(secret);
      this.#fragments.add(secret);
      for (const part of secret.split(".")) {
        if (part.length >= MIN_PART) this.#known.add(part);
      }
    }
  }

  /** The same for a session's token; and no server's words may tell of its user. */
  addSession(token: string | undefined): void {
    this.add(token);
    for (const text of personalIn(token)) {
      if (text.includes("@")) this.addEmail(text);
      else this.#personal.add(text);
    }
  }

  /** The same for an address that somebody signs in with. */
  addEmail(email: string): void {
    this.#personal.addEmail(email);
  }

  /** The text on one line, without secrets; nothing of it where one is left in pieces. */
  clean(text: string): string {
    const shown = this.#hide(text);
    return this.#fragments.areIn(shown) ? HIDDEN : cut(shown, MAX_TEXT);
  }

  /**
   * What a server says, as words of its own: in quotes that it cannot close, without any sign that
   * would reorder, widen or pile up what stands beside it. Nothing is left of words that hold a
   * piece of a secret, or of what a session says of its user.
   */
  quote(words: string): string {
    const shown = this.#hide(words);
    if (this.#fragments.areIn(shown) || this.#personal.areIn(shown)) return `"${HIDDEN}"`;
    const line = shown.replace(/[\s\p{Z}]+/gu, " ").trim();
    const plain = line.replace(/["“”„‟«»]/g, "'").replace(/[^ -~…–—‘’]/gu, "?");
    return `"${cut(plain, MAX_WORDS)}"`;
  }

  #hide(text: string): string {
    // What is invisible goes without a trace: a secret with such signs within is a secret still.
    let shown = text.replace(INVISIBLE, "").replace(UNPRINTABLE, " ");
    // The longest first, so that a secret within another one leaves no rest of it.
    const known = [...this.#known].sort((a, b) => b.length - a.length);
    for (const secret of known) shown = shown.replaceAll(secret, HIDDEN);
    for (const form of SECRET_FORMS) shown = shown.replace(form, HIDDEN);
    return shown;
  }
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)} …` : text;
}
