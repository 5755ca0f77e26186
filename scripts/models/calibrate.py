"""Measures the activation ranges that `minilm.py` builds into the graph. Not part of set-up.

    calibrate.py MODEL.safetensors TOKENIZER.json TEXT… > activations.json
    calibrate.py MODEL.safetensors TOKENIZER.json QUESTIONS.jsonl > reader-activations.json

Needs numpy, onnx and tokenizers. The committed ranges are of 41,000 tokens: sentences and 256-token passages of
READMEs, change logs, licences, manuals and source code, and some lines in other languages. Against the float model,
on other texts of those kinds, the graph made with them has a mean cosine of 0.9967 and a lowest of 0.990. The reader's
(`reader.py`) are of pairs of `question` and `context`, an object a line.
"""

import json
import sys
from math import erf, sqrt
from pathlib import Path

import numpy as np
from minilm import EPSILON, HEADS, LAYERS, WIDTH, read_safetensors
from reader import LEARNED, merged
from tokenizers import Tokenizer

MAX_TOKENS = 256
SITES = ("attention_in", "attention_out", "ffn_in", "ffn_out")
# The channels that reach far outside of the others' range, where there are such.
OUTLIERS = {"ffn_in": 8, "ffn_out": 8}


class Ranges:
    """The lowest and highest value of every channel, at every input of a matrix product."""

    def __init__(self) -> None:
        self.low, self.high = {}, {}

    def see(self, layer: int, site: str, values: np.ndarray) -> None:
        key = (layer, site)
        self.low[key] = np.minimum(values.min(axis=0), self.low.get(key, 0))
        self.high[key] = np.maximum(values.max(axis=0), self.high.get(key, 0))

    def summary(self, layer: int, site: str) -> dict:
        low, high = self.low[layer, site], self.high[layer, site]
        outliers = np.sort(np.argsort(-np.maximum(-low, high), kind="stable")[: OUTLIERS.get(site, 0)])
        kept = np.setdiff1d(np.arange(low.size), outliers)
        found = {"min": round(float(low[kept].min()), 3), "max": round(float(high[kept].max()), 3)}
        return {**found, "outliers": outliers.tolist()} if outliers.size else found


def norm(weights: dict, prefix: str, value: np.ndarray) -> np.ndarray:
    centred = value - value.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
    return scaled * weights[f"{prefix}.LayerNorm.weight"] + weights[f"{prefix}.LayerNorm.bias"]


def linear(weights: dict, name: str, value: np.ndarray) -> np.ndarray:
    return value @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def run(weights: dict, ids: list[int], kinds: list[int], ranges: Ranges) -> None:
    """The float model over one text."""
    words, positions, types = (
        weights[f"embeddings.{kind}_embeddings.weight"] for kind in ("word", "position", "token_type")
    )
    hidden = norm(weights, "embeddings", words[ids] + positions[: len(ids)] + types[kinds])
    gelu = np.vectorize(lambda x: 0.5 * x * (1 + erf(x / sqrt(2))), otypes=[np.float32])
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}"
        ranges.see(layer, "attention_in", hidden)
        query, key, value = (
            linear(weights, f"{prefix}.attention.self.{part}", hidden).reshape(len(ids), HEADS, -1).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        scores = query @ key.swapaxes(1, 2) / sqrt(WIDTH // HEADS)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        context = (scores / scores.sum(axis=-1, keepdims=True) @ value).swapaxes(0, 1).reshape(len(ids), WIDTH)
        ranges.see(layer, "attention_out", context)
        output = f"{prefix}.attention.output"
        hidden = norm(weights, output, hidden + linear(weights, f"{output}.dense", context))
        ranges.see(layer, "ffn_in", hidden)
        wide = gelu(linear(weights, f"{prefix}.intermediate.dense", hidden))
        ranges.see(layer, "ffn_out", wide)
        hidden = norm(weights, f"{prefix}.output", hidden + linear(weights, f"{prefix}.output.dense", wide))


def texts_of(path: Path) -> list[tuple[str, ...]]:
    """Paragraphs, or pairs of question and passage."""
    text = path.read_text(errors="replace")
    if path.suffix == ".jsonl":
        return [(row["question"], row["context"]) for row in map(json.loads, text.splitlines())]
    return [(paragraph,) for paragraph in text.split("\n\n") if paragraph.strip()]


def main(model: str, vocabulary: str, *texts: str) -> None:
    weights, tokenizer, ranges = read_safetensors(model), Tokenizer.from_file(vocabulary), Ranges()
    if texts[0].endswith(".jsonl"):
        weights = merged(weights, read_safetensors(str(LEARNED)))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    for path in texts:
        for text in texts_of(Path(path)):
            encoded = tokenizer.encode(*text)
            run(weights, encoded.ids, encoded.type_ids, ranges)
    layers = [{site: ranges.summary(layer, site) for site in SITES} for layer in range(LAYERS)]
    json.dump(layers, sys.stdout, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
