// Text addressed by Unicode code points, as the API counts; JavaScript's own strings count UTF-16 units.

/** A half-open range of code points, from 0. */
export interface Span {
  start: number;
  end: number;
}

/** Code points between two checkpoints: a look-up walks at most this far. */
const STEP = 1024;

/** A text whose parts can be cut out by code point. */
export class CodePointText {
  /** The text itself. */
  readonly text: string;
  /** Its length in code points. */
  readonly length: number;
  /** The UTF-16 index of every `STEP`-th code point; `null` where both ways of counting agree. */
  readonly #checkpoints: number[] | null;

  constructor(text: string) {
    this.text = text;
    if (!/[\ud800-\udbff]/.test(text)) {
      this.length = text.length;
      this.#checkpoints = null;
      return;
    }
    const checkpoints: number[] = [];
    let count = 0;
    for (let at = 0; at < text.length; at += unitsAt(text, at)) {
      if (count % STEP === 0) checkpoints.push(at);
      count += 1;
    }
    this.length = count;
    this.#checkpoints = checkpoints;
  }

  /** Whether `span` is made of whole numbers, in order, and inside the text. */
  fits(span: Span): boolean {
    const whole = Number.isInteger(span.start) && Number.isInteger(span.end);
    return whole && 0 <= span.start && span.start <= span.end && span.end <= this.length;
  }

  /** The text inside `span`, or `null` where the span does not fit: it was made for another text. */
  slice(span: Span): string | null {
    if (!this.fits(span)) return null;
    return this.text.slice(this.#unit(span.start), this.#unit(span.end));
  }

  /** The UTF-16 index of a code point that is known to be inside the text, or at its end. */
  #unit(point: number): number {
    if (this.#checkpoints === null) return point;
    if (point === this.length) return this.text.length;
    let at = this.#checkpoints[Math.floor(point / STEP)] ?? 0;
    for (let left = point % STEP; left > 0; left -= 1) at += unitsAt(this.text, at);
    return at;
  }
}

/** How many UTF-16 units the code point at `at` takes: 1 or 2. */
function unitsAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

/** The length of `text` in code points. */
export function countCodePoints(text: string): number {
  return new CodePointText(text).length;
}
