"""Bundles with damaged bytes: refused with a reason, nothing written, by the library and by the command."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.attack.outcome import Outcome
from tests.attack.trial import Piece, many, refused, scratch, shares, some
from tests.attack.trial import run as command
from tests.support.bundles import RepeatableKey, make_bundle
from tests.support.mutations import MUTATIONS, mutant
from tests.support.signed import ALPHA, Signed, alpha, quick_uv, signed

from parity.pack.singlefile import NAME, single_file
from parity.portable.bundle.unpack import unpack_bundle
from parity.portable.errors import BundleDamaged, SignatureInvalid
from parity.sign import make_checker

TITLE = f"mutated bundles, {len(MUTATIONS)} ways: envelope, signatures, unsigned bytes, payload, structure"
INPUTS, COMMANDS = 260_000, 144
BY_KIND = {mutation.__name__: mutation for mutation in MUTATIONS}
CODES = (BundleDamaged.exit_code, SignatureInvalid.exit_code)


def run(scale: float) -> Iterator[Outcome]:
    """Mutants of one bundle, the same in every run; a name is the seed that makes its mutant again."""
    with scratch("bundles") as folder:
        made = make_bundle(folder, key=RepeatableKey())
        yield from many(partial(_unpack, folder, made.path), shares(round(INPUTS * scale), [*BY_KIND], 500))
        commands = shares(round(COMMANDS * scale), [*BY_KIND], 4)
        here = carried(folder / "carried")
        yield from many(partial(_command, folder, here), some(commands, scale))


def carried(folder: Path) -> Signed:
    """A bundle for this machine, the single file beside it."""
    wheels = alpha(folder / "wheels", "7.0")
    made = signed(folder, wheels, serial=7, uv=quick_uv(folder / "uv"), imports=ALPHA, key=RepeatableKey())
    (folder / NAME).write_text(single_file())
    return made


def _unpack(folder: Path, path: Path, piece: Piece) -> list[Outcome]:
    data, check = path.read_bytes(), make_checker([RepeatableKey().public])
    place = folder / f"{piece.kind}-{piece.first}"
    place.mkdir()

    def attempt(number: int) -> object:
        return unpack_bundle(
            io.BytesIO(mutant(BY_KIND[piece.kind], str(number), data)), check, f"{place}/new"
        )

    numbers = range(piece.first, piece.last)
    return [refused(piece.kind, str(number), partial(attempt, number), place) for number in numbers]


def _command(folder: Path, made: Signed, piece: Piece) -> list[Outcome]:
    """`install` of the single file, by the host's openssl."""
    data, outcomes = made.path.read_bytes(), []
    place = folder / f"{piece.kind}-{piece.first}-command"
    place.mkdir()
    bundle = folder / f"{piece.kind}-{piece.first}.parity.tar"
    for number in range(piece.first, piece.last):
        bundle.write_bytes(mutant(BY_KIND[piece.kind], str(number), data))
        words = ("install", bundle, "--key", made.public, "--prefix", place / "prefix")
        done = command(sys.executable, "-I", "-B", made.public.with_name(NAME), *words)
        wrong = done.faults(CODES) or ("left something" if [*place.iterdir()] else "")
        ended = wrong or f"refused ({done.code})"
        outcomes.append(Outcome(f"{piece.kind} by the command", str(number), not wrong, ended))
    return outcomes
