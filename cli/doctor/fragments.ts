/** Pieces of texts that must not be printed, found again however they were broken up. */

/** Length of a piece, in letters and digits: more than chance makes alike. */
const LENGTH = 16;

/** Every piece of some texts. */
export class Fragments {
  readonly #pieces = new Set<string>();
  readonly #least: number;

  /** @param least letters of a text that is looked for; one without a whole piece is one itself */
  constructor(least = LENGTH) {
    this.#least = least;
  }

  /** From now on its pieces are found. */
  add(text: string): void {
    const letters = lettersOf(text);
    this.#add(letters, letters.length);
  }

  /** The same; its domain is often the project's own and no secret: a piece begins before it. */
  addEmail(email: string): void {
    const letters = lettersOf(email);
    this.#add(letters, letters.indexOf("@"));
  }

  /** Whether any piece is in this text. */
  areIn(text: string): boolean {
    const letters = lettersOf(text);
    return [...this.#pieces].some((piece) => letters.includes(piece));
  }

  /** @param end where no piece begins any more */
  #add(letters: string, end: number): void {
    if (letters.length < this.#least) return;
    const last = Math.max(letters.length - LENGTH, 0);
    for (let start = 0; start <= last && start < end; start++) {
      this.#pieces.add(letters.slice(start, start + LENGTH));
    }
  }
}

/** What stays the same if a text is put apart by spaces, line ends or signs, or its case is changed. */
function lettersOf(text: string): string {
  return text.replace(/[^\p{L}\p{N}@]+/gu, "").toLowerCase();
}
