"""Packages, fetched with pip: by name, at a pinned version, against a pinned checksum."""

import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from report import fail, say

HERE = Path(__file__).resolve().parent
BUNDLE = HERE / "bundle.txt"
CONVERTER = HERE / "converter.txt"
# The bundle's compiled package is pinned as one wheel per kind of machine, whatever Python runs this script.
TARGET = ["--python-version", "3.11", "--only-binary", ":all:"]
GLIBC = ("2_28", "2_27", "2_17")


class Wheel:
    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, tail: str) -> str:
        """The member whose name has `tail` in it."""
        with zipfile.ZipFile(self.path) as archive:
            return next(name for name in archive.namelist() if tail in f"/{name}")

    def unpack(self, tail: str, to: Path) -> None:
        member = self.find(tail)
        with zipfile.ZipFile(self.path) as archive, archive.open(member) as source, open(to, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)


class Wheels:
    """Wheels and environments of one run, all under `.setup/scratch`."""

    def __init__(self, setup: Path) -> None:
        self.scratch = setup / "scratch"
        self.scratch.mkdir(parents=True, exist_ok=True)
        machine = platform.machine()
        if sys.platform != "linux" or machine not in ("x86_64", "aarch64"):
            fail(
                f"the offline bundle is made for Linux on x86_64 and aarch64, and this is {sys.platform} on {machine}",
                "`footnote models pull` gets the models from Hugging Face; ONNX Runtime 1.24 has to be installed by hand",
            )
        self.platforms = [word for libc in GLIBC for word in ("--platform", f"manylinux_{libc}_{machine}")]

    def fetch(self, package: str, version: str) -> Wheel:
        """The wheel of a package, from an earlier run or from the mirror."""
        folder = self.scratch / f"{package}-{version}"
        if not folder.is_dir():
            say(f"  fetching {package} {version}")
            requirement = self.scratch / f"{package}.txt"
            requirement.write_text(pinned(package, version))
            # pip writes into `.part`; the rename marks the wheel as whole.
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            self.pip(["download", "--no-deps", *TARGET, *self.platforms, "--dest", str(part)], requirement)
            part.rename(folder)
        return Wheel(next(folder.glob("*.whl")))

    def converter(self) -> tuple[list[str], dict[str, str]]:
        """A Python that can `import onnx`: its command and its environment."""
        packages = self.scratch / "converter"
        if not packages.is_dir():
            say("  fetching onnx and numpy, for the conversion")
            part = packages.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            self.pip(["install", "--only-binary", ":all:", "--target", str(part)], CONVERTER)
            part.rename(packages)
        return [sys.executable], {**os.environ, "PYTHONPATH": str(packages)}

    def pip(self, arguments: list[str], requirements: Path) -> None:
        checks = ["--require-hashes", "--disable-pip-version-check", "--no-input", "--quiet"]
        command = [*self.installer(), "-m", "pip", *arguments, *checks, "--requirement", str(requirements)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            fail(f"pip could not fetch {requirements.stem}:\n{done.stderr.strip()}", hint_for(done.stderr))

    def installer(self) -> list[str]:
        """A Python with pip: a virtual environment's own, or the system's where venv is not installed."""
        environment = self.scratch / "venv"
        python = environment / "bin" / "python"
        if not (environment / "pyvenv.cfg").is_file() or not has_pip([str(python)]):
            try:
                # A process of its own, because ensurepip ends the process where Debian left it out.
                command = [sys.executable, "-m", "venv", "--clear", str(environment)]
                subprocess.run(command, check=True, capture_output=True)
            except subprocess.CalledProcessError:
                shutil.rmtree(environment, ignore_errors=True)
        for command in ([str(python)], [sys.executable]):
            if has_pip(command):
                return command
        fail("Python has neither venv nor pip", "install them: `apt-get install python3-venv`, or run `make setup`")


def has_pip(python: list[str]) -> bool:
    try:
        return subprocess.run([*python, "-m", "pip", "--version"], capture_output=True).returncode == 0
    except OSError:
        return False


def pinned(package: str, version: str) -> str:
    """The lines of `bundle.txt` for this package: its version and the checksum of each of its wheels."""
    found = re.search(rf"^{re.escape(package)}=={re.escape(version)} .*(?:\n .*)*", BUNDLE.read_text(), re.MULTILINE)
    if not found:
        fail(
            f"config/models.toml names {package} {version}, and {BUNDLE.name} does not pin it",
            "add the version and its wheels' checksums to scripts/models/bundle.txt",
        )
    return found.group() + "\n"


def hint_for(message: str) -> str:
    if "DO NOT MATCH THE HASHES" in message:
        return "the mirror served another file than the pinned one: do not use it; try another mirror"
    if "No space left" in message:
        return "free some space, or name another folder in FOOTNOTE_MODELS"
    return "is the package index reachable? behind a mirror, set PIP_INDEX_URL; then run `make models` again: it goes on where it stopped"
