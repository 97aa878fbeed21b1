"""Disks that fill at each step of a write: the old state or the new one; with room, the next run succeeds."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.attack.outcome import Outcome
from tests.attack.scene import Scene, carry_here
from tests.attack.trial import Piece, many, scratch, some

TITLE = "full disks: no bytes or no files left at some point of install, update, --into, index"
STEPS = {"install": 9, "update": 7, "into": 5, "index": 4}
"""Each twice: once without bytes, once without names for files."""
CODES = (0, *range(60, 80))
_ROOM = "size=256m,nr_inodes=20000"


def run(scale: float) -> Iterator[Outcome]:
    """Each step is a disk that has that share of the room that a whole run needs; 50 at scale 1."""
    pieces = [
        Piece(f"{kind}, no {what}", 0, max(1, round(steps * scale)))
        for kind, steps in STEPS.items()
        for what in ("bytes", "names")
    ]
    with scratch("disks") as folder:
        carry_here(folder)
        yield from many(partial(_filled, folder), some(pieces, scale))


def _filled(folder: Path, piece: Piece) -> list[Outcome]:
    place = folder / piece.kind.replace(", ", "-").replace(" ", "-")
    (place / "there").mkdir(parents=True)
    kind, _, what = piece.kind.partition(", no ")
    with _disk(place / "there") as disk:
        scene = Scene(folder, place)
        words = scene.begin(kind)
        before, old = _used(disk), scene.seen()
        assert scene.run(words).code == 0
        after, new = _used(disk), scene.seen()
        outcomes = []
        for number in range(piece.first, piece.last):
            share = (number + 0.5) / piece.last
            scene.restore()
            at = 0 if what == "bytes" else 1
            limit = before[at] + round(share * 1.2 * (after[at] - before[at]))
            _remount(disk, f"size={limit}" if what == "bytes" else f"nr_inodes={limit}")
            outcomes.append(_judged(scene, Piece(piece.kind, number, limit), words, (old, new)))
    return outcomes


def _judged(scene: Scene, piece: Piece, words: list[str], states: tuple[str, str]) -> Outcome:
    done, state, half = scene.run(words), scene.seen(), scene.half()
    wrong = done.faults(CODES)
    if state != states[done.code == 0]:
        wrong = wrong or f"ended with {done.code}, but is {state[:200]}"
    if half:
        wrong = wrong or f"left {half}"
    _remount(scene.aim.parent, _ROOM)
    again = scene.run(words)
    if again.code != 0 or scene.seen() != states[1] or scene.half():
        wrong = wrong or f"with room again: {again}"
    return Outcome(piece.kind, f"{piece.first}: {piece.last}", not wrong, wrong or f"ended with {done.code}")


@contextmanager
def _disk(place: Path) -> Iterator[Path]:
    """A file system in memory, whose size can be changed while it is there."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", _ROOM, "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def _remount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


def _used(place: Path) -> tuple[int, int]:
    """Bytes and names that are in use."""
    found = os.statvfs(place)
    return (found.f_blocks - found.f_bfree) * found.f_frsize, found.f_files - found.f_ffree
