"""Plain Python ingestion: pypdf, a recursive splitter, ONNX Runtime, qdrant-client's local mode.

Written as most such scripts are: one file after the other, whole stages after each other, nothing overlapped.
Prints one line of JSON. The clock starts when the libraries, the model and the tokenizer are loaded.
"""

import argparse
import json
import resource
import time
from pathlib import Path

import numpy
import onnxruntime
from langchain_text_splitters import RecursiveCharacterTextSplitter
from pypdf import PdfReader
from qdrant_client import QdrantClient, models
from tokenizers import Tokenizer


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True, help="folder of model.onnx and tokenizer.json")
    parser.add_argument("--store", type=Path, required=True, help="folder of the vectors")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--by-length", action="store_true", help="batches of texts of similar length")
    parser.add_argument("--chunk-tokens", type=int, default=200)
    parser.add_argument("--read-tokens", type=int, default=256, help="the most that the model reads")
    parser.add_argument("files", type=Path, nargs="+")
    return parser.parse_args()


class Embedder:
    def __init__(self, folder, threads, read_tokens):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(folder / "model.onnx", options, ["CPUExecutionProvider"])
        self.inputs = {node.name for node in self.session.get_inputs()}
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(read_tokens)
        self.tokenizer.enable_padding()

    def __call__(self, texts):
        encoded = self.tokenizer.encode_batch(texts)
        mask = numpy.array([one.attention_mask for one in encoded], dtype=numpy.int64)
        feed = {
            "input_ids": numpy.array([one.ids for one in encoded], dtype=numpy.int64),
            "attention_mask": mask,
            "token_type_ids": numpy.zeros_like(mask),
        }
        hidden = self.session.run(None, {name: feed[name] for name in self.inputs})[0]
        weights = mask[:, :, None].astype(numpy.float32)
        pooled = (hidden * weights).sum(1) / weights.sum(1)
        return pooled / numpy.linalg.norm(pooled, axis=1, keepdims=True)


def main():
    args = arguments()
    embed = Embedder(args.model, args.threads, args.read_tokens)
    counter = Tokenizer.from_file(str(args.model / "tokenizer.json"))
    counter.no_padding()
    counter.no_truncation()
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=args.chunk_tokens,
        chunk_overlap=0,
        length_function=lambda text: len(counter.encode(text, add_special_tokens=False).ids),
    )
    client = QdrantClient(path=str(args.store))
    stages = {}

    def done(stage, since):
        stages[stage] = time.perf_counter() - since
        return time.perf_counter()

    started = at = time.perf_counter()
    pages = []
    for file in args.files:
        for number, page in enumerate(PdfReader(file).pages, 1):
            pages.append((file.name, number, page.extract_text()))
    at = done("read", at)
    chunks = [
        {"file": file, "page": number, "text": text}
        for file, number, whole in pages
        for text in splitter.split_text(whole)
    ]
    at = done("split", at)
    order = list(range(len(chunks)))
    if args.by_length:
        order.sort(key=lambda index: len(chunks[index]["text"]))
    vectors = [None] * len(chunks)
    for start in range(0, len(order), args.batch):
        batch = order[start : start + args.batch]
        for index, vector in zip(batch, embed([chunks[index]["text"] for index in batch])):
            vectors[index] = vector
    at = done("embed", at)
    size = models.VectorParams(size=len(vectors[0]), distance=models.Distance.COSINE)
    client.create_collection("documents", vectors_config=size)
    for start in range(0, len(chunks), 256):
        numbers = range(start, min(start + 256, len(chunks)))
        points = [models.PointStruct(id=n, vector=vectors[n].tolist(), payload=chunks[n]) for n in numbers]
        client.upsert("documents", points)
    done("write", at)
    seconds = time.perf_counter() - started
    client.close()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "documents": len(args.files),
                "pages": len(pages),
                "chunks": len(chunks),
                "seconds": seconds,
                "cpu_seconds": usage.ru_utime + usage.ru_stime,
                "peak_mib": usage.ru_maxrss / 1024,
                "stages": stages,
                "onnxruntime": onnxruntime.__version__,
            }
        )
    )


if __name__ == "__main__":
    main()
