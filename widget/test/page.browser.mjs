// Both pages in a real browser against the mock server: what needs layout, keys, history and a content policy.
// FOOTNOTE_SHOTS=FOLDER also writes screenshots there.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launch } from "./chromium.mjs";
import { startMock } from "./mock-server.mjs";

const SHOTS = process.env.FOOTNOTE_SHOTS;
if (SHOTS) mkdirSync(SHOTS, { recursive: true });

let mock, browser, page, complaints;
before(async () => {
  mock = await startMock();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await mock?.stop();
});
beforeEach(() => open());
afterEach(async () => {
  await page.close();
  assert.deepEqual(complaints, [], "the browser complained");
});

async function open(settings = {}) {
  await page?.close();
  page = await browser.newPage({ viewport: { width: 1000, height: 900 }, ...settings });
  complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  // Refused requests are logged as errors too, and are part of some tests.
  page.on("console", (message) => message.type() === "error" && !/status of 4\d\d/.test(message.text()) && complaints.push(message.text()));
  await page.goto(mock.url);
}

async function ask(question, done = "#timings") {
  await page.getByLabel("Your question").fill(question);
  await page.keyboard.press("Enter");
  await page.locator(done).waitFor({ state: "visible" });
}

const shot = async (name) => SHOTS && page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
const marked = async () => (await page.locator("mark").allTextContents()).join("");

/** Whether the first mark is in the window, below the bar, once the scrolling has settled. */
async function inView() {
  await page.waitForTimeout(300);
  return page.locator("mark").first().evaluate((mark) => {
    const { top, bottom } = mark.getBoundingClientRect();
    return top >= 48 && (bottom <= innerHeight || top < innerHeight / 2);
  });
}

test("the question box has the focus, Shift + Enter makes a line, Enter asks", async () => {
  await page.keyboard.type("When was it");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("completed?");
  await page.keyboard.press("Enter");
  await page.locator("#timings").waitFor();
  assert.equal(await page.locator("#asked").textContent(), "When was it\ncompleted?");
  assert.equal(await page.locator("#answer").textContent(), "😀 The tower was completed at the end of March 18891. It is made of puddled iron and weighs about 7,300 tonnes2. The first visitors climbed on foot, because the lifts came later13.");
  assert.equal(await page.locator("#note-list li").count(), 3);
  assert.equal(await page.locator("#answer").getAttribute("aria-busy"), "false");
  assert.match(await page.locator("#timings").textContent(), /1\.4 s, first word after 420 ms/);
});

test("a mark under the pointer lights up its sentences and its footnote, and only those", async () => {
  await ask("When?");
  await page.locator("#answer .mark a").first().hover();
  assert.equal(await page.locator(".sentence.lit").count(), 2);
  assert.deepEqual(await page.locator(".note.lit").evaluateAll((notes) => notes.map((note) => note.value)), [1]);
  await shot("hover");
  await page.locator("#question").hover();
  assert.equal(await page.locator(".lit").count(), 0);
  await page.locator("#answer .mark a").nth(1).focus();
  assert.deepEqual(await page.locator(".note.lit").evaluateAll((notes) => notes.map((note) => note.value)), [2]);
});

test("a footnote opens its quote, in view, by click and by Enter, and the way back finds the answer again", async () => {
  await ask("When?");
  const quote = await page.locator("#note-list li .quote").first().textContent();
  await page.locator("#note-list li .quote").first().click();
  await page.locator("mark").first().waitFor();
  assert.equal(await marked(), quote);
  assert.ok(await inView());
  assert.match(await page.locator("#original").getAttribute("href"), /\/documents\/tower\/content#page=2$/);
  assert.equal(await page.locator("#notice").isVisible(), false);
  await shot("viewer");
  await page.locator("#back").click();
  await page.locator("#timings").waitFor();
  assert.equal(await page.locator("#note-list li").count(), 3);
  await page.locator("#answer .mark a").nth(2).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/view/);
  await page.reload();
  await page.locator("mark").first().waitFor();
  assert.equal(await marked(), quote);
});

test("selecting a quote's words does not leave the page", async () => {
  await ask("When?");
  const box = await page.locator("#note-list li .quote").nth(1).boundingBox();
  await page.mouse.move(box.x + 20, box.y + 8);
  await page.mouse.down();
  await page.mouse.move(box.x + 200, box.y + 8, { steps: 4 });
  await page.mouse.up();
  assert.equal(new URL(page.url()).pathname, "/");
});

test("markup in documents is shown, not run", async () => {
  await ask("attack");
  assert.ok((await page.locator("#answer").textContent()).startsWith(`<img src=x onerror="document.title='attacked'">`));
  assert.ok(await page.locator("#quoted").isVisible());
  assert.equal(await page.locator("main img").count(), 0);
  assert.equal(await page.locator("#answer .mark a").count(), await page.locator("#answer .mark").count());
  await page.locator("#note-list a").click();
  await page.locator("mark").first().waitFor();
  assert.match(await marked(), /^<img src=x/);
  assert.equal(await page.locator("img").count(), 0);
  assert.doesNotMatch(await page.title(), /^attacked/);
});

