// Cutting an answer into sentences and footnote marks.

import assert from "node:assert/strict";
import { test } from "node:test";
import { growingSegments, segments, type Segment } from "../src/footnotes.js";
import { citation } from "./sample.js";

/** Segments in short: `text{1}` for a piece of footnote 1's sentence, `^1` for its mark. */
function short(parts: Segment[]): string[] {
  return parts.map((part) => {
    if (part.kind === "mark") return `^${part.number}`;
    return part.notes.length > 0 ? `${part.text}{${part.notes.join(",")}}` : part.text;
  });
}

test("marks stand in place of their brackets and the space before", () => {
  const answer = "Completed in 1889 [1]. It is iron [2][1].";
  const citations = [citation(1, [{ start: 0, end: 21 }, { start: 23, end: 40 }]), citation(2, [{ start: 23, end: 40 }])];
  assert.deepEqual(short(segments(answer, citations)), [
    "Completed in 1889{1}", "^1", ". ", "It is iron{1,2}", "^2", "^1", ".",
  ]);
});

test("sentences after emoji are cut by code points", () => {
  const answer = "😀😀 yes [1]. Then 🚀 no [2].";
  const first = { start: 0, end: 6 };
  const second = { start: 12, end: 21 };
  const points = Array.from(answer);
  assert.equal(points.slice(second.start, second.end).join(""), "Then 🚀 no");
  assert.deepEqual(short(segments(answer, [citation(1, [first]), citation(2, [second])])), [
    "😀😀 yes{1}", "^1", ". ", "Then 🚀 no{2}", "^2", ".",
  ]);
});

test("a bracket that a document brought along stays text", () => {
  const answer = "Iron [1] burns, see [7]. Plain [2] text. Last [1].";
  // 7 is no footnote; 2 is one, but of a sentence elsewhere; the first [1] is not within its sentence.
  const citations = [citation(1, [{ start: 41, end: 49 }]), citation(2, [{ start: 41, end: 49 }])];
  assert.deepEqual(short(segments(answer, citations)), ["Iron [1] burns, see [7]. Plain [2] text. ", "Last{1,2}", "^1", "."]);
});

test("a mark may follow its sentence, behind the full stop or behind other marks", () => {
  const citations = [citation(1, [{ start: 0, end: 4 }]), citation(2, [{ start: 0, end: 4 }])];
  assert.deepEqual(short(segments("Done. [1] [2]", citations)), ["Done{1,2}", ".", "^1", "^2"]);
});

test("a mark that is still arriving is held back, and one without its citation yet is shown without a link", () => {
  assert.deepEqual(short(growingSegments("Done [", [])), ["Done"]);
  assert.deepEqual(short(growingSegments("Done [1", [])), ["Done"]);
  const told = growingSegments("Done [1]. And", []);
  assert.deepEqual(short(told), ["Done", "^1", ". And"]);
  assert.equal(told[1]?.kind === "mark" && told[1].citation, null);
});

test("nothing of the answer's text is lost or doubled", () => {
  const answer = "A😀 b [1]; c [2].\n\nD é [1][2] e. [9]";
  const citations = [citation(1, [{ start: 0, end: 8 }, { start: 18, end: 30 }]), citation(2, [{ start: 10, end: 16 }, { start: 20, end: 99 }])];
  const joined = segments(answer, citations).map((part) => (part.kind === "text" ? part.text : `[${part.number}]`)).join("");
  assert.equal(joined.replace(/ (?=\[)/g, ""), answer.replace(/ (?=\[)/g, ""));
});
