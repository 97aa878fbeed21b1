"""Hostile bundles that a trusted key signed: refused or harmless, never a traceback, nothing outside."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

from tests.attack.inputs.drafts import CANARY, Draft, HostileManifest, draft, forge
from tests.attack.inputs.hostile_manifests import hostile_manifests
from tests.attack.outcome import Outcome
from tests.attack.trial import Piece, is_readable, many, scratch
from tests.attack.trial import run as command
from tests.support.bundles import RepeatableKey
from tests.support.cli import written_environment

from parity.farside.install.install import Request, install
from parity.portable.bundle.reader import read_unverified
from parity.portable.errors import FarsideError
from parity.sign import make_checker

TITLE = "hostile bundles that a trusted key signed: manifest, statement, members, code beside the code"
EVERY = 6  # of them also by the command
CODES = (0, *range(60, 80))


def run(scale: float) -> Iterator[Outcome]:
    """Every lie when looked into and when installed; a share of them by the command, too."""
    step = max(1, round(1 / scale)) if scale < 1 else 1
    pieces = [
        Piece(lie.kind, number, number + 1)
        for number, lie in enumerate(hostile_manifests())
        if number % step == 0
    ]
    with scratch("manifests") as folder:
        yield from many(partial(_try, folder), pieces)


@cache
def _honest(folder: Path) -> Draft:
    return draft(folder)


def _try(folder: Path, piece: Piece) -> list[Outcome]:
    lie = hostile_manifests()[piece.first]
    place = folder / str(piece.first)
    place.mkdir()
    bundle = place / "hostile.parity.tar"
    data = forge(_honest(folder / f"of-{os.getpid()}"), lie)
    bundle.write_bytes(data)
    outcomes = [_looked(lie, data)]
    if lie.kind != "proof":  # which no installation reads
        outcomes.append(_installed(lie, bundle))
    if piece.first % EVERY == 0 or lie.kind == "proof":
        outcomes.append(_commanded(lie, bundle))
    return outcomes


def _looked(lie: HostileManifest, data: bytes) -> Outcome:
    """Looking into it gives values or our own error."""
    kind = f"{lie.kind}, inspected"
    try:
        read_unverified(io.BytesIO(data))
    except FarsideError as error:
        readable = is_readable(error.message)
        return Outcome(kind, lie.what, readable, f"refused ({error.exit_code})")
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is the finding
        return Outcome(kind, lie.what, False, f"fault: {fault!r}"[:300])
    return Outcome(kind, lie.what, True, "shown")


def _installed(lie: HostileManifest, bundle: Path) -> Outcome:
    """Installing it is refused and leaves nothing, or was harmless; nothing is written elsewhere."""
    prefix = bundle.parent / "prefix"
    request = Request(str(bundle), str(prefix), check=make_checker([RepeatableKey().public]))
    try:
        install(request, lambda line: None)
        ended, right, allowed = "installed", lie.harmless, {bundle.name, prefix.name}
    except FarsideError as error:
        ended, right, allowed = f"refused ({error.exit_code})", is_readable(error.message), {bundle.name}
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is the finding
        ended, right, allowed = f"fault: {fault!r}"[:300], False, {bundle.name}
    left = {path.name for path in bundle.parent.iterdir()} - allowed
    canaries = [*bundle.parent.parent.glob(f"*{CANARY}*"), *Path("/tmp").glob(f"{CANARY}*")]
    if left or canaries:
        return Outcome(lie.kind, lie.what, False, f"{ended}, but left {sorted(left)} {canaries}")
    return Outcome(lie.kind, lie.what, right, ended)


def _commanded(lie: HostileManifest, bundle: Path) -> Outcome:
    """`parity inspect` shows or refuses it, in letters that do nothing to a terminal."""
    environment = written_environment(bundle.parent)
    done = command(sys.executable, "-m", "parity", "inspect", bundle, env=environment)
    wrong = done.faults(CODES)
    if not is_readable(done.output):
        wrong = wrong or "raw control characters"
    return Outcome(f"{lie.kind}, by the command", lie.what, not wrong, wrong or f"ended with {done.code}")
