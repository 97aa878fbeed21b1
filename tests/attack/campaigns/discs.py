"""Discs whose files were damaged, swapped, linked or forged: refused, or the very bundle all the same."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from tests.attack.outcome import Outcome
from tests.attack.trial import Piece, many, refused, scratch, shares
from tests.support.bundles import RepeatableKey, make_bundle
from tests.support.mutations import mutant
from tests.support.recorder import Recorder
from tests.support.volume_mutations import cut_out, extend, flip, truncate

from parity.portable.transfer.join_discs import check_discs, find_discs, join_discs
from parity.volumes import split_whole

TITLE = "discs of whole files, each file damaged, swapped, linked or forged"
INPUTS, SIZE = 2_400, 190_000
WHEELS = {f"pack{number}-1.0-py3-none-any.whl": bytes([number]) * 40_000 for number in range(5)}
Harm = Callable[[random.Random, Path], None]


class _Discs(NamedTuple):
    bundle: bytes
    folders: list[Path]
    out: Path


def _gone(_rng: random.Random, path: Path) -> None:
    path.unlink()


def _linked(_rng: random.Random, path: Path) -> None:
    """To the right bytes, which can be others after the look."""
    path.rename(path.parents[2] / "elsewhere")
    path.symlink_to(path.parents[2] / "elsewhere")


def _endless(_rng: random.Random, path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def _piped(_rng: random.Random, path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(_rng: random.Random, path: Path) -> None:
    path.unlink()
    path.mkdir()


def _swapped(_rng: random.Random, path: Path) -> None:
    data = path.read_bytes()
    media = path.parents[3]
    other = next(each for each in sorted(media.rglob("*.whl")) if each.read_bytes() != data)
    path.write_bytes(other.read_bytes())


def _forged(rng: random.Random, path: Path) -> None:
    """What the disc says of itself, in the shape that readers expect."""
    (file,) = path.parents[2].glob("disc.*.json")
    said = json.loads(file.read_text())
    paths = [each for disc in said["discs"] for each in disc]
    changes: list[dict[str, Any]] = [
        {"number": rng.randrange(10)},
        {"count": rng.randrange(10)},
        {"discs": [paths, paths, paths]},
        {"discs": [["../../../canary"], [], []]},
        {"discs": [[f"wheels/{'x' * 5_000}"]] * 3},
        {"discs": said["discs"][::-1]},
        {"bundle": {**said["bundle"], "name": rng.choice(["../web.tar", "-rf", "a/b", "", "\x1b[2J"])}},
        {"bundle": {**said["bundle"], "payload": rng.randbytes(32).hex()}},
        {"bundle": {**said["bundle"], "head": rng.randbytes(32).hex()}},
    ]
    change = rng.choice(changes)
    file.write_text(json.dumps({**said, **change}, sort_keys=True, separators=(",", ":")) + "\n")


BYTES = {each.__name__: each for each in (flip, truncate, extend, cut_out)}
SHAPES: dict[str, Harm] = {
    each.__name__.strip("_"): each for each in (_gone, _linked, _endless, _piped, _folder, _swapped, _forged)
}


def run(scale: float) -> Iterator[Outcome]:
    """Each harm to one file of one of three discs, by turns; bytes of any file, shapes of a wheel."""
    with scratch("discs") as folder:
        kinds = [*BYTES, *SHAPES]
        yield from many(partial(_join, folder), shares(round(INPUTS * scale), kinds, 50))


def _join(folder: Path, piece: Piece) -> list[Outcome]:
    place = folder / f"{piece.kind}-{piece.first}"
    made = make_bundle(place / "bundle", wheels=WHEELS, key=RepeatableKey())
    split = split_whole(made.path, place / "pristine", SIZE, Recorder())
    (place / "out").mkdir()
    outcomes = []
    for number in range(piece.first, piece.last):
        shutil.copytree(split.folder, place / "media")
        folders = sorted((place / "media").iterdir())
        discs = _Discs(made.path.read_bytes(), folders, place / "out")
        outcomes.append(_tried(piece.kind, number, discs))
        shutil.rmtree(place / "media")
    shutil.rmtree(place)
    return outcomes


def _tried(kind: str, number: int, discs: _Discs) -> Outcome:
    disc = discs.folders[number % len(discs.folders)]
    rng = random.Random(f"{kind} {number}")  # noqa: S311
    wheels = sorted((disc / "parity-bundle" / "wheels").iterdir())
    if kind in SHAPES:
        aim = rng.choice(wheels)
        SHAPES[kind](rng, aim)
    else:
        aim = rng.choice([each for each in sorted(disc.rglob("*")) if each.is_file() and each.stat().st_size])
        aim.write_bytes(mutant(BYTES[kind], str(number), aim.read_bytes()))
    name = f"{number} {aim.relative_to(disc)}"
    if "parity-bundle" in aim.parts and kind != "forged" and not _found_alone(disc):
        return Outcome(kind, name, False, "not found by checking the disc alone")
    outcome = refused(kind, name, partial(_joined, discs), discs.out)
    return outcome if outcome.ended != "accepted" else _accepted(outcome, aim, kind, discs)


def _found_alone(disc: Path) -> bool:
    return any(each.error for each in check_discs(find_discs([str(disc)])))


def _joined(discs: _Discs) -> None:
    join_discs(find_discs([*map(str, discs.folders)]), f"{discs.out}/new")


def _accepted(outcome: Outcome, aim: Path, kind: str, discs: _Discs) -> Outcome:
    """What each disc has, or nobody needs, may be harmed on one; the bundle is the very one all the same."""
    new = discs.out / "new"
    same = new.read_bytes() == discs.bundle
    new.unlink()
    spare = kind == "forged" or aim.parent.name != "wheels"
    return outcome._replace(
        right=same and spare, ended="joined to the very bundle" if same else "other bytes"
    )
