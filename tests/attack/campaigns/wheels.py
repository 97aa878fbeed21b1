"""Hostile wheels: the corpus and random mutants of it, judged; what is accepted is installed for real.

A wheel that is accepted may write modules, scripts and data. It may not change how the environment's
interpreter starts, nor what was there before, nor write outside: `tests.support.guarded` looks.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.attack.outcome import Outcome
from tests.support.evil_wheel import Hostile, evil
from tests.support.guarded import Guarded
from tests.support.hostile import hostile_wheels
from tests.support.mutants import mutant
from tests.support.real_places import REAL

from parity.portable.wheel.wheel import judge

TITLE = "hostile wheels against the judge, and those accepted against an environment"
_MUTANTS = 20000
_TOGETHER = 50
"""How many accepted wheels share an environment before it is looked at."""


def run(scale: float) -> Iterator[Outcome]:
    """Judge the corpus, real wheels' places and mutants."""
    with tempfile.TemporaryDirectory(prefix="attack-wheels-") as name:
        folder = Path(name)
        corpus = hostile_wheels()
        for attack in corpus:
            kinds = _judged(folder, attack)
            yield Outcome(attack.kind, attack.what, attack.kind in kinds, _ended(kinds))
        for place in REAL:
            good = Hostile(place, "good", evil({f"evil-1.0.data/{place}": b"#!python\n"}).data())
            kinds = _judged(folder, good)
            yield Outcome("good", place, not kinds, _ended(kinds))
        yield from _mutants(folder, corpus, int(_MUTANTS * scale))


def _judged(folder: Path, wheel: Hostile) -> list[str]:
    path = folder / wheel.filename
    path.write_bytes(wheel.data)
    try:
        return [finding.kind for finding in judge(str(path)).findings]
    except Exception as error:  # noqa: BLE001 - a fault of the judge is what this looks for
        return [f"fault {error!r}"]


def _ended(kinds: list[str]) -> str:
    return "refused: " + ", ".join(sorted(set(kinds))) if kinds else "accepted"


def _mutants(folder: Path, corpus: Sequence[Hostile], count: int) -> Iterator[Outcome]:
    dice = random.Random(2026)  # noqa: S311
    guarded = Guarded(folder / "guarded")
    waiting: list[Hostile] = []
    for number in range(count):
        wheel = mutant(dice, corpus, number)
        kinds = _judged(folder, wheel)
        if kinds:
            right = not any(kind.startswith("fault") for kind in kinds)
            yield Outcome(f"{wheel.kind}, refused", wheel.what, right, _ended(kinds))
            continue
        waiting.append(wheel)
        if len(waiting) == _TOGETHER:
            yield from _installed(guarded, folder, waiting)
            waiting = []
    yield from _installed(guarded, folder, waiting)


def _installed(guarded: Guarded, folder: Path, wheels: list[Hostile]) -> Iterator[Outcome]:
    """Install wheels one after the other; where something is wrong, each again for itself."""
    wrong = _wrong(guarded, folder, wheels)
    for wheel in wheels:
        ended = wrong and _wrong(guarded, folder, [wheel])
        yield Outcome(f"{wheel.kind}, installed", wheel.what, not ended, ended or "installed")


def _wrong(guarded: Guarded, folder: Path, wheels: list[Hostile]) -> str:
    """What these wheels did to an environment that they may not."""
    guarded.renew()
    for wheel in wheels:
        wrong = _put(guarded, folder, wheel)
        if wrong and len(wheels) > 1:  # an earlier wheel's file may be a folder here: on with a fresh one
            wrong = guarded.changed()
            guarded.renew()
            wrong = wrong or _put(guarded, folder, wheel)
        if wrong:
            return wrong
    return guarded.changed()


def _put(guarded: Guarded, folder: Path, wheel: Hostile) -> str:
    """Install one; gives what went wrong with that."""
    path = folder / wheel.filename
    path.write_bytes(wheel.data)
    try:
        guarded.install(path)  # the set's judgement may still refuse it, and is looked at like the rest
    except OSError as error:
        return f"fault {error!r}"
    return ""
