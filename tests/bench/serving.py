"""`parity serve` against a plain static server over the very same files: a real uv installs from both."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from tests.bench.ours import Ours
from tests.bench.place import PYTHON_MINOR, MeasurementFailed, Place

_STATIC = Path(__file__).with_name("static.py")
_LINK = re.compile(r'<a href="([^"]+)"')
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Server:
    """A running server; `url` is its simple index."""

    process: subprocess.Popen[str]
    url: str

    def peak_bytes(self) -> int:
        """The most memory it has occupied so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@contextmanager
def started(command: list[str], environment: dict[str, str]) -> Iterator[Server]:
    """A server that says on its first line where it is, until the end of the context."""
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        said = process.stdout.readline() if process.stdout else ""
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        if found is None:
            raise MeasurementFailed(f"the server did not start: {said}")
        yield Server(process, found[0] + "/simple/")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


@contextmanager
def served(ours: Ours, bundle: Path, key: Path) -> Iterator[Server]:
    """`parity serve` over a bundle."""
    command, environment = ours.command("serve", bundle, "--key", key, "--bind", "127.0.0.1:0", "--quiet")
    with started(command, environment) as server:
        yield server


@contextmanager
def plain(folder: Path) -> Iterator[Server]:
    """The static server over a folder that `parity index` wrote."""
    with started([sys.executable, "-I", str(_STATIC), str(folder)], {}) as server:
        yield server


def read_all(url: str) -> int:
    """Read every page and every file of an index; gives the files' bytes."""
    projects = _links(url)
    return sum(_read(file) for project in projects for file in _links(project))


def _links(url: str) -> list[str]:
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - our own server
        return [urljoin(url, link) for link in _LINK.findall(answer.read().decode())]


def _read(url: str) -> int:
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - our own server
        return sum(len(chunk) for chunk in iter(lambda: answer.read(_CHUNK), b""))


class Installs:
    """uv installs a bundle's packages from an index into an empty folder in memory."""

    def __init__(self, place: Place, ours: Ours, folder: Path) -> None:
        self._place = place
        self._uv = ours.uv
        self._folder = folder
        self._lock = folder / "requirements.txt"
        with tarfile.open(ours.bundle) as archive:
            source = archive.extractfile("parity-bundle/requirements.txt")
            self._lock.write_bytes(source.read() if source else b"")

    def seconds(self, url: str) -> float:
        """How long one installation takes, with nothing cached."""
        target = self._folder / "target"
        ran = self._place.child(
            [
                *(self._uv, "pip", "install", "--quiet", "--no-config", "--no-cache", "--index-url", url),
                *("--python", sys.executable, "--python-version", PYTHON_MINOR),
                *("--python-platform", "x86_64-manylinux_2_31", "--only-binary", ":all:"),
                *("--no-deps", "--require-hashes", "-r", self._lock, "--target", target),
            ],
            {"TMPDIR": str(self._folder)},  # where uv keeps what it does not cache
        )
        shutil.rmtree(target)
        return ran.seconds
