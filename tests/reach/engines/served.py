"""One engine of our own while it serves: how it is started, waited for and ended."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.reach.say import say
from tests.support.engine import ROOT
from tests.support.namespaced import IN_NAMESPACE, PATH, end_namespace

from parity.docker_engine import connect
from parity.errors import EngineUnavailable

STATE = ROOT / ".state" / "reach"
"""Roots and images that are kept from run to run; what an engine has of its own is removed with it."""
_START_SECONDS = 60


class Served(NamedTuple):
    """An engine that answers: its name in the table, and the address of its socket."""

    name: str
    address: str


class NoEngine(Exception):
    """It does not come up; says how its log ends."""


def folder_of(name: str) -> Path:
    """A new folder for an engine of that name; what a killed run left there is removed."""
    folder = STATE / "engines" / name
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


@contextmanager
def served(
    name: str, folder: Path, command: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Run a server in namespaces of its own until it answers at `sock` in its folder, and then the block.

    Afterwards it is killed with all that runs under it, and its folder goes.

    Raises:
        NoEngine: it ended, or did not answer in a minute.
    """
    say(f"reach: starting {name}")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*IN_NAMESPACE, *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={"PATH": PATH, **(environment or {})},
        )
    try:
        address = f"unix://{folder}/sock"
        _wait(process, address, folder / "log")
        yield Served(name, address)
    finally:
        end_namespace(process)
        shutil.rmtree(folder)


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(address):
        if process.poll() is not None or time.monotonic() > deadline:
            raise NoEngine(log.read_text(errors="replace")[-2000:])
        time.sleep(0.2)


def _answers(address: str) -> bool:
    try:
        connect(address).close()
    except EngineUnavailable:
        return False
    return True