test("no answer is told calmly, with the nearest passages, which open at their place", async () => {
  await ask("Who was mayor?");
  assert.match(await page.locator("#reason").textContent(), /mayor/);
  assert.equal(await page.locator("#nearest-list li").count(), 3);
  assert.equal(await page.locator("#notes").isVisible(), false);
  await shot("abstained");
  await page.locator("#nearest-list a").nth(1).click();
  await page.locator("mark").first().waitFor();
  assert.match(await marked(), /^The tower is made of puddled iron/);
});

test("an error shows its message and hint, before, during and at the end of the stream", async () => {
  await ask("please fail", "#problem");
  assert.equal(await page.locator("#problem").innerText(), "The answer took longer than 60 s.\n\nHint: raise generation.deadline_s, or ask again");
  await shot("error");
  await ask("too long", "#problem");
  assert.match(await page.locator("#problem").innerText(), /limit is 8000/);
  await page.getByLabel("Your question").fill("cut");
  await page.keyboard.press("Enter");
  await page.getByText("broke off").waitFor();
  assert.equal(await page.locator("#answer").textContent(), "It was");
  await page.getByLabel("Your question").fill("  ");
  await page.keyboard.press("Enter");
  await page.getByText("The question is empty.").waitFor();
});

test("stop ends the answer and keeps what was written; a new question replaces an old one", async () => {
  await ask("slow", "#answer .mark");
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("Stopped.").waitFor();
  const kept = await page.locator("#answer").textContent();
  await page.waitForTimeout(500);
  assert.equal(await page.locator("#answer").textContent(), kept);
  assert.equal(await page.locator("#timings").isVisible(), false);
  assert.equal(await page.evaluate(() => document.activeElement.id), "question");
  await ask("slow", "#answer .mark");
  await ask("Who was mayor?");
  await page.waitForTimeout(500);
  assert.equal(await page.locator("#answer").isVisible(), false);
  assert.ok(await page.locator("#abstained").isVisible());
});

test("the documents are listed with what could not be read, and why", async () => {
  const summary = page.locator("#documents-summary");
  await page.getByText("3 documents, 1 could not be read").waitFor();
  await summary.click();
  await page.getByText("the file is encrypted").waitFor();
  assert.match(await page.locator("#documents-list li").first().textContent(), /scan\.pdf\s*could not be read.*encrypted/);
  assert.equal(await page.locator("#documents-list a").count(), 2);
  await shot("documents");
});

test("a server that has gone is named, by the list and by a question", async () => {
  for (const path of ["/documents", "/ask"]) await page.route(`**${path}`, (route) => route.abort());
  await page.locator("#documents-summary").click();
  await page.getByText("the list could not be loaded").waitFor();
  await ask("When?", "#problem");
  assert.match(await page.locator("#problem").innerText(), /did not answer[^]*footnote serve/);
  complaints = complaints.filter((words) => !words.includes("ERR_FAILED"));
});

test("a wrong place marks nothing and says so; another page than the link's is told", async () => {
  for (const [query, words] of [["document=tower&start=10&end=999999", "has only"], ["document=tower&start=9", "missing"], ["document=tower&start=10&end=20&sum=00000000", "has changed"]]) {
    await page.goto(`${mock.url}/view?${query}`);
    await page.locator("#notice").getByText(words).waitFor();
    assert.equal(await page.locator("mark").count(), 0);
    assert.match(await page.locator("#text").textContent(), /puddled iron/);
  }
  await shot("viewer-wrong");
  await page.goto(`${mock.url}/view?document=tower&start=10&end=20&page=3`);
  await page.getByText("stand on page 1").waitFor();
  await page.goto(`${mock.url}/view?document=nothing`);
  await page.locator("#problem").getByText("nothing is at").waitFor();
  await page.goto(`${mock.url}/view`);
  await page.getByText("names no document").waitFor();
});

test("a quote far down a long document comes into view, and so does a page", async () => {
  for (const start of [100_000, 399_000, 10]) {
    await page.goto(`${mock.url}/view?document=long&start=${start}&end=${start + 60}`);
    await page.locator("mark").first().waitFor();
    assert.ok(await inView(), `at ${start}`);
  }
  await page.evaluate(() => scrollTo(0, 99_999));
  await page.getByRole("button", { name: "To the quote" }).click();
  assert.ok(await inView());
  await page.goto(`${mock.url}/view?document=tower&page=3`);
  await page.waitForTimeout(300);
  assert.ok(await page.locator('[data-page="3"]').evaluate((section) => Math.abs(section.getBoundingClientRect().top - 64) < 2));
});

for (const [name, settings] of [["light", {}], ["dark", { colorScheme: "dark" }], ["narrow", { viewport: { width: 360, height: 740 } }]]) {
  test(`nothing overflows the window (${name})`, async () => {
    await open(settings);
    await ask("When was the tower completed, and what is it made of?");
    const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
    assert.ok(await fits());
    await shot(`answer-${name}`);
    await page.locator("#note-list a").nth(1).click();
    await page.locator("mark").first().waitFor();
    assert.ok(await fits());
    assert.ok(await inView());
    if (SHOTS) await page.screenshot({ path: `${SHOTS}/viewer-${name}.png` });
  });
}
