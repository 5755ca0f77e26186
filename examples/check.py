#!/usr/bin/env python3
"""Check handbook.qa.jsonl and handbook.turns.jsonl against the handbook. Needs Python 3.9+ and pdftotext
(poppler-utils).

    python3 examples/check.py

Every gold answer has to occur, whatever its case, in every document that the
question names: in the raw text of Markdown and text files, in the visible text
of HTML, and for a PDF on each page that the question names. Conversations have
to have their shape, and documents that exist. Exit status 1 and one line per
fault if anything is wrong.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

HERE = Path(__file__).resolve().parent
HANDBOOK = HERE / "handbook"
QA = HERE / "handbook.qa.jsonl"
TURNS = HERE / "handbook.turns.jsonl"
TURNS_FIELDS = {"id", "history", "question", "standalone", "documents"}
FIELDS = {"id", "question", "answers", "documents", "pages", "answerable", "tags"}


class VisibleText(HTMLParser):
    """Text outside of script and style, entities unescaped."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.hidden, self.parts = 0, []

    def handle_starttag(self, tag, attrs):
        self.hidden += tag in ("script", "style")

    def handle_endtag(self, tag):
        self.hidden -= tag in ("script", "style")

    def handle_data(self, data):
        if not self.hidden:
            self.parts.append(data)


@lru_cache(maxsize=None)
def pages(name):
    """The texts of a document, page by page; one page for what has none."""
    path = HANDBOOK / name
    if path.suffix == ".pdf":
        out = subprocess.run(["pdftotext", "-enc", "UTF-8", str(path), "-"], check=True, capture_output=True)
        # pdftotext ends each page with a form feed
        return [re.sub(r"\s+", " ", page).casefold() for page in out.stdout.decode().split("\f")[:-1]]
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        parser = VisibleText()
        parser.feed(text)
        text = re.sub(r"\s+", " ", "".join(parser.parts))
    return [text.casefold()]


def occurs(answer, text):
    """The answer as whole words: "200" is not found in "1,200" or "2000"."""
    return re.search(r"(?<![\w,.])" + re.escape(answer.casefold()) + r"(?!\w|[,.]\d)", text) is not None


def faults_of(row):
    if set(row) - FIELDS:
        yield f"unknown fields {sorted(set(row) - FIELDS)}"
    if not str(row.get("question", "")).strip():
        yield "no question"
    if not row["answerable"]:
        if row["answers"] or row["documents"] or row.get("pages"):
            yield "not answerable, but has answers, documents or pages"
        return
    if not row["answers"] or not row["documents"]:
        yield "answerable, but without answers or documents"
    for name in row["documents"]:
        if not (HANDBOOK / name).is_file():
            yield f"{name}: no such document"
            continue
        texts = pages(name)
        if name.endswith(".pdf"):
            wanted = row.get("pages", [])
            if not wanted:
                yield f"{name}: a PDF needs pages"
            if any(not 1 <= number <= len(texts) for number in wanted):
                yield f"{name}: has {len(texts)} pages, not {wanted}"
                continue
            texts = [texts[number - 1] for number in wanted]
        elif row.get("pages"):
            yield f"{name}: pages are for PDFs only"
        for answer in row["answers"]:
            if not all(occurs(answer, text) for text in texts):
                yield f"{name}: does not contain {answer!r}"


def faults_of_turns(row):
    if set(row) != TURNS_FIELDS:
        yield f"fields {sorted(set(row) ^ TURNS_FIELDS)} are missing or unknown"
        return
    if not 1 <= len(row["history"]) <= 3 or any(set(turn) != {"question", "answer"} for turn in row["history"]):
        yield "a history has one to three turns of question and answer"
    texts = [row["question"], row["standalone"], *(text for turn in row["history"] for text in turn.values())]
    if not all(isinstance(text, str) and text.strip() == text and text for text in texts):
        yield "an empty or untrimmed text"
    if not row["documents"]:
        yield "no documents"
    yield from (f"{name}: no such document" for name in row["documents"] if not (HANDBOOK / name).is_file())


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def main():
    rows, conversations = lines(QA), lines(TURNS)
    faults = [f"{row['id']}: {fault}" for row in rows for fault in faults_of(row)]
    faults += [f"{row['id']}: {fault}" for row in conversations for fault in faults_of_turns(row)]
    faults += [f"id twice: {v}" for v, n in Counter(row["id"] for row in conversations).items() if n > 1]
    kinds = Counter(row["answerable"] for row in rows)
    if (kinds[True], kinds[False]) != (45, 15):
        faults.append(f"{kinds[True]} answerable and {kinds[False]} unanswerable questions, not 45 and 15")
    for field in ("id", "question"):
        faults += [f"{field} twice: {v}" for v, n in Counter(row[field] for row in rows).items() if n > 1]

    documents = sorted(p.relative_to(HANDBOOK).as_posix() for p in HANDBOOK.rglob("*") if p.is_file())
    used = Counter(name for row in rows for name in row["documents"])
    formats = Counter(Path(name).suffix for row in rows for name in row["documents"][:1])
    for fault in faults:
        print(fault)
    print(f"{len(rows)} questions; first documents by format: {dict(formats.most_common())}")
    print(f"{len(conversations)} conversations")
    print(f"{len(documents)} documents, {len([d for d in documents if used[d]])} of them asked about")
    for name in documents:
        if not used[name]:
            print(f"  no question: {name}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
