"""A GGUF file's four-bit blocks as eight-bit ones: `eight_bits.py IN.gguf OUT.gguf`.

Why: llama.cpp multiplies Q4_1 blocks one row at a time; for Q8_0 it has kernels that read a prompt 1.6 times as fast
and write for four readers 1.5 times as much (`footnote-bench engines`, `together`). The weights are the same but for
the rounding to 1/127 of the largest of 32.

`footnote models quantize IN.gguf --to 8 --allow-requantize` writes the same bytes (`generator/src/quantize.rs`); this
is for set-up, which runs before anything is built. Blocks: ggml's (ggml-common.h).
"""

import struct
import sys
from pathlib import Path

import numpy as np

F32, Q4_1, Q8_0 = 0, 3, 8
BLOCK = 32
# llama.cpp's number for a file whose matrices are Q8_0 (`llama_ftype`).
MOSTLY_Q8_0 = 7
# Bytes of a metadata value by its type; 8 is a string, 9 an array.
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
STRING, ARRAY = 8, 9
BYTES_PER_BLOCK = {F32: BLOCK * 4, Q4_1: 20, Q8_0: 34}


class Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from(f"<{form}", self.data, self.at)
        self.at += struct.calcsize(f"<{form}")
        return value

    def text(self) -> str:
        length = self.number("Q")
        self.at += length
        return self.data[self.at - length : self.at].decode()

    def pass_over(self, kind: int) -> None:
        if kind == STRING:
            self.text()
        elif kind == ARRAY:
            inner, length = self.number("I"), self.number("Q")
            for _ in range(length if inner == STRING else 0):
                self.text()
            self.at += 0 if inner == STRING else SIZES[inner] * length
        else:
            self.at += SIZES[kind]


def widened(blocks: bytes) -> bytes:
    """Q4_1 (scale, least, 16 bytes of two weights each) to Q8_0 (scale, 32 bytes)."""
    read = np.frombuffer(blocks, np.dtype([("scale", "<f2"), ("least", "<f2"), ("pairs", "u1", 16)]))
    scale, least = read["scale"].astype(np.float32)[:, None], read["least"].astype(np.float32)[:, None]
    low, high = read["pairs"] & 15, read["pairs"] >> 4
    weights = np.concatenate([low, high], axis=1).astype(np.float32) * scale + least
    step = np.abs(weights).max(axis=1, keepdims=True) / np.float32(127)
    with np.errstate(divide="ignore"):
        inverse = np.where(step != 0, np.float32(1) / step, np.float32(0))
    scaled = (weights * inverse).astype(np.float64)
    # Halves away from zero, as C and Rust round.
    rounded = np.copysign(np.floor(np.abs(scaled) + 0.5), scaled).astype(np.int8)
    out = np.empty(len(read), np.dtype([("scale", "<f2"), ("weights", "i1", BLOCK)]))
    out["scale"], out["weights"] = step[:, 0].astype(np.float16), rounded
    return out.tobytes()


def main(source: str, target: str) -> None:
    reader = Reader(data := Path(source).read_bytes())
    magic, version = reader.number("I"), reader.number("I")
    if data[:4] != b"GGUF" or version != 3:
        raise SystemExit(f"{source}: no GGUF file of version 3 ({magic:#x}, {version})")
    tensors, pairs = reader.number("Q"), reader.number("Q")
    start = reader.at
    file_type, alignment = None, BLOCK
    for _ in range(pairs):
        key, kind = reader.text(), reader.number("I")
        if key == "general.file_type":
            file_type = reader.at
        if key == "general.alignment":
            (alignment,) = struct.unpack_from("<I", data, reader.at)
        reader.pass_over(kind)
    metadata = bytearray(data[start : reader.at])
    if file_type is not None:
        struct.pack_into("<I", metadata, file_type - start, MOSTLY_Q8_0)

    def padded(length: int) -> int:
        return -(-length // alignment) * alignment

    entries = []
    for _ in range(tensors):
        name = reader.text()
        dims = [reader.number("Q") for _ in range(reader.number("I"))]
        kind, offset = reader.number("I"), reader.number("Q")
        if kind not in BYTES_PER_BLOCK:
            raise SystemExit(f"{source}: {name} is of type {kind}, and only F32, Q4_1 and Q8_0 are known here")
        entries.append((offset, name, dims, kind))
    base = padded(reader.at)
    entries.sort()

    infos, contents, at = bytearray(), [], 0
    for offset, name, dims, kind in entries:
        count = int(np.prod(dims, dtype=np.int64))
        content = data[base + offset : base + offset + count * BYTES_PER_BLOCK[kind] // BLOCK]
        if kind == Q4_1:
            kind, content = Q8_0, widened(content)
        infos += struct.pack("<Q", len(name.encode())) + name.encode() + struct.pack("<I", len(dims))
        infos += struct.pack(f"<{len(dims)}Q", *dims) + struct.pack("<IQ", kind, at)
        contents.append(content + bytes(padded(len(content)) - len(content)))
        at += len(contents[-1])
    head = b"GGUF" + struct.pack("<IQQ", 3, tensors, pairs) + metadata + infos
    with open(target, "wb") as out:
        out.write(head + bytes(padded(len(head)) - len(head)))
        out.writelines(contents)


if __name__ == "__main__":
    main(*sys.argv[1:])
