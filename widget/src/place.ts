// The address of a place in a document, as links to the viewer carry it: made, read and checked here.

import { CodePointText, type Span } from "./codepoints.js";

/** What a link to the viewer says. */
export interface Place {
  /** The document's id; `null` where the link names none. */
  document: string | null;
  /** The words to show, in code points of the canonical text; `NaN` stands for what is not a number. */
  span: Span | null;
  /** The page it should be on, from 1. */
  page: number | null;
  /** The words' checksum: it finds out a document that changed after the link was made. */
  sum: string | null;
}

/** What is at the place: nothing was asked for, the words, or a fault to be told. */
export type Finding = { kind: "whole" } | { kind: "words"; span: Span } | { kind: "wrong"; message: string };

/** The link to `words`, which stand at `span` of the document. */
export function placeLink(document: string, span: Span, words: string, page: number | null): string {
  const query = new URLSearchParams({ document, start: String(span.start), end: String(span.end) });
  if (page !== null) query.set("page", String(page));
  query.set("sum", checksum(words));
  return `/view?${query}`;
}

/** The link to a whole document. */
export function documentLink(document: string): string {
  return `/view?${new URLSearchParams({ document })}`;
}

/** Reads a link's query. What is there but cannot be read is kept as `NaN`, to be told by `findPlace`. */
export function readPlace(search: string): Place {
  const query = new URLSearchParams(search);
  const number = (name: string): number => (/^\d{1,15}$/.test(query.get(name) ?? "") ? Number(query.get(name)) : NaN);
  return {
    document: query.get("document") || null,
    span: query.has("start") || query.has("end") ? { start: number("start"), end: number("end") } : null,
    page: query.has("page") ? number("page") : null,
    sum: query.get("sum"),
  };
}

/** Looks the place up in the document's text. Words are found only where they certainly are the link's. */
export function findPlace(place: Place, text: CodePointText): Finding {
  if (place.span === null) return { kind: "whole" };
  const { start, end } = place.span;
  if (Number.isNaN(start) || Number.isNaN(end)) {
    return { kind: "wrong", message: "This link's start or end is missing, or is not a number." };
  }
  if (start >= end) {
    return { kind: "wrong", message: `This link's place is empty: it starts at ${start} and ends at ${end}.` };
  }
  const words = text.slice(place.span);
  if (words === null) {
    return {
      kind: "wrong",
      message: `This link points to characters ${start} to ${end}, but the document has only ${text.length}.`,
    };
  }
  if (place.sum !== null && place.sum !== checksum(words)) {
    return {
      kind: "wrong",
      message: "The quoted words no longer stand at this link's place: the document has changed since. Ask again for a fresh link.",
    };
  }
  return { kind: "words", span: place.span };
}

/** FNV-1a, 32 bits, of the words' UTF-8 (http://www.isthe.com/chongo/tech/comp/fnv/): short, and enough to tell edits. */
export function checksum(words: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(words)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}
