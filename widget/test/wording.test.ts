// Figures and states in words.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { DocumentRow } from "../src/api.js";
import { excerpt } from "../src/answer.js";
import { sorted } from "../src/catalog.js";
import { catalogWords, duration, pageWords, timingWords } from "../src/wording.js";

test("times keep two figures", () => {
  assert.deepEqual([0.4, 85.2, 999, 999.6, 1440, 9949, 9960, 75_000].map(duration), [
    "0 ms", "85 ms", "999 ms", "1.0 s", "1.4 s", "9.9 s", "10 s", "75 s",
  ]);
  assert.equal(timingWords({ total: 720, first_token: null }), "Answered in 720 ms.");
  assert.equal(timingWords({ total: 720, first_token: 420 }), "Answered in 720 ms, first word after 420 ms.");
});

test("pages are named where there are any", () => {
  assert.deepEqual([null, { start: 3, end: 3 }, { start: 3, end: 4 }].map(pageWords), ["", "page 3", "pages 3–4"]);
});

test("the catalog's line counts what could not be read, and the list has it first", () => {
  const row = (title: string, status: DocumentRow["status"]): DocumentRow => ({
    id: title, title, uri: title, media_type: "text/plain", status, reason: null, pages: 0, chunks: 1,
  });
  const rows = [row("b", "indexed"), row("a", "indexed"), row("z", "failed"), row("y", "skipped")];
  assert.equal(catalogWords(rows), "4 documents, 1 skipped, 1 could not be read");
  assert.deepEqual(sorted(rows).map(({ title }) => title), ["z", "y", "a", "b"]);
});

test("an excerpt is cut at a word and never inside a character", () => {
  assert.equal(excerpt(" a\n b "), "a b");
  const cut = excerpt("😀 word ".repeat(100));
  assert.ok(cut.endsWith(" …") && !/[\ud800-\udbff](?![\udc00-\udfff])/.test(cut));
  assert.ok(Array.from(cut).length <= 322);
});
