"""Writes what a fine-tuned model learned beyond all-MiniLM-L6-v2: `compress.py BASE.safetensors TUNED OUT.safetensors [RANK]`.

Each matrix's difference becomes two factors, of the largest singular values (Eckart and Young 1936), in 8 bits with a scale
for each; vectors and the head stay whole, in 16 bits.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

RANK = 64
# The scales are too small for 16 bits as they are.
SCALED = 2.0**12


def main(base: str, tuned: str, target: str, rank: str = str(RANK)) -> None:
    before, after = load_file(base), load_file(f"{tuned}/model.safetensors")
    head = torch.load(f"{tuned}/head.pt")
    learned = {"head.weight": head["weight"], "head.bias": head["bias"]}
    kept = total = 0.0
    for name, weight in after.items():
        delta = (weight - before[name]).float()
        if name == "embeddings.word_embeddings.weight" or not delta.abs().max():
            continue
        if delta.ndim == 1 or min(delta.shape) < int(rank):
            learned[f"{name}.added"] = delta
            continue
        up, singular, down = torch.linalg.svd(delta, full_matrices=False)
        up, largest, down = up[:, : int(rank)], singular[: int(rank)], down[: int(rank)]
        tall, wide = up.abs().amax(dim=0) / 127, down.abs().amax(dim=1) / 127
        learned[f"{name}.up"] = (up / tall).round().to(torch.int8)
        learned[f"{name}.down"] = (down / wide[:, None]).round().to(torch.int8)
        learned[f"{name}.scale"] = largest * tall * wide * SCALED
        kept += float((largest**2).sum())
        total += float((singular**2).sum())
    small = {name: value if value.dtype == torch.int8 else value.half() for name, value in learned.items()}
    save_file({name: value.contiguous() for name, value in small.items()}, target)
    print(f"{kept / total:.3f} of the matrices' squared differences, {Path(target).stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
