"""The reader, made of all-MiniLM-L6-v2 and what it learned: `reader.py MODEL.safetensors OUT.onnx`.

It reads a question with a text and gives, for each token, the logits of an answer beginning and ending there; the first
token stands for there being none. `reader.safetensors` beside this script holds the difference to the embedding model
alone: for every matrix two factors of rank 64 in 8 bits, else plain differences. `scripts/reader/` made it, and its README
tells of what. The graph is quantized as the embedding model's is (`minilm.py`), with ranges of its own.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from minilm import MiniLm, read_safetensors

LEARNED = Path(__file__).with_name("reader.safetensors")
# What `compress.py` multiplied the scales by.
SCALED = np.float32(2**12)
ACTIVATIONS = Path(__file__).with_name("reader-activations.json")


def merged(base: dict[str, np.ndarray], learned: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The embedding model's weights with what was learned added to them."""
    weights = dict(base)
    for name, value in learned.items():
        stem, _, kind = name.rpartition(".")
        if kind == "down":
            scale = learned[f"{stem}.scale"] / SCALED
            weights[stem] = weights[stem] + (learned[f"{stem}.up"] * scale) @ value
        elif kind == "added":
            weights[stem] = weights[stem] + value
        elif stem == "head":
            weights[name] = value
    return weights


class Reader(MiniLm):
    def build(self) -> onnx.ModelProto:
        hidden = self.encode()
        for row, name in enumerate(("start_logits", "end_logits")):
            column = self.constant(self.weights["head.weight"][row])
            product = self.node("MatMul", [hidden, column])
            self.node("Add", [product, self.constant(self.weights["head.bias"][row])])
            self.nodes[-1].output[0] = name
        return self.model("reader", {"start_logits": [], "end_logits": []})


def main(source: str, target: str) -> None:
    weights = merged(read_safetensors(source), read_safetensors(str(LEARNED)))
    model = Reader(weights, json.loads(ACTIVATIONS.read_text())).build()
    Path(target).write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
