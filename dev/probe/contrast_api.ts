/** What is told of the contrast of a page. It holds no DOM type. */

/** One piece of text that is shown. */
export interface Contrast {
  text: string;
  color: string;
  ground: string;
  ratio: number;
}
