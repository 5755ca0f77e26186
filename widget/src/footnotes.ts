// An answer's text, cut at its sentences and footnote marks.

import type { Citation } from "./api.js";
import { CodePointText, countCodePoints, type Span } from "./codepoints.js";

/** A run of the answer's text, or a mark that stands in place of ` [n]`. */
export type Segment =
  | { kind: "text"; text: string; notes: number[] }
  | { kind: "mark"; number: number; notes: number[]; citation: Citation | null };

interface Mark {
  number: number;
  /** With the space before it. */
  span: Span;
}

/**
 * The whole answer's segments, in order. `notes` are the footnotes whose sentence the segment is part of.
 *
 * Only what belongs to a citation becomes a mark: documents hold ` [3]` of their own, and a quoted one stays text.
 */
export function segments(answer: string, citations: Citation[]): Segment[] {
  const text = new CodePointText(answer);
  const byNumber = new Map(citations.map((citation) => [citation.index, citation]));
  const marks = findMarks(answer).filter((mark) => {
    const citation = byNumber.get(mark.number);
    return citation !== undefined && belongs(mark.span, citation.answer_spans, text);
  });
  return cut(text, marks, byNumber);
}

/**
 * The segments of an answer that is still being written. A mark may be told before its citation is, and half a
 * mark may stand at the end: it is held back until the rest arrives.
 */
export function growingSegments(text: string, citations: Citation[]): Segment[] {
  const whole = text.replace(/\s*(\[\d*)?$/, "");
  return cut(new CodePointText(whole), findMarks(whole), new Map(citations.map((citation) => [citation.index, citation])));
}

/** The ` [n]` of a text, with their places in code points. */
function findMarks(text: string): Mark[] {
  const marks: Mark[] = [];
  let point = 0;
  let unit = 0;
  for (const found of text.matchAll(/[ \u00a0]?\[(\d{1,4})\]/g)) {
    point += countCodePoints(text.slice(unit, found.index));
    const span = { start: point, end: point + found[0].length };
    marks.push({ number: Number(found[1]), span });
    point = span.end;
    unit = found.index + found[0].length;
  }
  return marks;
}

/** Whether a mark stands inside one of its citation's sentences, or right behind it. */
function belongs(mark: Span, sentences: Span[], text: CodePointText): boolean {
  return sentences.some((sentence) => {
    if (mark.start < sentence.start) return false;
    if (mark.start <= sentence.end) return true;
    const between = text.slice({ start: sentence.end, end: mark.start });
    return between !== null && /^(\s|\p{P}|\[\d+\])*$/u.test(between);
  });
}

function cut(text: CodePointText, marks: Mark[], byNumber: Map<number, Citation>): Segment[] {
  const citations = [...byNumber.values()];
  const ends = citations.flatMap((citation) => citation.answer_spans.flatMap((span) => [span.start, span.end]));
  const segments: Segment[] = [];
  let at = 0;
  const textUpTo = (end: number): void => {
    const inside = ends.filter((point) => at < point && point < end);
    for (const point of [...new Set([...inside, end])].sort((a, b) => a - b)) {
      const piece = text.slice({ start: at, end: point });
      if (piece) segments.push({ kind: "text", text: piece, notes: notesAt(at, citations) });
      at = point;
    }
  };
  for (const { number, span } of marks) {
    textUpTo(span.start);
    const notes = [...new Set([number, ...notesAt(span.start, citations)])];
    segments.push({ kind: "mark", number, notes, citation: byNumber.get(number) ?? null });
    at = span.end;
  }
  textUpTo(text.length);
  return segments;
}

/** The footnotes whose sentence holds the code point at `at`. */
function notesAt(at: number, citations: Citation[]): number[] {
  const holds = (span: Span): boolean => span.start <= at && at < span.end;
  return citations.filter((citation) => citation.answer_spans.some(holds)).map((citation) => citation.index);
}
