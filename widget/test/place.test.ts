// Links to places: what is written is read again, and nothing but the link's own words is ever found.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CodePointText } from "../src/codepoints.js";
import { checksum, documentLink, findPlace, placeLink, readPlace } from "../src/place.js";

const TEXT = new CodePointText("Café 😀 opens at nine.");
const SPAN = { start: 5, end: 12 };
const WORDS = "😀 opens";

function find(link: string): ReturnType<typeof findPlace> {
  return findPlace(readPlace(new URL(link, "http://localhost").search), TEXT);
}

test("a link leads back to its words", () => {
  const link = placeLink("a b&c", SPAN, WORDS, 3);
  const place = readPlace(new URL(link, "http://localhost").search);
  assert.equal(place.document, "a b&c");
  assert.equal(place.page, 3);
  assert.equal(TEXT.slice(SPAN), WORDS);
  assert.deepEqual(find(link), { kind: "words", span: SPAN });
  assert.deepEqual(find("/view?document=d&start=5&end=12"), { kind: "words", span: SPAN });
});

test("a link without a place shows the whole document", () => {
  assert.deepEqual(find(documentLink("d")), { kind: "whole" });
});

test("a wrong place is told, never marked", () => {
  const wrong = {
    "start=5": /missing/,
    "end=12": /missing/,
    "start=x&end=12": /not a number/,
    "start=-5&end=12": /not a number/,
    "start=1e1&end=12": /not a number/,
    "start=12&end=5": /empty/,
    "start=5&end=5": /empty/,
    "start=5&end=22": /has only 21/,
    "start=900&end=999": /has only 21/,
    [`start=6&end=13&sum=${checksum(WORDS)}`]: /has changed/,
    "start=5&end=12&sum=": /has changed/,
  };
  for (const [query, message] of Object.entries(wrong)) {
    const found = find(`/view?document=d&${query}`);
    assert.equal(found.kind, "wrong", query);
    assert.match(found.kind === "wrong" ? found.message : "", message, query);
  }
});

test("the checksum is FNV-1a of the UTF-8", () => {
  // The reference vectors of the algorithm's authors.
  assert.equal(checksum(""), "811c9dc5");
  assert.equal(checksum("foobar"), "bf9cf968");
});
