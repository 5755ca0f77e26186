"""Changes questions so that their passage no longer answers them: `augment.py WORDNET.tgz OUT.jsonl GIVEN.jsonl…`.

A name or a number for another, a word for its opposite or for a relative in WordNet, a denial, or the passage without the
sentence that answers. So that a changed word alone gives nothing away, half of the changes are also made in question and
passage alike, which leaves the answer in place.
"""

import collections
import json
import random
import re
import sys
import tarfile
from pathlib import Path

ANTONYMS = Path(__file__).parent.parent.parent / "generator" / "data" / "antonyms.txt"
# Words whose change says little.
COMMON = set(
    "what which when where whose many much long does have been with from that this they were their into after before about "
    "most name other first year years city time people kind type used called made".split()
)
NAME = re.compile(r"\b[A-Z][\w'’.-]*(?:\s+(?:of\s+|the\s+|de\s+)?[A-Z][\w'’-]*)*")
SENTENCE_END = re.compile(r'(?<=[.!?])\s+(?=[A-Z"(])')
ENDINGS = (("ies", "y"), ("es", ""), ("es", "e"), ("s", ""), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"), ("", ""))


class WordNet:
    """Common words with the others of their kind: those right below the same sense."""

    def __init__(self, path: str) -> None:
        self.sense, self.above, self.below = {}, {}, collections.defaultdict(list)
        with tarfile.open(path) as archive:
            files = {Path(member.name).name: member for member in archive.getmembers()}
            lines = lambda name: archive.extractfile(files[name]).read().decode("latin1").splitlines()
            for kind, name in (("n", "noun"), ("v", "verb")):
                for line in lines(f"index.{name}"):
                    self.see_word(kind, line)
                for line in lines(f"data.{name}"):
                    self.see_sense(kind, line)
        for (kind, word), sense in self.sense.items():
            if above := self.above.get((kind, sense)):
                self.below[kind, above].append(word)

    def see_word(self, kind: str, line: str) -> None:
        parts = line.split()
        if line.startswith(" ") or not parts:
            return
        word, pointers = parts[0], int(parts[3])
        if int(parts[5 + pointers]) >= 1 and word.isalpha() and len(word) > 3:
            self.sense.setdefault((kind, word), parts[6 + pointers])

    def see_sense(self, kind: str, line: str) -> None:
        if line.startswith(" ") or not line:
            return
        parts = line.split("|")[0].split()
        at = 4 + 2 * int(parts[3], 16)
        above = [parts[at + 2 + 4 * n] for n in range(int(parts[at])) if parts[at + 1 + 4 * n] == "@"]
        if above:
            self.above[kind, parts[0]] = above[0]

    def relative(self, word: str) -> str | None:
        kinds = random.sample("nv", 2)
        for kind in kinds:
            sense = self.sense.get((kind, word))
            others = [other for other in self.below.get((kind, self.above.get((kind, sense))), []) if other != word]
            if sense and others:
                return random.choice(others)
        return None

    def parts(self, word: str) -> tuple[str, str] | None:
        for ending, stem in ENDINGS:
            if word.endswith(ending) and len(word) > len(ending) + 2:
                base = word[: len(word) - len(ending)] + stem
                if ("n", base) in self.sense or ("v", base) in self.sense:
                    return base, ending
        return None


def inflected(base: str, ending: str) -> str:
    soft = base.endswith("y") and base[-2] not in "aeiou"
    match ending:
        case "s" | "es" | "ies":
            return base[:-1] + "ies" if soft else base + ("es" if re.search("(s|x|ch|sh|z)$", base) else "s")
        case "ed":
            return base[:-1] + "ied" if soft else base + ("d" if base.endswith("e") else "ed")
        case "ing":
            return (base[:-1] if base.endswith("e") and not base.endswith("ee") else base) + "ing"
    return base


def names(text: str) -> list[str]:
    return [found.group(0).rstrip(".'’") for found in NAME.finditer(text)]


def replaced(text: str, old: str, new: str) -> str:
    return re.sub(r"(?<!\w)" + re.escape(old) + r"(?!\w)", lambda _: new, text)


class Changes:
    """Ways to change a question: each gives a pair of old and new words, or nothing."""

    def __init__(self, rows: list[dict], wordnet: str) -> None:
        self.wordnet, self.opposites = WordNet(wordnet), collections.defaultdict(list)
        for line in ANTONYMS.read_text().splitlines():
            words = line.split("#")[0].split()
            if len(words) >= 2:
                self.opposites[words[0]].append(words[1])
                self.opposites[words[1]].append(words[0])
        self.articles, self.names = collections.defaultdict(list), {}
        for row in rows:
            self.articles[article(row)].append(row["context"])

    def name(self, row: dict) -> tuple[str, str] | None:
        asked = row["question"]
        old = [name for name in names(asked) if asked.find(name) > 0 and name in row["context"]]
        if not old:
            return None
        old = random.choice(old)
        fits = lambda new: new not in asked and old not in new and new not in old and abs(len(new.split()) - len(old.split())) <= 1
        new = [name for name in self.names_of(row) if fits(name)]
        # Every other time one that stands in the passage: harder.
        if random.random() < 0.5:
            new = [name for name in names(row["context"]) if name in new] or new
        return (old, random.choice(new)) if new else None

    def names_of(self, row: dict) -> list[str]:
        if article(row) not in self.names:
            contexts = list(dict.fromkeys(self.articles[article(row)]))
            found = (name for context in random.sample(contexts, min(60, len(contexts))) for name in names(context))
            self.names[article(row)] = list(dict.fromkeys(name for name in found if len(name) > 3))
        return self.names[article(row)]

    def number(self, row: dict) -> tuple[str, str] | None:
        found = re.findall(r"\b\d[\d,.]*\d\b|\b\d\b", row["question"])
        if not found:
            return None
        old = random.choice(found)
        digits = re.sub(r"\D", "", old)
        if len(digits) == 4 and digits[0] in "12":
            others = [year for year in re.findall(r"\b\d{4}\b", row["context"]) if year != old]
            near = str(int(digits) + random.choice([-30, -11, -10, -3, -2, -1, 1, 2, 3, 10, 12, 25]))
            return old, random.choice(others) if others and random.random() < 0.5 else near
        return (old, str(max(1, int(digits) + random.choice([-7, -2, -1, 1, 2, 5, 10])))) if len(digits) < 9 else None

    def opposite(self, row: dict) -> tuple[str, str] | None:
        words = [word for word in re.findall(r"[a-z]+", row["question"]) if word in self.opposites and word not in COMMON]
        return (word := random.choice(words), random.choice(self.opposites[word])) if words else None

    def relative(self, row: dict) -> tuple[str, str] | None:
        words = [word for word in re.findall(r"\b[a-z]{4,}\b", row["question"]) if word not in COMMON]
        random.shuffle(words)
        for word in words:
            if (parts := self.wordnet.parts(word)) and (other := self.wordnet.relative(parts[0])):
                return word, inflected(other, parts[1])
        return None


def article(row: dict) -> str:
    return row.get("title") or row["source"]


def denied(question: str) -> str | None:
    for verb in (" did ", " does "):
        if found := re.match(rf"(.*{verb}(?:the |a |an )?\S+ )(.*)$", question):
            return f"{found[1]}not {found[2]}"
    for verb in (" is ", " was ", " are ", " were ", " can "):
        if verb in question:
            return question.replace(verb, " cannot " if verb == " can " else f"{verb}not ", 1)
    return None


def alike(row: dict, old: str, new: str) -> dict | None:
    """The change made in the passage too: the answer stays."""
    answer, context = row["answers"][0], row["context"]
    if any(old in one["text"] or one["text"] in old for one in row["answers"]):
        return None
    end = answer["start"] + len(answer["text"])
    before, behind = replaced(context[: answer["start"]], old, new), replaced(context[end:], old, new)
    if before + behind == context[: answer["start"]] + context[end:]:
        return None
    text = before + answer["text"] + behind
    return {**row, "question": replaced(row["question"], old, new), "context": text, "answers": [{**answer, "start": len(before)}]}


def without_answer(row: dict) -> dict | None:
    """The passage without the sentence that answers."""
    answer, context, start = row["answers"][0], row["context"], 0
    for end in [*(found.end() for found in SENTENCE_END.finditer(context)), len(context)]:
        if start <= answer["start"] < end:
            rest = context[:start] + context[end:]
            is_gone = answer["text"].lower() not in rest.lower()
            return {**row, "context": rest, "answers": []} if is_gone and len(rest) > 120 else None
        start = end
    return None


def changed(row: dict, changes: Changes) -> list[dict | None]:
    chance = random.random()
    if chance < 0.62:
        ways = [changes.name, changes.name, changes.number, changes.opposite, changes.relative]
        random.shuffle(ways)
        said = " ".join(answer["text"] for answer in row["answers"])
        for way in ways:
            pair = way(row)
            if pair and pair[0] != pair[1] and replaced(said, pair[0], "") == said:
                asked = {**row, "question": replaced(row["question"], *pair), "answers": []}
                return [asked, alike(row, *pair) if random.random() < 0.5 else None]
        return []
    if chance < 0.68:
        question = denied(row["question"])
        return [{**row, "question": question, "answers": []}] if question else []
    return [without_answer(row)] if chance < 0.85 else []


def main(wordnet: str, target: str, *given: str) -> None:
    random.seed(3)
    rows = [json.loads(line) for file in given for line in Path(file).read_text().splitlines()]
    changes = Changes(rows, wordnet)
    made = [one for row in rows if row["answers"] for one in changed(row, changes) if one]
    Path(target).write_text("".join(json.dumps(row) + "\n" for row in made))


if __name__ == "__main__":
    main(*sys.argv[1:])
