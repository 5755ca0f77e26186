// A stand-in for the footnote server: the built pages and canned answers, chosen by the question's words.
// Run it as `node test/mock-server.mjs [PORT]` to look at the pages; the page test imports it.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const DIST = new URL("../dist/", import.meta.url);
const FILES = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/view": ["view.html", "text/html; charset=utf-8"],
  "/app.js": ["app.js", "text/javascript; charset=utf-8"],
  "/view.js": ["view.js", "text/javascript; charset=utf-8"],
  "/style.css": ["style.css", "text/css; charset=utf-8"],
};

const ATTACK = `<img src=x onerror="document.title='attacked'"> [1]`;

const PAGES = [
  "Eiffel Tower 😀\n\nThe tower was the main exhibit of the 1889 Exposition Universelle.\nIt celebrated the centenary of the French Revolution.\n",
  "Construction\n\nWork on the foundations began on 28 January 1887. The main structural work was completed at the end of\nMarch 1889, and on 31 March Gustave Eiffel led a group of officials to the top of the tower, on foot, as the\nlifts were not yet in operation.\n\nThe tower is made of puddled iron, a very pure form of structural iron, and weighs about 7,300 tonnes.\n",
  "Tourism\n\nThe tower has three levels for visitors. Tickets can be bought to climb by stairs or lift to the first and\nsecond levels.\n" + "More than 300 million people have visited the tower since it was completed. 😀\n".repeat(60),
];

function documentOf(id, title, uri, mediaType, pageTexts, headings) {
  const text = pageTexts.join("\n");
  const points = Array.from(text);
  let at = 0;
  const pages = pageTexts.map((page, i) => {
    const span = { start: at, end: at + Array.from(page).length };
    at = span.end + 1;
    return { number: i + 1, span };
  });
  const find = (words) => {
    const start = Array.from(text.slice(0, text.indexOf(words))).length;
    return { start, end: start + Array.from(words).length };
  };
  const places = headings.map(([level, words]) => ({ level, span: find(words) }));
  return { id, title, uri, media_type: mediaType, text, points, pages: mediaType === "application/pdf" ? pages : [], headings: places, find };
}

const TOWER = documentOf("tower", "Eiffel Tower", "file:///library/eiffel-tower.pdf", "application/pdf", PAGES, [
  [1, "Eiffel Tower"], [2, "Construction"], [2, "Tourism"],
]);
const NOTES = documentOf("notes", ATTACK, "file:///library/notes <b>.md", "text/markdown", [`Notes\n\n${ATTACK}\n\nThe lifts came later.`], [[1, "Notes"]]);
const LINES = Array.from({ length: 4000 }, (_, i) => `Line ${i} ${"of a long document ".repeat((i * 7) % 11)}\n`).join("");
const LONG = documentOf("long", "Long", "file:///library/long.txt", "text/plain", [LINES], []);
const DOCUMENTS = [TOWER, NOTES, LONG];

const REFERENCE = ({ id, title, uri, media_type }) => ({ id, title, uri, media_type });

function citation(index, document, quote, answerSpans, verdict) {
  const span = document.find(quote);
  const page = document.pages.find((one) => one.span.start <= span.start && span.start < one.span.end);
  return {
    index, answer_spans: answerSpans, quote, document: REFERENCE(document), chunk_id: `chunk-${index}`,
    pages: page ? { start: page.number, end: page.number } : null, span, boxes: [], support: { verdict, score: 0.9 },
  };
}

function passage(document, text, headings) {
  const { span, pages } = citation(0, document, text, [], "supported");
  return { chunk_id: "c", document: REFERENCE(document), text, span, pages, heading_path: headings, score: 0.4, dense: null, keyword: null };
}

function answer(text, citations, over = {}) {
  return {
    id: "a", answer: text, answerable: true, abstain_reason: null, mode: "generated", citations,
    usage: { prompt_tokens: 212, completion_tokens: 18 },
    timings_ms: { embed: 4, search: 3, rerank: 0, evidence: 6, first_token: 420, generate: 1380, verify: 5, total: 1420 },
    ...over,
  };
}

const QUOTE_1 = "The main structural work was completed at the end of\nMarch 1889, and on 31 March Gustave Eiffel led a group of officials to the top of the tower, on foot, as the\nlifts were not yet in operation.";
const QUOTE_2 = "The tower is made of puddled iron, a very pure form of structural iron, and weighs about 7,300 tonnes.";
const SENTENCES = ["😀 The tower was completed at the end of March 1889 [1].", " It is made of puddled iron and weighs about 7,300 tonnes [2].", " The first visitors climbed on foot, because the lifts came later [1][3]."];
const spansOf = () => {
  let at = 0;
  return SENTENCES.map((sentence) => {
    const length = Array.from(sentence).length;
    const span = { start: at + (sentence.startsWith(" ") ? 1 : 0), end: at + length - 1 };
    at += length;
    return span;
  });
};
const [S1, S2, S3] = spansOf();
const CITATIONS = [
  citation(1, TOWER, QUOTE_1, [S1, S3], "supported"),
  citation(2, TOWER, QUOTE_2, [S2], "supported"),
  citation(3, NOTES, "The lifts came later.", [S3], "partial"),
];
const PASSAGES = [passage(TOWER, QUOTE_1, ["Eiffel Tower", "Construction"]), passage(TOWER, QUOTE_2, ["Construction"]), passage(NOTES, ATTACK, ["Notes"])];

