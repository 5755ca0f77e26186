"""Teaches all-MiniLM-L6-v2 to find answers: `train.py MODEL_FOLDER OUT QUESTIONS.jsonl… [--taught FOLDER] [--rate RATE]`.

The usual way (Devlin et al. 2019): from each token's last hidden state two logits, of an answer's beginning and end, and
the first token for there being none; cross-entropy over both. One epoch, batches of 16 of like length, AdamW, rate 2e-4
with warm-up and a straight way down. The word embeddings stay as they are. `--taught` goes on from what this script wrote
before.
"""

import argparse
import json
import random
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import BertModel

WARM_UP, BATCH, TOKENS, SEED = 0.06, 16, 176, 1
# Of the questions with an answer, asked of another passage of their article as well.
ELSEWHERE = 0.06
# Of the passages with a title, read under it.
TITLED = 0.5


class Reader(nn.Module):
    def __init__(self, folder: str) -> None:
        super().__init__()
        self.bert = BertModel.from_pretrained(folder, add_pooling_layer=False)
        self.head = nn.Linear(self.bert.config.hidden_size, 2)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, ids, types, mask):
        return self.head(self.bert(input_ids=ids, token_type_ids=types, attention_mask=mask).last_hidden_state)


def example(tokenizer: Tokenizer, question: str, context: str, answer: dict | None) -> tuple | None:
    """Ids, types, and the first and last token of the answer (0, 0 for none), cut to a window that holds the answer."""
    encoded = tokenizer.encode(question, context)
    ids, types, first, last = encoded.ids, encoded.type_ids, 0, 0
    if answer:
        begin, end = answer["start"], answer["start"] + len(answer["text"])
        rows = zip(encoded.offsets, types, encoded.special_tokens_mask)
        inside = [at for at, (place, kind, special) in enumerate(rows) if kind and not special and place[0] < end and place[1] > begin]
        if not inside:
            return None
        first, last = inside[0], inside[-1]
    if len(ids) > TOKENS:
        asked = types.index(1)
        room, body = TOKENS - asked - 1, len(ids) - asked - 1
        skipped = random.randint(0, body - room)
        if first:
            before = random.randint(0, max(0, room - 1 - (last - first)))
            skipped = max(0, min(first - asked - before, body - room))
            first, last = first - skipped, last - skipped
        ids = ids[:asked] + ids[asked + skipped : asked + skipped + room] + [ids[-1]]
        types = types[:asked] + [1] * (room + 1)
        if last >= len(ids) - 1:
            return None
    return ids, types, first, last


def examples(tokenizer: Tokenizer, files: list[str]) -> list[tuple]:
    rows = [json.loads(line) for file in files for line in Path(file).read_text().splitlines()]
    random.shuffle(rows)
    articles: dict[str, list[dict]] = {}
    for row in rows:
        articles.setdefault(row.get("title") or row["source"], []).append(row)
    found = []
    for row in rows:
        if row.get("title") and random.random() < TITLED:
            above = row["title"].replace("_", " ") + "\n"
            row["context"] = above + row["context"]
            row["answers"] = [{**answer, "start": answer["start"] + len(above)} for answer in row["answers"]]
        answers = row["answers"]
        found.append(example(tokenizer, row["question"], row["context"], answers[0] if answers else None))
        if answers and random.random() < ELSEWHERE:
            other = random.choice(articles[row.get("title") or row["source"]])["context"]
            if other != row["context"] and not any(answer["text"].lower() in other.lower() for answer in answers):
                found.append(example(tokenizer, row["question"], other, None))
    return [one for one in found if one]


def batches(found: list[tuple]):
    """Texts of like length together, so that little is padding."""
    random.shuffle(found)
    for start in range(0, len(found), BATCH * 32):
        pool = sorted(found[start : start + BATCH * 32], key=lambda one: len(one[0]))
        together = [pool[at : at + BATCH] for at in range(0, len(pool), BATCH)]
        random.shuffle(together)
        yield from together


def tensors(batch: list[tuple]) -> tuple:
    longest = max(len(ids) for ids, *_ in batch)
    padded = [(ids + [0] * (longest - len(ids)), types + [0] * (longest - len(types)), len(ids)) for ids, types, *_ in batch]
    ids, types = (torch.tensor([row[part] for row in padded]) for part in (0, 1))
    mask = torch.tensor([[1] * length + [0] * (longest - length) for *_, length in padded])
    return ids, types, mask


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("out")
    parser.add_argument("questions", nargs="+")
    parser.add_argument("--taught")
    parser.add_argument("--rate", type=float, default=2e-4)
    options = parser.parse_args()
    torch.manual_seed(SEED)
    random.seed(SEED)
    tokenizer = Tokenizer.from_file(f"{options.folder}/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.no_truncation()
    found = examples(tokenizer, options.questions)
    model = Reader(options.taught or options.folder).train()
    if options.taught:
        model.head.load_state_dict(torch.load(f"{options.taught}/head.pt"))
    model.bert.embeddings.word_embeddings.weight.requires_grad_(False)
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=options.rate, weight_decay=0.01)
    steps, began, loss_of = len(found) // BATCH, time.time(), nn.functional.cross_entropy
    for step, batch in enumerate(batches(found)):
        pace = min(1, (step + 1) / (WARM_UP * steps + 1)) * max(0.02, 1 - step / steps)
        for group in optimizer.param_groups:
            group["lr"] = options.rate * pace
        ids, types, mask = tensors(batch)
        allowed = (types == 1) & (mask == 1)
        allowed[:, 0] = True
        logits = model(ids, types, mask).masked_fill(~allowed.unsqueeze(-1), -1e4)
        places = [torch.tensor([one[part] for one in batch]) for part in (2, 3)]
        loss = (loss_of(logits[..., 0], places[0]) + loss_of(logits[..., 1], places[1])) / 2
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        if step % 50 == 0:
            print(f"{step}/{steps} loss {loss.item():.3f} {time.time() - began:.0f} s", flush=True)
    model.bert.save_pretrained(options.out)
    torch.save(model.head.state_dict(), f"{options.out}/head.pt")


if __name__ == "__main__":
    main()
