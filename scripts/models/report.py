"""How this script speaks: what it does on stdout, what went wrong on stderr with a way out."""

import sys


def say(text: str) -> None:
    print(f"models: {text}", flush=True)


def fail(reason: str, hint: str):
    print(f"error: models: {reason}\nhint: {hint}", file=sys.stderr)
    raise SystemExit(1)
