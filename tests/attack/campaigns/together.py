"""Many installations into one place at once: all end, one state is left, whole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.attack.outcome import Outcome
from tests.attack.scene import Scene, carry_here
from tests.attack.trial import Ran, scratch
from tests.support.cli import written_environment

from parity.pack.singlefile import NAME
from parity.portable.errors import OlderBundle

TITLE = "20 installs at once into one prefix, and 20 into one environment"
INPUTS = 20
CODES = (0, OlderBundle.exit_code)


def run(scale: float) -> Iterator[Outcome]:
    """Serials 1 and 2 by turns; whoever comes late with serial 1 is refused."""
    count = max(3, round(INPUTS * scale))
    with scratch("together") as folder:
        carry_here(folder)
        for kind in ("update", "into"):
            place = folder / kind
            place.mkdir()
            yield from _together(Scene(folder, place), kind, count)


def _together(scene: Scene, kind: str, count: int) -> Iterator[Outcome]:
    words = scene.begin(kind)
    older = [word.replace("-2.parity.tar", "-1.parity.tar") for word in words]
    begun = [_start(scene.folder, older if number % 2 else words) for number in range(count)]
    for number, process in enumerate(begun):
        output = process.communicate(timeout=300)[0].decode()
        wrong = Ran(process.returncode, output).faults(CODES)
        yield Outcome(kind, str(number), not wrong, wrong or f"ended with {process.returncode}")
    state, half = scene.seen(), scene.half()
    whole = state == "2.0" and not half
    yield Outcome(f"{kind}, afterwards", "all of them", whole, f"{state}, half done: {half}")


def _start(folder: Path, words: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-B", str(folder / NAME), *words],
        env=written_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
