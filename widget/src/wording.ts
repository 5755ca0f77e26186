// How pages, verdicts, states and times are said in words.

import type { Answer, DocumentRow, PageRange, Verdict } from "./api.js";

const VERDICTS: Record<Verdict, string> = {
  supported: "Supported by this quote",
  partial: "Partly supported: the sentence uses other words",
  unsupported: "Not supported by this quote: check it",
};

/** A verdict in words; one that this page does not know is shown as it is. */
export function verdictWords(verdict: Verdict): string {
  return VERDICTS[verdict] ?? verdict;
}

/** `page 3`, `pages 3–4`, or nothing where the format has no pages. */
export function pageWords(pages: PageRange | null): string {
  if (pages === null) return "";
  return pages.start === pages.end ? `page ${pages.start}` : `pages ${pages.start}–${pages.end}`;
}

/** Milliseconds as a reader says them: `85 ms`, `1.4 s`, `75 s`. */
export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  return ms < 9950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

/** The small line under an answer. */
export function timingWords(timings: Answer["timings_ms"]): string {
  const total = `Answered in ${duration(timings.total)}`;
  return timings.first_token === null ? `${total}.` : `${total}, first word after ${duration(timings.first_token)}.`;
}

const STATES: Record<DocumentRow["status"], string> = {
  indexed: "ready",
  indexing: "being read",
  skipped: "skipped",
  failed: "could not be read",
};

/** A document's state in words. */
export function stateWords(status: DocumentRow["status"]): string {
  return STATES[status] ?? status;
}

/** `1 page`, `2 pages`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** The line that stands for the whole catalog: `25 documents, 1 could not be read`. */
export function catalogWords(rows: DocumentRow[]): string {
  const parts = [counted(rows.length, "document")];
  for (const status of ["indexing", "skipped", "failed"] as const) {
    const count = rows.filter((row) => row.status === status).length;
    if (count > 0) parts.push(`${count.toLocaleString("en")} ${stateWords(status)}`);
  }
  return parts.join(", ");
}
