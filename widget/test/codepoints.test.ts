// Cutting texts by code points.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CodePointText, countCodePoints } from "../src/codepoints.js";

test("emoji count as one, whatever JavaScript's length says", () => {
  const text = new CodePointText("a😀b👩‍🚀c");
  assert.equal(text.length, 7); // the astronaut is three: woman, joiner, rocket
  assert.equal(text.slice({ start: 1, end: 2 }), "😀");
  assert.equal(text.slice({ start: 2, end: 3 }), "b");
  assert.equal(text.slice({ start: 3, end: 6 }), "👩‍🚀");
  assert.equal(countCodePoints("😀😀"), 2);
});

test("every span of a long mixed text is cut as Array.from would", () => {
  const text = "aé😀漢\n".repeat(700); // beyond several checkpoints
  const points = Array.from(text);
  const indexed = new CodePointText(text);
  assert.equal(indexed.length, points.length);
  for (let start = 0; start <= points.length; start += 61) {
    for (const length of [0, 1, 5, 1023, 1024, 1025]) {
      const end = Math.min(start + length, points.length);
      assert.equal(indexed.slice({ start, end }), points.slice(start, end).join(""));
    }
  }
});

test("a span that does not fit gives nothing rather than other words", () => {
  for (const text of ["short", "sh😀rt"]) {
    const indexed = new CodePointText(text);
    for (const [start, end] of [[0, 6], [-1, 2], [3, 2], [0.5, 2], [NaN, 2]] as const) {
      assert.equal(indexed.slice({ start, end }), null, `${start}..${end}`);
    }
    assert.equal(indexed.slice({ start: 5, end: 5 }), "");
  }
});
