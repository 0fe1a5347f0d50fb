/** Lets work be done one after the other, in the order in which it comes. */

/** @returns what does a piece of work when its turn has come */
export function makeTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    // The next one's turn comes, however this one ended.
    last = mine.catch(() => {});
    return mine;
  };
}
