// A document's text in blocks for the viewer: pages, headings and the quote as nested cuts of one text.

import type { DocumentText } from "./api.js";
import { CodePointText, type Span } from "./codepoints.js";

/** A run of text of one kind. */
export interface Part {
  text: string;
  /** Whether it belongs to the quote. */
  quoted: boolean;
  /** The depth of the heading it belongs to, from 1. */
  heading: number | null;
}

/** A piece of the document that is laid out on its own. */
export interface Block {
  /** The page that begins with this block. */
  opens: number | null;
  parts: Part[];
}

/** Past this many UTF-16 units a block ends at the next line, so that the browser lays out only what is seen. */
const LONG = 6000;

/**
 * The document's blocks, in order. Their parts, joined, are the text, whole and unchanged.
 *
 * What stands between two pages goes with the page before it. Pages and headings that do not fit the text are left out.
 */
export function layout(document: Pick<DocumentText, "pages" | "headings">, text: CodePointText, quote: Span | null): Block[] {
  const pages = document.pages.filter((page) => text.fits(page.span)).sort((a, b) => a.span.start - b.span.start);
  const headings = document.headings.filter((heading) => text.fits(heading.span)).sort((a, b) => a.span.start - b.span.start);
  const spans = [...headings.map((heading) => heading.span), ...(quote === null ? [] : [quote])];
  const ends = [0, text.length, ...pages.map((page) => page.span.start), ...spans.flatMap((span) => [span.start, span.end])];
  const points = [...new Set(ends)].sort((a, b) => a - b);

  const blocks: Block[] = [];
  let nextPage = 0;
  let nextHeading = 0;
  const openPagesUpTo = (point: number): void => {
    for (let page = pages[nextPage]; page !== undefined && page.span.start <= point; page = pages[(nextPage += 1)]) {
      blocks.push({ opens: page.number, parts: [] });
    }
  };
  points.forEach((start, i) => {
    openPagesUpTo(start);
    const end = points[i + 1];
    if (end === undefined) return;
    while ((headings[nextHeading]?.span.end ?? Infinity) <= start) nextHeading += 1;
    const heading = headings[nextHeading];
    const kind = {
      quoted: quote !== null && quote.start <= start && start < quote.end,
      heading: heading !== undefined && heading.span.start <= start ? heading.level : null,
    };
    append(blocks, text.slice({ start, end }) ?? "", kind);
  });
  return blocks;
}

/** Adds text to the last block, and begins a new one wherever that has become long. */
function append(blocks: Block[], text: string, kind: Omit<Part, "text">): void {
  let rest = text;
  while (rest !== "") {
    let block = blocks.at(-1);
    const last = block?.parts.at(-1)?.text;
    if (block === undefined || (last !== undefined && last.endsWith("\n") && size(block) >= LONG)) {
      block = { opens: null, parts: [] };
      blocks.push(block);
    }
    const line = rest.indexOf("\n", Math.max(LONG - size(block), 0));
    const end = line < 0 ? rest.length : line + 1;
    block.parts.push({ text: rest.slice(0, end), ...kind });
    rest = rest.slice(end);
  }
}

function size(block: Block): number {
  return block.parts.reduce((sum, part) => sum + part.text.length, 0);
}

/** The first page that `span` touches, or `null` where there are no pages. */
export function pageOf(pages: DocumentText["pages"], span: Span): number | null {
  const touched = pages.find((page) => page.span.start < span.end && span.start < page.span.end);
  return touched?.number ?? null;
}
