// The last answer, kept in the history entry: whoever follows a footnote and comes back finds it again.

import type { Answer, Passage } from "./api.js";

/** What the page needs to show an answer again. */
export interface Remembered {
  question: string;
  answer: Answer;
  passages: Passage[];
}

/** Changes when `Remembered` does, so that a newer page does not read an older page's state. */
const VERSION = 1;

/** Keeps an answer with this visit of the page. */
export function remember(remembered: Remembered): void {
  try {
    history.replaceState({ version: VERSION, remembered }, "");
  } catch {
    // Browsers limit an entry's size; without the entry the way back shows an empty page, and nothing else is lost.
    forget();
  }
}

/** Drops what was kept. */
export function forget(): void {
  history.replaceState(null, "");
}

/** What was kept with this visit, if anything. */
export function recall(): Remembered | null {
  const state = history.state as { version?: number; remembered?: Remembered } | null;
  return state?.version === VERSION ? (state.remembered ?? null) : null;
}
