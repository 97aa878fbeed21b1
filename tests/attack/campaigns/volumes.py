"""Damaged and forged volumes: found on their own or when joining; what was there before stays."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.attack.outcome import Outcome
from tests.attack.trial import Piece, many, refused, scratch, shares
from tests.support.bundles import RepeatableKey, make_bundle
from tests.support.mutations import mutant
from tests.support.recorder import Recorder
from tests.support.volume_mutations import MUTATIONS, forge_header

from parity.portable.transfer.join import check_volumes, find_volumes, join_volumes
from parity.volumes import split_bundle

TITLE = "mutated volumes of a split bundle, and headers forged to fit their digest"
INPUTS, SIZE = 4_000, 25_000
BY_KIND = {mutation.__name__: mutation for mutation in (*MUTATIONS, forge_header)}


def run(scale: float) -> Iterator[Outcome]:
    """Each mutant stands in for one of four volumes, by turns."""
    with scratch("volumes") as folder:
        yield from many(partial(_join, folder), shares(round(INPUTS * scale), [*BY_KIND], 100))


def _join(folder: Path, piece: Piece) -> list[Outcome]:
    place = folder / f"{piece.kind}-{piece.first}"
    made = make_bundle(place / "bundle", key=RepeatableKey())
    volumes = [path for path, _ in split_bundle(made.path, place / "media", SIZE, Recorder()).volumes]
    (place / "out").mkdir()
    return [_tried(piece.kind, number, volumes, place / "out") for number in range(piece.first, piece.last)]


def _tried(kind: str, number: int, volumes: list[Path], out: Path) -> Outcome:
    aim = volumes[number % len(volumes)]
    whole = aim.read_bytes()
    aim.write_bytes(mutant(BY_KIND[kind], str(number), whole))
    alone = check_volumes([str(aim)])[0].error
    outcome = refused(
        kind, str(number), lambda: join_volumes(find_volumes([*map(str, volumes)]), f"{out}/new"), out
    )
    aim.write_bytes(whole)
    if outcome.right and not alone and kind != forge_header.__name__:
        return outcome._replace(right=False, ended="not found by checking it alone")
    return outcome


def _joined(volumes: list[Path], out: Path) -> object:
    return join_volumes(find_volumes([*map(str, volumes)]), f"{out}/new")
