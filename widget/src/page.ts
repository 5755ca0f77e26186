// The first page: asks the question, shows the answer as it arrives, and its footnotes.

import { answerElements, lightUp, nearestElements, noteElements, problemElements } from "./answer.js";
import { ask, type Answer, type Citation, type Passage } from "./api.js";
import { startCatalog } from "./catalog.js";
import { byId, show } from "./dom.js";
import { growingSegments, segments, type Segment } from "./footnotes.js";
import { forget, recall, remember } from "./memory.js";
import { asProblem, Problem } from "./problem.js";
import { counted, timingWords } from "./wording.js";

const form = byId("ask", HTMLFormElement);
const question = byId("question", HTMLTextAreaElement);
const stop = byId("stop", HTMLButtonElement);
const status = byId("status", HTMLElement);
const problem = byId("problem", HTMLElement);
const result = byId("result", HTMLElement);
const asked = byId("asked", HTMLElement);
const text = byId("answer", HTMLElement);
const quoted = byId("quoted", HTMLElement);
const notes = byId("notes", HTMLElement);
const noteList = byId("note-list", HTMLOListElement);
const abstained = byId("abstained", HTMLElement);
const reason = byId("reason", HTMLElement);
const nearest = byId("nearest", HTMLElement);
const nearestList = byId("nearest-list", HTMLOListElement);
const timings = byId("timings", HTMLElement);

/** The question under way. A new one, or the stop button, ends it. */
let running: AbortController | null = null;

async function start(words: string): Promise<void> {
  running?.abort();
  const mine = (running = new AbortController());
  clear(words);
  show(stop, true);
  text.setAttribute("aria-busy", "true");
  status.textContent = "Searching the documents …";
  try {
    await follow(words, mine.signal);
    status.textContent = "";
  } catch (error) {
    // Another question has taken the page over: this one's end is nobody's business.
    if (running !== mine) return;
    status.textContent = mine.signal.aborted ? "Stopped. What had been written is shown." : "";
    if (!mine.signal.aborted) showProblem(asProblem(error));
  }
  if (running === mine) finish();
}

async function follow(words: string, signal: AbortSignal): Promise<void> {
  const citations: Citation[] = [];
  let passages: Passage[] = [];
  let written = "";
  for await (const event of ask(words, signal)) {
    // What was already read when the stop came must not be shown after it.
    signal.throwIfAborted();
    if (event.type === "search_results") {
      passages = event.passages;
      status.textContent = `Reading ${counted(passages.length, "passage")} …`;
    } else if (event.type === "answer") {
      showAnswer(event.answer, passages);
      remember({ question: words, answer: event.answer, passages: event.answer.answerable ? [] : passages });
    } else {
      if (event.type === "token") written += event.text;
      else citations.push(event.citation);
      showText(growingSegments(written, citations), citations);
    }
  }
}

function finish(): void {
  running = null;
  if (document.activeElement === stop) question.focus();
  show(stop, false);
  text.setAttribute("aria-busy", "false");
}

function clear(words: string): void {
  forget();
  asked.textContent = words;
  showText([], []);
  for (const part of [problem, quoted, abstained, timings]) show(part, false);
  show(result, true);
}

function showText(parts: Segment[], citations: Citation[]): void {
  const focused = document.activeElement?.closest("[data-note]")?.getAttribute("data-note");
  text.replaceChildren(...answerElements(parts));
  noteList.replaceChildren(...noteElements(citations));
  show(text, parts.length > 0);
  show(notes, citations.length > 0);
  // The elements are new: whoever had tabbed to a footnote stays there.
  if (focused) result.querySelector<HTMLElement>(`[data-note="${CSS.escape(focused)}"] a`)?.focus();
}

/** Shows the whole answer. It counts, whatever the pieces before it said. */
function showAnswer(answer: Answer, passages: Passage[]): void {
  showText(segments(answer.answer, answer.citations), answer.citations);
  show(quoted, answer.mode === "quoted");
  show(abstained, !answer.answerable);
  reason.textContent = answer.abstain_reason?.message ?? "The documents do not answer this question.";
  nearestList.replaceChildren(...nearestElements(passages));
  show(nearest, passages.length > 0);
  timings.textContent = timingWords(answer.timings_ms);
  show(timings, true);
}

function showProblem(what: Problem): void {
  problem.replaceChildren(...problemElements(what));
  show(problem, true);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const words = question.value.trim();
  if (words !== "") return void start(words);
  showProblem(new Problem("question_empty", "The question is empty.", "Ask in a few words."));
  question.focus();
});

question.addEventListener("keydown", (event) => {
  // An Enter that ends the composition of a character (Japanese, Chinese …) asks nothing yet.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

stop.addEventListener("click", () => running?.abort());

function noteOf(target: EventTarget | null): string | null {
  return target instanceof Element ? (target.closest("[data-note]")?.getAttribute("data-note") ?? null) : null;
}

for (const enter of ["pointerover", "focusin"]) {
  result.addEventListener(enter, (event) => lightUp(result, noteOf(event.target)));
}
result.addEventListener("pointerleave", () => lightUp(result, noteOf(document.activeElement)));
result.addEventListener("focusout", () => lightUp(result, null));

// A footnote opens wherever it is clicked; a drag that selects its words does not open it.
noteList.addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || event.target.closest("a") !== null) return;
  if (getSelection()?.isCollapsed === false) return;
  event.target.closest(".note")?.querySelector("a")?.click();
});

const kept = recall();
if (kept !== null) {
  clear(kept.question);
  showAnswer(kept.answer, kept.passages);
  remember(kept);
  question.value = kept.question;
}
startCatalog();
