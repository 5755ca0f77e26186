// A real footnote, in a real browser: the first footnote leads to exactly its quote.
// FOOTNOTE_URL is the running server's base URL, FOOTNOTE_QUESTION a question that its documents answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { launch } from "./chromium.mjs";

/** A laptop without an accelerator may take this long for a whole answer. */
const ANSWER_MS = Number(process.env.FOOTNOTE_ANSWER_MS ?? 180_000);

function needed(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set. Start \`footnote serve\`, then run: FOOTNOTE_URL=http://127.0.0.1:PORT FOOTNOTE_QUESTION="…" npm run test:browser`);
  return value;
}

test("the first footnote of an answer opens its quote, marked, in the document", async () => {
  const url = needed("FOOTNOTE_URL");
  const question = needed("FOOTNOTE_QUESTION");
  const browser = await launch();
  try {
    const page = await browser.newPage();
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(url);
    await page.getByLabel("Your question").fill(question);
    await page.keyboard.press("Enter");
    const problem = page.locator("#problem");
    await page.locator("#timings").or(problem).filter({ visible: true }).first().waitFor({ timeout: ANSWER_MS });
    assert.equal(await problem.isVisible(), false, `the page tells a problem: ${await problem.textContent()}`);

    const notes = page.locator("#note-list li");
    assert.ok((await notes.count()) > 0, `no footnotes; the page says: ${await page.locator("#result").innerText()}`);
    assert.ok((await page.locator("#answer .mark a").count()) > 0, "the answer has footnotes, but its text has no marks");
    const quote = await notes.first().locator(".quote").textContent();
    await notes.first().click();
    await page.waitForURL(/\/view\?document=/);
    await page.locator("mark").first().waitFor();
    const marked = (await page.locator("mark").allTextContents()).join("");
    assert.equal(marked, quote);
    assert.equal(await page.locator("#notice").isVisible(), false, "the viewer warns about this place");
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
});
