// What went wrong, as the server tells it (RFC 9457 problem JSON) or as the page finds it.

/** An error that a reader can act on. */
export class Problem extends Error {
  /** The server's stable code, or one of the page's own: `unreachable`, `cut_off`, `unreadable`. */
  readonly code: string;
  /** The way out; empty where none is known. */
  readonly hint: string;

  constructor(code: string, message: string, hint = "") {
    super(message);
    this.name = "Problem";
    this.code = code;
    this.hint = hint;
  }
}

/** The problem that a problem JSON tells; `fallback` is said where it tells nothing. */
export function problemFrom(json: unknown, fallback: string): Problem {
  const said = typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
  const word = (key: string): string => (typeof said[key] === "string" ? said[key] : "");
  return new Problem(word("code") || "unknown", word("detail") || word("title") || fallback, word("hint"));
}

/** Any caught error as a problem. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  // fetch and its streams tell every failure of the network by a TypeError without more words.
  if (error instanceof TypeError) {
    return new Problem(
      "unreachable",
      "The footnote server did not answer, or the connection broke.",
      "Check that `footnote serve` is still running, then try again.",
    );
  }
  return new Problem("unknown", error instanceof Error ? error.message : String(error));
}
