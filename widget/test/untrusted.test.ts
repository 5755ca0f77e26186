// Documents are not trusted: markup in them must reach the page as text.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { answerElements, nearestElements, noteElements, problemElements } from "../src/answer.js";
import { rowElement } from "../src/catalog.js";
import { segments } from "../src/footnotes.js";
import { Problem } from "../src/problem.js";
import { citation } from "./sample.js";

declare const WIDGET_FOLDER: string;

/** As much of an element as the renderers may use: attributes and children, no way to parse markup. */
class PlainElement {
  readonly attributes = new Map<string, string>();
  readonly children: (PlainElement | string)[] = [];
  constructor(readonly tag: string) {}
  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }
  append(...children: (PlainElement | string)[]): void {
    this.children.push(...children);
  }
  get textContent(): string {
    return this.children.map((child) => (typeof child === "string" ? child : child.textContent)).join("");
  }
  *all(): Generator<PlainElement> {
    yield this;
    for (const child of this.children) if (typeof child !== "string") yield* child.all();
  }
}

const ATTACK = `<img src=x onerror="alert(1)"><script>alert(2)</script>"javascript:alert(3)`;
const known = globalThis.document;
before(() => void Object.assign(globalThis, { document: { createElement: (tag: string) => new PlainElement(tag) } }));
after(() => void Object.assign(globalThis, { document: known }));

function rendered(): PlainElement[] {
  const document = { id: ATTACK, title: ATTACK, uri: `javascript:${ATTACK}`, media_type: ATTACK };
  const cited = citation(1, [{ start: 0, end: 200 }], { quote: ATTACK, document });
  const passage = { document, span: { start: 0, end: 5 }, text: ATTACK, heading_path: [ATTACK], pages: null };
  const made: unknown[] = [
    ...answerElements(segments(`${ATTACK} [1]`, [cited])),
    ...noteElements([cited]),
    ...nearestElements([passage]),
    ...problemElements(new Problem("x", ATTACK, ATTACK)),
    rowElement({ ...document, status: "indexed", reason: ATTACK, pages: 1, chunks: 1 }),
  ];
  return made.filter((node) => node instanceof PlainElement);
}

test("markup in answers, quotes, titles, sections, reasons and errors stays text", () => {
  const all = rendered().flatMap((node) => [...node.all()]);
  const tags = new Set(all.map((node) => node.tag));
  assert.deepEqual([...tags].filter((tag) => ["img", "script"].includes(tag)), []);
  assert.ok(all.filter((node) => node.textContent.includes(ATTACK)).length >= 8);
});

test("no link leads to what a document chose, and no attribute runs a script", () => {
  for (const node of rendered().flatMap((one) => [...one.all()])) {
    for (const [name, value] of node.attributes) {
      assert.ok(!name.startsWith("on") && name !== "style", name);
      if (name === "href") assert.match(value, /^\/view\?document=%3Cimg/);
    }
  }
});

test("no source file parses markup, and no page holds scripts or styles of its own", () => {
  const read = (folder: string): [string, string][] =>
    readdirSync(join(WIDGET_FOLDER, folder)).map((name) => [name, readFileSync(join(WIDGET_FOLDER, folder, name), "utf8")]);
  const sources = read("src");
  assert.ok(sources.length > 5);
  for (const [name, source] of sources) {
    assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\b/, name);
  }
  for (const [name, page] of read("pages").filter(([name]) => name.endsWith(".html"))) {
    assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|https?:/, name);
  }
});
