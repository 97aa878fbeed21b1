"""Damaged and forged deltas: refused with a reason, nothing written."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from tests.attack.outcome import Outcome
from tests.attack.trial import Piece, many, refused, scratch, shares
from tests.support.bundles import RepeatableKey
from tests.support.delta_mutations import (
    BASELESS_FORGERIES,
    FORGERIES,
    MUTATIONS,
    Forgery,
    HavePair,
    Pair,
    anyone,
    forged,
)
from tests.support.mutations import mutant

TITLE = "mutated deltas, from a bundle or an inventory, forged ones, and inventories that changed since"
INPUTS, INVENTORIES, WHEELS = 6_000, 2_000, 400
BY_KIND = {mutation.__name__: mutation for mutation in MUTATIONS}
HAVE, WHEEL = " of an inventory", "wheel of an index"


def run(scale: float) -> Iterator[Outcome]:
    """Mutants of one delta by seed, then each forgery."""
    with scratch("deltas") as folder:
        yield from many(partial(_patch, folder), shares(round(INPUTS * scale), [*BY_KIND], 100))
        kinds = [f"{kind}{HAVE}" for kind in BY_KIND]
        yield from many(partial(_patch, folder), shares(round(INVENTORIES * scale), kinds, 100))
        yield from many(partial(_stale, folder), shares(round(WHEELS * scale), [WHEEL], 100))
        yield from _forgeries(Pair(folder / "forged", RepeatableKey()), FORGERIES, "forged")
        yield from _forgeries(
            HavePair(folder / "have-forged", RepeatableKey()), BASELESS_FORGERIES, f"forged{HAVE}"
        )


def _forgeries(pair: Pair, changes: Iterable[Forgery], kind: str) -> Iterator[Outcome]:
    for change in changes:
        data = forged(pair.data, pair.parts_at, change)
        yield refused(kind, change.__name__, partial(pair.patch, data), pair.out)
        attempt: Callable[[], object] = partial(pair.patch, data, anyone)
        yield refused(f"{kind}, any key trusted", change.__name__, attempt, pair.out)


def _stale(folder: Path, piece: Piece) -> list[Outcome]:
    """The delta is good, and what it leaves out is no longer there as it was."""
    place = folder / f"stale-{piece.first}"
    pair = HavePair(place, RepeatableKey())
    good, kinds = pair.wheel.read_bytes(), [*BY_KIND.values()]
    outcomes = []
    for number in range(piece.first, piece.last):
        pair.wheel.write_bytes(mutant(kinds[number % len(kinds)], str(number), good))
        outcomes.append(refused(piece.kind, str(number), partial(pair.patch, pair.data), pair.out))
    shutil.rmtree(place)
    return outcomes


def _patch(folder: Path, piece: Piece) -> list[Outcome]:
    place = folder / f"{piece.kind}-{piece.first}".replace(" ", "-")
    pair = (HavePair if piece.kind.endswith(HAVE) else Pair)(place, RepeatableKey())
    outcomes = [
        refused(
            piece.kind,
            str(number),
            partial(pair.patch, mutant(BY_KIND[piece.kind.removesuffix(HAVE)], str(number), pair.data)),
            pair.out,
        )
        for number in range(piece.first, piece.last)
    ]
    shutil.rmtree(place)
    return outcomes
