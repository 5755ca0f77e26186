// The list of documents, in a panel that opens: what the answers can come from, and what could not be read.

import { listDocuments, type DocumentRow } from "./api.js";
import { byId, element } from "./dom.js";
import { documentLink } from "./place.js";
import { asProblem } from "./problem.js";
import { problemElements } from "./answer.js";
import { catalogWords, counted, stateWords } from "./wording.js";

/** Fills the panel now, and again whenever it is opened: ingestion may have gone on. */
export function startCatalog(): void {
  const panel = byId("documents", HTMLDetailsElement);
  void fill();
  panel.addEventListener("toggle", () => {
    if (panel.open) void fill();
  });
}

async function fill(): Promise<void> {
  const summary = byId("documents-summary", HTMLElement);
  const list = byId("documents-list", HTMLUListElement);
  const note = byId("documents-note", HTMLElement);
  try {
    const rows = await listDocuments();
    summary.textContent = catalogWords(rows);
    list.replaceChildren(...sorted(rows).map(rowElement));
    note.replaceChildren(rows.length > 0 ? "" : "Nothing has been ingested yet. Run `footnote ingest FOLDER`, then ask.");
  } catch (error) {
    summary.textContent = "Documents: the list could not be loaded";
    note.replaceChildren(...problemElements(asProblem(error)));
  }
}

/** Those that need a look first, then by title. */
export function sorted(rows: DocumentRow[]): DocumentRow[] {
  const order = ["failed", "skipped", "indexing", "indexed"];
  const rank = (row: DocumentRow): number => order.indexOf(row.status);
  return [...rows].sort((a, b) => rank(a) - rank(b) || a.title.localeCompare(b.title));
}

/** A document's line. Only what has text in the index can be opened. */
export function rowElement(row: DocumentRow): HTMLElement {
  const name = row.title || row.uri;
  const size = [row.pages > 0 ? counted(row.pages, "page") : "", row.chunks > 0 ? counted(row.chunks, "chunk") : ""];
  return element(
    "li",
    { class: `document ${row.status}` },
    row.status === "indexed" ? element("a", { href: documentLink(row.id) }, name) : element("span", { class: "name" }, name),
    element("span", { class: "state" }, [stateWords(row.status), ...size].filter((word) => word !== "").join(" · ")),
    row.reason === null ? null : element("span", { class: "reason" }, row.reason),
    element("span", { class: "uri" }, row.uri),
  );
}
