// Decoding what the server sends, its errors first of all.

import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";
import { ask, contentUrl, decodeEvent, listDocuments, type AnswerEvent } from "../src/api.js";
import { asProblem, Problem, problemFrom } from "../src/problem.js";

afterEach(() => mock.restoreAll());

function serve(body: string, init: ResponseInit = {}): void {
  mock.method(globalThis, "fetch", async () => new Response(body, init));
}

async function collect(): Promise<AnswerEvent[]> {
  const events: AnswerEvent[] = [];
  for await (const event of ask("why?", new AbortController().signal)) events.push(event);
  return events;
}

test("an error event ends the stream with its message, code and hint", async () => {
  serve('event: token\ndata: {"text":"A"}\n\nevent: error\ndata: {"title":"T","detail":"D","code":"deadline","hint":"H"}\n\n');
  await assert.rejects(collect, { name: "Problem", message: "D", code: "deadline", hint: "H" });
});

test("a stream that ends without an answer is told as cut off", async () => {
  serve('event: token\ndata: {"text":"A"}\n\n');
  await assert.rejects(collect, { code: "cut_off" });
});

test("an event that is not JSON is told, and an unknown one is passed over", () => {
  assert.throws(() => decodeEvent({ name: "token", data: "{" }), { code: "unreadable" });
  assert.equal(decodeEvent({ name: "progress", data: "{" }), null);
});

test("a refused request tells the server's own words, JSON or not", async () => {
  serve('{"title":"T","code":"question_too_long","hint":"ask shorter"}', { status: 400 });
  await assert.rejects(collect, { message: "T", code: "question_too_long", hint: "ask shorter" });
  serve("<html>", { status: 502, statusText: "Bad Gateway" });
  await assert.rejects(listDocuments, { message: "The server answered 502 Bad Gateway.", code: "unknown" });
});

test("a server that is gone is named, with the way out", () => {
  const problem = asProblem(new TypeError("Failed to fetch"));
  assert.equal(problem.code, "unreachable");
  assert.match(problem.hint, /footnote serve/);
  assert.equal(problemFrom(null, "fallback").message, "fallback");
  assert.ok(problemFrom({ detail: 7 }, "fallback") instanceof Problem);
});

test("only PDFs are opened at a page, and ids cannot leave their path", () => {
  const document = { id: "../x", title: "", uri: "", media_type: "application/pdf" };
  assert.equal(contentUrl(document, 3), "/documents/..%2Fx/content#page=3");
  assert.equal(contentUrl({ ...document, media_type: "text/html" }, 3), "/documents/..%2Fx/content");
});
