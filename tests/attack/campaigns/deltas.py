"""Damaged and forged deltas: refused with a reason, nothing written."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.attack.outcome import Outcome
from tests.attack.trial import Piece, many, refused, scratch, shares
from tests.support.bundles import RepeatableKey
from tests.support.delta_mutations import FORGERIES, MUTATIONS, Pair, anyone, forged
from tests.support.mutations import mutant

TITLE = "mutated deltas, and deltas forged with an index that fits its digest"
INPUTS = 6_000
BY_KIND = {mutation.__name__: mutation for mutation in MUTATIONS}


def run(scale: float) -> Iterator[Outcome]:
    """Mutants of one delta by seed, then each forgery."""
    with scratch("deltas") as folder:
        yield from many(partial(_patch, folder), shares(round(INPUTS * scale), [*BY_KIND], 100))
        pair = Pair(folder / "forged", RepeatableKey())
        for change in FORGERIES:
            data = forged(pair.data, pair.parts_at, change)
            yield refused("forged", change.__name__, partial(pair.patch, data), pair.out)
            attempt: Callable[[], object] = partial(pair.patch, data, anyone)
            yield refused("forged, any key trusted", change.__name__, attempt, pair.out)


def _patch(folder: Path, piece: Piece) -> list[Outcome]:
    place = folder / f"{piece.kind}-{piece.first}"
    pair = Pair(place, RepeatableKey())
    outcomes = [
        refused(
            piece.kind,
            str(number),
            partial(pair.patch, mutant(BY_KIND[piece.kind], str(number), pair.data)),
            pair.out,
        )
        for number in range(piece.first, piece.last)
    ]
    shutil.rmtree(place)
    return outcomes
