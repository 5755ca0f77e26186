// Server-sent events: the stream's bytes in, events out, as the HTML standard's section 9.2 parses them.

/** One event. */
export interface SseEvent {
  /** Its name: `message` where the server gave none. */
  name: string;
  /** Its data, lines joined by a line feed. */
  data: string;
}

/** Takes a stream's text in pieces of any size and gives the events that are complete. */
export class SseParser {
  /** The line that has not ended yet. */
  #line = "";
  /** The last piece ended with a carriage return: a line feed at the start of the next belongs to it. */
  #afterReturn = false;
  #name = "";
  #data: string[] = [];

  /** Reads the next piece; gives the events that ended in it. What never ends is never an event. */
  push(piece: string): SseEvent[] {
    const events: SseEvent[] = [];
    const text = this.#afterReturn && piece.startsWith("\n") ? piece.slice(1) : piece;
    if (piece !== "") this.#afterReturn = piece.endsWith("\r");
    let from = 0;
    for (const end of text.matchAll(/\r\n|\r|\n/g)) {
      this.#endLine(this.#line + text.slice(from, end.index), events);
      this.#line = "";
      from = end.index + end[0].length;
    }
    this.#line += text.slice(from);
    return events;
  }

  #endLine(line: string, events: SseEvent[]): void {
    if (line === "") {
      if (this.#data.length > 0) events.push({ name: this.#name || "message", data: this.#data.join("\n") });
      this.#name = "";
      this.#data = [];
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    // A comment has an empty field name. `id` and `retry` serve reconnection: an answer is asked for once.
    if (field === "event") this.#name = value;
    else if (field === "data") this.#data.push(value);
  }
}

/** The events of a response's body, as they arrive. Leaving the loop early closes the stream. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<SseEvent> {
  const parser = new SseParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Already closed or failed streams refuse to be cancelled again, and need not be.
    await reader.cancel().catch(() => undefined);
  }
}
