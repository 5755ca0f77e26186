// The viewer: a document's canonical text, with the quote marked and in view.

import { problemElements } from "./answer.js";
import { contentUrl, documentText, type DocumentText } from "./api.js";
import { CodePointText } from "./codepoints.js";
import { byId, element, show } from "./dom.js";
import { layout, pageOf, type Block, type Part } from "./layout.js";
import { findPlace, readPlace, type Finding, type Place } from "./place.js";
import { asProblem, Problem } from "./problem.js";

const notice = byId("notice", HTMLElement);
const problem = byId("problem", HTMLElement);
const title = byId("title", HTMLElement);
const uri = byId("uri", HTMLElement);
const links = byId("links", HTMLElement);
const original = byId("original", HTMLAnchorElement);
const toQuote = byId("to-quote", HTMLButtonElement);
const text = byId("text", HTMLElement);

async function open(place: Place): Promise<void> {
  if (place.document === null) {
    throw new Problem("link_incomplete", "This link names no document.", "Open a footnote or a document from the first page.");
  }
  const found = await documentText(place.document);
  const points = new CodePointText(found.text);
  const finding = findPlace(place, points);
  const quote = finding.kind === "words" ? finding.span : null;
  showHead(found, finding, place);
  showNotices(found, finding, place);
  const blocks = layout(found, points, quote).map(blockElement);
  text.replaceChildren(...(blocks.length > 0 ? blocks : [element("p", { class: "empty" }, "This document holds no text.")]));
  if (finding.kind === "words") goToQuote();
  else if (finding.kind === "whole") goToPage(place.page);
}

/** The page that the place is on: of the words where they were found, else the link's, where the document has it. */
function pageAt(found: DocumentText, finding: Finding, place: Place): number | null {
  if (finding.kind === "words") return pageOf(found.pages, finding.span);
  return found.pages.some(({ number }) => number === place.page) ? place.page : null;
}

function showHead(found: DocumentText, finding: Finding, place: Place): void {
  title.textContent = found.title || found.uri;
  uri.textContent = found.uri;
  document.title = `${found.title || found.uri} · footnote`;
  original.href = contentUrl(found, pageAt(found, finding, place));
  show(toQuote, finding.kind === "words");
  show(links, true);
}

function showNotices(found: DocumentText, finding: Finding, place: Place): void {
  const said = notices(finding, pageAt(found, finding, place), place.page);
  notice.replaceChildren(...said.map((words) => element("p", {}, words)));
  show(notice, said.length > 0);
}

/** What a reader must know before trusting the place: `actual` page against the `named` one. */
function notices(finding: Finding, actual: number | null, named: number | null): string[] {
  if (finding.kind === "wrong") return [finding.message, "Nothing is marked. The document follows as it is now."];
  if (named === null || named === actual) return [];
  if (actual === null) return ["This document does not have the page that the link names."];
  return [`The marked words stand on page ${actual}, not on the page that the link names.`];
}

function blockElement(block: Block): HTMLElement {
  const parts = block.parts.map(partNode);
  if (block.opens === null) return element("div", { class: "block" }, ...parts);
  const number = String(block.opens);
  const label = element("p", { class: "page-number" }, `Page ${number}`);
  const blank = block.parts.every((part) => part.text.trim() === "");
  const body = blank ? element("p", { class: "empty" }, "This page holds no text.") : element("div", { class: "block" }, ...parts);
  return element("section", { class: "page", "data-page": number, "aria-label": `Page ${number}` }, label, body);
}

function partNode(part: Part): Node | string {
  const words = part.quoted ? element("mark", { tabindex: "-1" }, part.text) : part.text;
  if (part.heading === null) return words;
  return element("span", { class: "heading", role: "heading", "aria-level": String(part.heading) }, words);
}

function goToQuote(): void {
  const mark = text.querySelector("mark");
  if (mark === null) return;
  mark.focus({ preventScroll: true });
  const fits = mark.getBoundingClientRect().height < 0.8 * innerHeight;
  bringIntoView(mark, fits ? "center" : "start");
}

/**
 * Scrolls, and again while the place still moves: blocks out of sight have only a guessed height until they are
 * laid out, and each scroll makes some of them so.
 */
function bringIntoView(place: Element, block: ScrollLogicalPosition, left = 10): void {
  place.scrollIntoView({ block });
  const top = place.getBoundingClientRect().top;
  const again = (): void => {
    const moved = Math.abs(place.getBoundingClientRect().top - top) > 1;
    if (moved && left > 0) bringIntoView(place, block, left - 1);
  };
  // A frame's scripts run before its layout: the second frame sees what the first one laid out.
  requestAnimationFrame(() => requestAnimationFrame(again));
}

function goToPage(page: number | null): void {
  const place = text.querySelector(`[data-page="${page}"]`);
  if (place !== null) bringIntoView(place, "start");
}

toQuote.addEventListener("click", goToQuote);

// Back to the answer, where the reader came from it: its history entry still holds the answer.
byId("back", HTMLAnchorElement).addEventListener("click", (event) => {
  const from = document.referrer === "" ? null : new URL(document.referrer);
  if (from?.origin !== location.origin || from.pathname !== "/" || history.length < 2) return;
  event.preventDefault();
  history.back();
});

open(readPlace(location.search)).catch((error: unknown) => {
  title.textContent = "The document cannot be shown";
  problem.replaceChildren(...problemElements(asProblem(error)));
  show(problem, true);
});
