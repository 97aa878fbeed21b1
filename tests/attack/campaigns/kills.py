"""kill -9 at random moments: what is there is old or new, never half, and the next run sweeps the rest."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.attack.outcome import Outcome
from tests.attack.scene import Scene, carry_here
from tests.attack.trial import Piece, many, scratch, some
from tests.support.kills import Kill, carry_pair, joins, patches, splits, started

from parity.pack.singlefile import NAME

TITLE = "kill -9 of installs, updates, rollbacks, --into, patch, join, split, index"
KILLS = {
    "install": 60,
    "update": 60,
    "rollback": 40,
    "into": 50,
    "patch": 35,
    "join": 35,
    "split": 35,
    "index": 35,
}
MOST = 10  # kills in one piece of work
FILES = {"patch": patches, "join": joins, "split": splits}


def run(scale: float) -> Iterator[Outcome]:
    """Each command killed so many times, two commands at once; 350 kills at scale 1."""
    pieces = []
    for kind, count in KILLS.items():
        rounds = max(1, round(count * scale))
        pieces += [Piece(kind, first, min(first + MOST, rounds)) for first in range(0, rounds, MOST)]
    with scratch("kills") as folder:
        carry_here(folder)
        yield from many(partial(_killed, folder), some(pieces, scale, 3))


def _killed(folder: Path, piece: Piece) -> list[Outcome]:
    place = folder / f"{piece.kind}-{piece.first}"
    place.mkdir()
    rounds = piece.last - piece.first
    if piece.kind in FILES:
        carried = carry_pair(place / "carried", 3 << 20)
        kills = list(FILES[piece.kind](carried, place / "out", rounds))
        allowed = {"new", "incomplete" if piece.kind == "split" else "old"}
        return [_told(piece, kill, allowed) for kill in kills]
    return list(_kills(Scene(folder, place), piece))


def _told(piece: Piece, kill: Kill, allowed: set[str]) -> Outcome:
    name = str(piece.first + kill.number)
    return Outcome(
        piece.kind, name, kill.state in allowed, f"{kill.state}{', half done files' if kill.half else ''}"
    )


def _kills(scene: Scene, piece: Piece) -> Iterator[Outcome]:
    """Measure a whole run, then kill so many; after each a whole run must leave nothing behind."""
    words = scene.begin(piece.kind)
    old, begin = scene.seen(), time.monotonic()
    assert scene.run(words).code == 0
    length, new = time.monotonic() - begin, scene.seen()
    for number in range(piece.first, piece.last):
        dice = random.Random(f"{piece.kind} {number}")  # noqa: S311
        scene.restore()
        with started(scene.folder / NAME, *words) as process:
            time.sleep(dice.uniform(0.1, 1.05) * length)
            _kill(process, with_children=bool(number % 2))
        yield _judged(scene, piece.kind, number, words, (old, new))


def _kill(process: subprocess.Popen[bytes], *, with_children: bool) -> None:
    """The process alone, whose children live on, or all of them, as a loss of power would."""
    if with_children:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _judged(scene: Scene, kind: str, number: int, words: list[str], states: tuple[str, str]) -> Outcome:
    state, half = scene.seen(), scene.half()
    old, new = states
    right = state in states
    word = {old: "old", new: "new"}.get(state, f"neither: {state[:200]}")
    if state == old or kind != "rollback":  # a second rollback would go back one more
        again = scene.run(words)
        swept = again.code == 0 and scene.seen() == new and not scene.half()
        right, word = right and swept, word if swept else f"{word}, then {again}, {scene.half()}"
    return Outcome(kind, str(number), right, f"{word}{', half done files' if half else ''}")
