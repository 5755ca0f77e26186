"""Makes up rows, lists and notes and asks for what they hold, or do not: `tables.py OUT.jsonl GIVEN.jsonl…`.

In the forms that ingestion gives tables (`Model: …; Size: …`), under a title and a heading every other time. Names are those
of the given passages, plain or made to look like a product's. Four in ten questions ask for a row or a column that is not
there; the others' answer is one cell.
"""

import collections
import json
import random
import re
import sys
from pathlib import Path

COUNT = 4200
MISSING = 0.4
NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)?\b")
FIRST = "Anna Tom Mei Luis Priya Omar Ingrid Jonas Adaeze Chen Sofia Peter Yuki Maria Ali Elif Paul Nina Hugo Lena".split()
LAST = "Berg Silva Chen Nwosu Patel Weber Rossi Novak Larsen Haddad Kim Moreau Costa Ito Brandt Okafor Lopez Wolf Duarte Hahn".split()
MONTHS = "January February March April May June July August September October November December".split()
HEADINGS = ["Overview", "Sizes", "Versions", "What we use", "Table 1", "Limits", "Contacts", "Requirements"]
KINDS = ["Name", "Model", "Product", "Item", "Type", "Place", "Team"]


def one_of(*choices: str):
    return lambda: random.choice(choices)


def date() -> str:
    return f"{random.randint(1, 28)} {random.choice(MONTHS)} {random.randint(1995, 2026)}"


def person() -> str:
    return f"{random.choice(FIRST)} {random.choice(LAST)}"


def number() -> str:
    small, large = str(random.randint(2, 99)), f"{random.randint(1, 9)},{random.randint(100, 999)}"
    return random.choice([small, large, f"{random.uniform(0.1, 99):.1f}", str(random.randint(100, 900))])


def of(*units: str):
    return lambda: number() + random.choice(units)


COLUMNS = [
    ("Released", date, ["When was {} released?", "On what day did {} come out?", "What is the release date of {}?"]),
    ("Owner", person, ["Who owns {}?", "Who is responsible for {}?"]),
    ("Price", lambda: random.choice("$€") + number(), ["What does {} cost?", "How much is {}?", "What is the price of {}?"]),
    ("Size", of(" GB", " MB", " TB"), ["How big is {}?", "What is the size of {}?", "How many gigabytes does {} take?"]),
    ("Weight", of(" kg", " g", " tonnes"), ["How heavy is {}?", "What does {} weigh?"]),
    ("Port", lambda: str(random.randint(1000, 65000)), ["Which port does {} use?", "On which port does {} listen?"]),
    ("Licence", one_of("MIT", "Apache-2.0", "GPL-3.0", "BSD-3-Clause", "CC BY 4.0", "proprietary"), ["Under which licence is {}?", "What licence does {} have?"]),
    ("Parameters", of(" billion", " million"), ["How many parameters does {} have?"]),
    ("Memory", of(" GB"), ["How much memory does {} need?"]),
    ("Context", one_of("2,048 tokens", "4,096 tokens", "8,192 tokens", "32,768 tokens", "128,000 tokens"), ["How long is the context of {}?"]),
    ("Author", person, ["Who wrote {}?", "Who is the author of {}?"]),
    ("Founded", lambda: str(random.randint(1780, 2020)), ["When was {} founded?", "In what year was {} founded?"]),
    ("Population", lambda: f"{random.randint(1, 900)},{random.randint(100, 999)}", ["How many people live in {}?", "What is the population of {}?"]),
    ("Temperature", lambda: f"{random.randint(-40, 300)} °C", ["At what temperature does {} work?", "What temperature should be used with {}?"]),
    ("Status", one_of("in use", "retired", "planned", "on trial", "withdrawn"), ["What is the status of {}?"]),
    ("Contact", person, ["Who is the contact for {}?", "Whom do I ask about {}?"]),
    ("Limit", of(" MB", " requests a minute", " users", " pages"), ["What is the limit of {}?"]),
    ("Duration", of(" minutes", " hours", " days", " weeks"), ["How long does {} take?"]),
    ("Score", lambda: f"{random.uniform(20, 99):.1f}", ["What score did {} get?", "What does {} score?"]),
    ("Colour", one_of(*"red blue green black white silver grey".split()), ["What colour is {}?"]),
    ("Version", lambda: ".".join(str(random.randint(0, 12)) for _ in range(3)), ["Which version of {} do we use?"]),
    ("Floor", one_of("ground", "first", "second", "third"), ["On which floor is {}?"]),
    ("Command", lambda: f"`{random.choice(['run', 'make', 'sync', 'pull'])} --{random.choice(['all', 'fast', 'force'])}`", ["What do I type for {}?"]),
]