/** The events of a question: `[name, data, pause in ms before it]`. */
function* events(question) {
  yield ["search_results", { passages: PASSAGES }, 20];
  if (/fail/.test(question)) {
    yield ["error", { type: "about:blank", title: "Deadline", status: 503, detail: "The answer took longer than 60 s.", code: "deadline", hint: "raise generation.deadline_s, or ask again" }, 20];
  } else if (/cut/.test(question)) {
    yield ["token", { text: "It was " }, 10];
  } else if (/mayor/.test(question)) {
    const reason = { code: "weak_evidence", message: "No passage says anything about a mayor; the nearest are below." };
    yield ["answer", answer("", [], { answerable: false, abstain_reason: reason, mode: "abstained", citations: [] }), 20];
  } else if (/quote|attack/.test(question)) {
    const text = `${ATTACK} [1]`;
    const quoted = citation(1, NOTES, ATTACK, [{ start: 0, end: Array.from(text).length }], "supported");
    const timings = { ...answer("", []).timings_ms, first_token: null, total: 38 };
    yield ["answer", answer(text, [quoted], { mode: "quoted", timings_ms: timings }), 20];
  } else {
    const told = new Set();
    for (const sentence of SENTENCES) {
      for (const cited of CITATIONS.filter(({ index }) => sentence.includes(`[${index}]`) && !told.has(index))) {
        told.add(cited.index);
        yield ["citation", cited, 5];
      }
      for (const piece of sentence.match(/.{1,9}/gsu)) yield ["token", { text: piece }, /slow/.test(question) ? 150 : 10];
    }
    yield ["answer", answer(SENTENCES.join(""), CITATIONS), 20];
  }
}

async function ask(request, response) {
  let body = "";
  for await (const piece of request) body += piece;
  const { question, stream } = JSON.parse(body);
  if (stream !== true) return problem(response, 400, "bad_request", "the mock server only streams");
  if (/long/.test(question)) return problem(response, 400, "question_too_long", "the question has 9000 characters; the limit is 8000");
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.write(": hello\n\n");
  for (const [name, data, ms] of events(question)) {
    await pause(ms);
    if (response.destroyed) return;
    response.write(`event: ${name}\r\ndata: ${JSON.stringify(data)}\r\n\r\n`);
  }
  response.end();
}

function problem(response, status, code, detail) {
  response.writeHead(status, { "Content-Type": "application/problem+json" });
  response.end(JSON.stringify({ type: "about:blank", title: code, status, detail, code, hint: "put long material into a document and ask about it" }));
}

function json(response, value) {
  response.writeHead(200, { "Content-Type": "application/json" });
  response.end(JSON.stringify(value));
}

function rows() {
  const row = (document, over) => ({ ...REFERENCE(document), status: "indexed", reason: null, pages: document.pages.length, chunks: 4, ...over });
  const failed = { id: "x", title: "", uri: "file:///library/scan.pdf", media_type: "application/pdf" };
  return [row(TOWER), row(NOTES), { ...failed, status: "failed", reason: "scan.pdf: the file is encrypted", pages: 0, chunks: 0 }];
}

async function handle(request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  response.setHeader("Content-Security-Policy", "default-src 'self'");
  response.setHeader("X-Content-Type-Options", "nosniff");
  const file = FILES[pathname];
  if (file) {
    response.writeHead(200, { "Content-Type": file[1] });
    return response.end(await readFile(fileURLToPath(new URL(file[0], DIST))));
  }
  if (request.method === "POST" && pathname === "/ask") return ask(request, response);
  if (pathname === "/documents") return json(response, { documents: rows() });
  if (pathname === "/favicon.ico") return response.writeHead(204).end();
  const [, id] = /^\/documents\/(\w+)\/text$/.exec(pathname) ?? [];
  const document = DOCUMENTS.find((one) => one.id === id);
  if (document) return json(response, { ...REFERENCE(document), text: document.text, pages: document.pages, headings: document.headings });
  return problem(response, 404, "document_unknown", `nothing is at ${pathname}`);
}

/** Starts the server on a port (0: any free one) and gives its base URL and a function that stops it. */
export async function startMock(port = 0) {
  const server = createServer((request, response) => {
    handle(request, response).catch((error) => response.destroy(error));
  });
  await new Promise((done, fail) => server.once("error", fail).listen(port, "127.0.0.1", done));
  const stop = () => new Promise((done) => (server.close(done), server.closeAllConnections()));
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await startMock(Number(process.argv[2] ?? 8099));
  console.log(`mock footnote at ${url}`);
}
