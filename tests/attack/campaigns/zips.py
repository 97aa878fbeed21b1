"""Wheels whose zip lies: refused, unless every reader sees what was in the good wheel all the same."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.attack.inputs.hostile_zips import MUTATIONS, by_directory, good, lies, same_for_all
from tests.attack.outcome import Outcome
from tests.attack.trial import Piece, many, scratch, shares
from tests.support.evil_wheel import FILENAME
from tests.support.mutations import mutant

from parity.portable.wheel.wheel import judge

TITLE = "wheels whose zip lies in one field of a header or in bytes by chance"
INPUTS = 12_000
BY_KIND = {mutation.__name__: mutation for mutation in MUTATIONS}


def run(scale: float) -> Iterator[Outcome]:
    """Every field with every odd value (all of them at any scale), then mutants by seed."""
    with scratch("zips") as folder:
        for number, lie in enumerate(lies()):
            yield _judged(lie.kind, lie.what, lie.data, folder / str(number))
        yield from many(partial(_mutants, folder), shares(round(INPUTS * scale), [*BY_KIND], 200))


def _mutants(folder: Path, piece: Piece) -> list[Outcome]:
    data = good()
    return [
        _judged(
            piece.kind,
            str(number),
            mutant(BY_KIND[piece.kind], str(number), data),
            folder / f"{piece.kind}-{number}",
        )
        for number in range(piece.first, piece.last)
    ]


def _judged(kind: str, name: str, data: bytes, folder: Path) -> Outcome:
    folder.mkdir()
    path = folder / FILENAME
    path.write_bytes(data)
    try:
        findings = judge(str(path)).findings
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is the finding
        return Outcome(kind, name, False, f"fault: {fault!r}"[:300])
    finally:
        path.unlink()
    if findings:
        return Outcome(kind, name, True, f"refused ({findings[0].kind})")
    same = same_for_all(data, by_directory(good()))
    return Outcome(kind, name, same, "accepted: the same files for all" if same else "accepted")
