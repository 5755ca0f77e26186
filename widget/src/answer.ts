// An answer as elements: sentences with footnote marks, the footnotes, and what is shown where there is no answer.

import type { Citation, Passage, Support } from "./api.js";
import { countCodePoints } from "./codepoints.js";
import { element } from "./dom.js";
import type { Segment } from "./footnotes.js";
import { placeLink } from "./place.js";
import type { Problem } from "./problem.js";
import { pageWords, verdictWords } from "./wording.js";

/** At most this many passages stand in for a missing answer, each cut at `EXCERPT` code points. */
const NEAREST = 5;
const EXCERPT = 320;

/** The answer's text. `data-notes` names the footnotes that a piece leans on; `lightUp` goes by it. */
export function answerElements(segments: Segment[]): (Node | string)[] {
  return segments.map((segment) => {
    const notes = segment.notes.length > 0 ? segment.notes.join(" ") : null;
    if (segment.kind === "text") {
      return notes === null ? segment.text : element("span", { class: "sentence", "data-notes": notes }, segment.text);
    }
    const number = String(segment.number);
    const attributes = { class: "mark", "data-notes": notes, "data-note": number };
    return element("sup", attributes, segment.citation === null ? number : markLink(segment.citation));
  });
}

function markLink(citation: Citation): HTMLElement {
  const attributes = {
    href: citationLink(citation),
    role: "doc-noteref",
    "aria-label": `Footnote ${citation.index}: open ${source(citation)}`,
  };
  return element("a", attributes, String(citation.index));
}

/** The footnotes, in order. A footnote is a list item whose link opens the quote's place. */
export function noteElements(citations: Citation[]): HTMLElement[] {
  return [...citations].sort((a, b) => a.index - b.index).map((citation) => {
    const number = String(citation.index);
    return element(
      "li",
      { class: "note", value: number, "data-notes": number, "data-note": number },
      element("q", { class: "quote" }, citation.quote),
      " ",
      element(
        "span",
        { class: "source" },
        element("a", { href: citationLink(citation) }, source(citation)),
        " ",
        verdictElement(citation.support),
      ),
    );
  });
}

/** The verdict in words; what decided it, for whoever points at it. */
function verdictElement({ verdict, reason }: Support): HTMLElement {
  return element("span", { class: `verdict ${verdict}`, title: reason?.message ?? null }, verdictWords(verdict));
}

function citationLink(citation: Citation): string {
  return placeLink(citation.document.id, citation.span, citation.quote, citation.pages?.start ?? null);
}

function source({ document, pages }: Pick<Citation, "document" | "pages">): string {
  return [document.title || document.uri, pageWords(pages)].filter((word) => word !== "").join(", ");
}

/** The passages that came nearest to a question without an answer. */
export function nearestElements(passages: Passage[]): HTMLElement[] {
  return passages.slice(0, NEAREST).map(({ document, text, span, pages, heading_path }) => {
    const link = placeLink(document.id, span, text, pages?.start ?? null);
    const section = heading_path.filter((heading) => heading !== document.title).join(" › ");
    return element(
      "li",
      { class: "passage" },
      element("a", { href: link }, source({ document, pages })),
      section === "" ? null : element("span", { class: "section" }, section),
      element("p", { class: "excerpt" }, excerpt(text)),
    );
  });
}

/** The beginning of a text, on one line, cut at a word. */
export function excerpt(text: string): string {
  const line = text.trim().replace(/\s+/g, " ");
  if (countCodePoints(line) <= EXCERPT) return line;
  const start = Array.from(line.slice(0, EXCERPT * 2)).slice(0, EXCERPT).join("");
  return `${start.replace(/\s+\S*$/, "")} …`;
}

/** An error's message and its way out. */
export function problemElements(problem: Problem): HTMLElement[] {
  const message = element("p", { class: "message" }, problem.message);
  return problem.hint === "" ? [message] : [message, element("p", { class: "hint" }, `Hint: ${problem.hint}`)];
}

/** Marks one footnote's sentence, mark and note as belonging together; `null` ends that. */
export function lightUp(root: ParentNode, number: string | null): void {
  for (const lit of root.querySelectorAll(".lit")) lit.classList.remove("lit");
  if (number === null) return;
  for (const part of root.querySelectorAll("[data-notes]")) {
    if (part.getAttribute("data-notes")?.split(" ").includes(number)) part.classList.add("lit");
  }
}