def thing(names: list[str]) -> str:
    plain, chance = random.choice(names), random.random()
    if chance < 0.45:
        return plain
    word = plain.split()[0]
    if chance < 0.75:
        size = random.choice(["", f" {random.choice([1, 3, 7, 8, 13, 32, 70])}B", " Pro", " Mini"])
        return f"{word} {random.choice([1, 2, 3, 4, 1.5, 2.1, 2.5, 3.2])}{size}"
    return f"{word}-{random.choice(['V2', 'V3', 'Base', 'Small', '7B', 'XL', 'R1'])}"


def another(name: str, rows: list[str], names: list[str]) -> str:
    """One that is not there, every other time of the same name with another number."""
    while True:
        other = thing(names) if random.random() < 0.5 else re.sub(r"\d+(\.\d+)?", lambda _: str(random.randint(1, 9)), name)
        if other not in rows:
            return other


def line_of(form: str, kind: str, row: str, cells: dict[str, str]) -> str:
    if form == "row":
        return "; ".join([f"{kind}: {row}", *(f"{column}: {cell}" for column, cell in cells.items())])
    if form == "list":
        return f"- {row} (" + ", ".join(f"{column.lower()}: {cell}" for column, cell in cells.items()) + ")"
    if form == "sentence":
        return f"{row}: " + ", ".join(f"{column.lower()} {cell}" for column, cell in cells.items())
    return "\n".join(f"{column}: {cell}" for column, cell in cells.items())


def made(names: list[str]) -> dict | None:
    columns = random.sample(COLUMNS, random.randint(2, 5))
    rows = list(dict.fromkeys(thing(names) for _ in range(random.randint(2, 7))))
    form, kind = random.choice(["row", "row", "row", "list", "sentence", "note"]), random.choice(KINDS)
    title, heading = random.choice(names), random.choice([*HEADINGS, random.choice(names)])
    row, (column, _, asked) = random.choice(rows), random.choice(columns)
    if form == "note":
        rows, title = [row], row
    is_there, name = random.random() >= MISSING, row
    if not is_there and random.random() < 0.55:
        name = another(row, rows, names)
    elif not is_there:
        asked = random.choice([other for other in COLUMNS if other not in columns])[2]
    text, start, answer = f"{title}\n{heading}\n" if form == "note" or random.random() < 0.6 else "", None, None
    for other in rows:
        cells = {column: value() for column, value, _ in columns}
        line = line_of(form, kind, other, cells)
        if other == row:
            answer = cells[column]
            found = re.search(rf"\b{column}:? {re.escape(answer)}", line, re.IGNORECASE)
            start = found and len(text) + found.end() - len(answer)
        text += line + "\n"
    if is_there and start is None:
        return None
    answers = [{"text": answer, "start": start}] if is_there else []
    return {"question": random.choice(asked).format(name), "context": text.rstrip(), "answers": answers, "title": None, "source": "rows"}


def main(target: str, *given: str) -> None:
    random.seed(5)
    contexts = {json.loads(line)["context"] for file in given for line in Path(file).read_text().splitlines()}
    found = collections.Counter(name for context in sorted(contexts) for name in NAME.findall(context))
    names = [name for name in found if 4 < len(name) < 22]
    rows = [row for _ in range(COUNT) if (row := made(names))]
    Path(target).write_text("".join(json.dumps(row) + "\n" for row in rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
