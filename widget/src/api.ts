// The server's HTTP API: the shapes of its JSON, and the three calls that the pages make.

import type { Span } from "./codepoints.js";
import { Problem, problemFrom } from "./problem.js";
import { readEvents, type SseEvent } from "./sse.js";

/** The document that something was found in. */
export interface DocumentRef {
  id: string;
  title: string;
  uri: string;
  media_type: string;
}

/** An inclusive range of pages, from 1. */
export interface PageRange {
  start: number;
  end: number;
}

export type Verdict = "supported" | "partial" | "unsupported";

/** Whether a quote bears a sentence out, and what decided. */
export interface Support {
  verdict: Verdict;
  score: number;
  reason?: { code: string; message: string };
}

/** A footnote. All spans are code points. */
export interface Citation {
  index: number;
  answer_spans: Span[];
  quote: string;
  document: DocumentRef;
  pages: PageRange | null;
  span: Span;
  support: Support;
}

/** A retrieved passage. */
export interface Passage {
  document: DocumentRef;
  text: string;
  span: Span;
  pages: PageRange | null;
  heading_path: string[];
}

/** An answer, whole. */
export interface Answer {
  answer: string;
  answerable: boolean;
  abstain_reason: { code: string; message: string } | null;
  mode: "generated" | "quoted" | "abstained";
  citations: Citation[];
  timings_ms: { total: number; first_token: number | null };
}

/** What the stream tells on the way to an answer. */
export type AnswerEvent =
  | { type: "search_results"; passages: Passage[] }
  | { type: "token"; text: string }
  | { type: "citation"; citation: Citation }
  | { type: "answer"; answer: Answer };

/** A document in the catalog. */
export interface DocumentRow extends DocumentRef {
  status: "indexing" | "indexed" | "skipped" | "failed";
  reason: string | null;
  pages: number;
  chunks: number;
}

/** A document's canonical text and the places in it. */
export interface DocumentText extends DocumentRef {
  text: string;
  pages: { number: number; span: Span }[];
  headings: { level: number; span: Span }[];
}

/**
 * Asks, and gives the events as they arrive; the last is the answer.
 * Throws a `Problem`, or the `AbortError` of `signal`.
 */
export async function* ask(question: string, signal: AbortSignal): AsyncGenerator<AnswerEvent> {
  const response = await fetch("/ask", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify({ question, stream: true }),
    signal,
  });
  if (!response.ok || response.body === null) throw await refusal(response);
  for await (const event of readEvents(response.body)) {
    const told = decodeEvent(event);
    if (told === null) continue;
    yield told;
    if (told.type === "answer") return;
  }
  throw new Problem("cut_off", "The answer broke off before its end.", "Ask again; if it stays so, look at the server's log.");
}

/** The event in footnote's terms; `null` for one that this page does not know. Throws what `error` tells. */
export function decodeEvent(event: SseEvent): AnswerEvent | null {
  if (!["search_results", "token", "citation", "answer", "error"].includes(event.name)) return null;
  let data: unknown;
  try {
    data = JSON.parse(event.data);
  } catch {
    throw new Problem("unreadable", `The server sent a "${event.name}" event that is not JSON.`, "Ask again.");
  }
  switch (event.name) {
    case "search_results":
      return { type: "search_results", passages: (data as { passages: Passage[] }).passages };
    case "token":
      return { type: "token", text: (data as { text: string }).text };
    case "citation":
      return { type: "citation", citation: data as Citation };
    case "answer":
      return { type: "answer", answer: data as Answer };
    default:
      throw problemFrom(data, "The server could not answer.");
  }
}

/** All documents of the catalog. */
export async function listDocuments(): Promise<DocumentRow[]> {
  return (await get<{ documents: DocumentRow[] }>("/documents")).documents;
}

/** A document's canonical text. */
export async function documentText(id: string): Promise<DocumentText> {
  return get(`/documents/${encodeURIComponent(id)}/text`);
}

/** Where the document's original file is served. */
export function contentUrl(document: DocumentRef, page: number | null): string {
  const place = page !== null && document.media_type === "application/pdf" ? `#page=${page}` : "";
  return `/documents/${encodeURIComponent(document.id)}/content${place}`;
}

async function get<T>(path: string): Promise<T> {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  if (!response.ok) throw await refusal(response);
  return (await response.json()) as T;
}

async function refusal(response: Response): Promise<Problem> {
  const json: unknown = await response.json().catch(() => null);
  return problemFrom(json, `The server answered ${response.status} ${response.statusText}`.trim() + ".");
}
