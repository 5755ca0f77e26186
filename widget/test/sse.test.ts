// Parsing server-sent events.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readEvents, SseParser, type SseEvent } from "../src/sse.js";

function parse(...pieces: string[]): SseEvent[] {
  const parser = new SseParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

const STREAM = [
  ": keep-alive\n\n",
  "event: token\ndata: {\"text\":\"é😀\"}\n\n",
  "event: token\r\ndata: one\r\ndata: two\r\n\r\n",
  "data:no space\rdata:  two spaces\r\r",
  "id: 7\nretry: 10\nunknown: x\ndata\n\n",
].join("");

const EVENTS: SseEvent[] = [
  { name: "token", data: "{\"text\":\"é😀\"}" },
  { name: "token", data: "one\ntwo" },
  { name: "message", data: "no space\n two spaces" },
  { name: "message", data: "" },
];

test("comments, unknown fields, all line ends and data of several lines are read", () => {
  assert.deepEqual(parse(STREAM), EVENTS);
});

test("events are the same wherever the stream is split", () => {
  for (let at = 0; at <= STREAM.length; at += 1) {
    assert.deepEqual(parse(STREAM.slice(0, at), "", STREAM.slice(at)), EVENTS, `split at ${at}`);
  }
  assert.deepEqual(parse(...STREAM.split("")), EVENTS);
});

test("an event without data, and one that never ends, are no events", () => {
  assert.deepEqual(parse("event: token\n\ndata: kept\n\ndata: lost\n"), [{ name: "message", data: "kept" }]);
});

test("a name holds for its own event only", () => {
  assert.deepEqual(parse("event: token\ndata: a\n\ndata: b\n\n").map((event) => event.name), ["token", "message"]);
});

test("characters split between two network pieces arrive whole", async () => {
  const bytes = new TextEncoder().encode(STREAM);
  for (const size of [1, 2, 3, 7]) {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    });
    const read: SseEvent[] = [];
    for await (const event of readEvents(body)) read.push(event);
    assert.deepEqual(read, EVENTS);
  }
});

test("leaving the loop cancels the stream, so that the server stops working", async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("data: x\n\n")),
    cancel: () => void (cancelled = true),
  });
  for await (const _ of readEvents(body)) break;
  assert.ok(cancelled);
});
