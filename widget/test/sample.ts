// Citations and documents as the server sends them, for the tests.

import type { Citation } from "../src/api.js";
import type { Span } from "../src/codepoints.js";

/** A citation with this number, of these sentences. */
export function citation(index: number, sentences: Span[], over: Partial<Citation> = {}): Citation {
  return {
    index,
    answer_spans: sentences,
    quote: `quote ${index}`,
    document: { id: "d1", title: "Guide", uri: "file:///guide.pdf", media_type: "application/pdf" },
    pages: { start: 3, end: 3 },
    span: { start: 10, end: 17 },
    support: { verdict: "supported", score: 1 },
    ...over,
  };
}
