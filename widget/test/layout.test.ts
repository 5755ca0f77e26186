// Laying a document out in blocks.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CodePointText } from "../src/codepoints.js";
import { layout, pageOf } from "../src/layout.js";

const TEXT = new CodePointText("Intro 😀\n\nfirst page\n\nSetup\nsecond page");
const PAGES = [
  { number: 1, span: { start: 0, end: 19 } },
  { number: 2, span: { start: 21, end: 38 } },
  { number: 3, span: { start: 38, end: 38 } },
];
const HEADINGS = [{ level: 2, span: { start: 21, end: 26 } }];

function joined(blocks: ReturnType<typeof layout>): string {
  return blocks.flatMap((block) => block.parts.map((part) => part.text)).join("");
}

test("pages, headings and the quote are cut out, and the text stays whole", () => {
  const blocks = layout({ pages: PAGES, headings: HEADINGS }, TEXT, { start: 9, end: 14 });
  assert.deepEqual(blocks.map((block) => block.opens), [1, 2, 3]);
  assert.deepEqual(blocks[0]?.parts.map((part) => [part.text, part.quoted]), [
    ["Intro 😀\n\n", false], ["first", true], [" page\n\n", false],
  ]);
  assert.deepEqual(blocks[1]?.parts.map((part) => [part.text, part.heading]), [["Setup", 2], ["\nsecond page", null]]);
  assert.deepEqual(blocks[2]?.parts, []);
  assert.equal(joined(blocks), TEXT.text);
});

test("a quote across pages and headings is marked whole", () => {
  for (let start = 0; start < TEXT.length; start += 1) {
    for (let end = start + 1; end <= TEXT.length; end += 1) {
      const blocks = layout({ pages: PAGES, headings: HEADINGS }, TEXT, { start, end });
      const marked = blocks.flatMap((block) => block.parts.filter((part) => part.quoted).map((part) => part.text)).join("");
      assert.equal(marked, TEXT.slice({ start, end }), `${start}..${end}`);
      assert.equal(joined(blocks), TEXT.text);
    }
  }
});

test("a long text is laid out in blocks that end at line ends", () => {
  const text = new CodePointText("A line of some length, with é and 😀.\n".repeat(2000));
  const blocks = layout({ pages: [], headings: [] }, text, { start: 30_000, end: 45_000 });
  assert.ok(blocks.length > 8);
  assert.equal(joined(blocks), text.text);
  for (const block of blocks.slice(0, -1)) assert.ok(block.parts.at(-1)?.text.endsWith("\n"));
});

test("text without line ends, pages that do not fit and empty documents are shown as they are", () => {
  const endless = new CodePointText("x".repeat(20_000));
  assert.equal(joined(layout({ pages: [{ number: 1, span: { start: 0, end: 99_999 } }], headings: [] }, endless, null)), endless.text);
  assert.deepEqual(layout({ pages: [], headings: [] }, new CodePointText(""), null), []);
});

test("a span is on the first page that it touches", () => {
  assert.equal(pageOf(PAGES, { start: 18, end: 25 }), 1);
  assert.equal(pageOf(PAGES, { start: 21, end: 22 }), 2);
  assert.equal(pageOf([], { start: 0, end: 5 }), null);
});
