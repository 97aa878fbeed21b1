"""Hostile surroundings of the far side: what lies where it installs, who owns it, what asks its server."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.attack.outcome import Outcome
from tests.attack.trial import TINY
from tests.support.bundles import signing_key
from tests.support.served import bundle_of, opened, serving, some_wheels
from tests.support.signed import Signed, successive
from tests.unit import test_odd_files as odd
from tests.unit import test_one_rule as rule
from tests.unit import test_owners as owning
from tests.unit import test_serve_hostile as asking
from tests.unit import test_shadows as shadowing
from tests.unit.test_serve import raw

from parity.farside.install.install import Request, install
from parity.farside.install.releases import installed, rollback
from parity.pack.singlefile import NAME, single_file
from parity.portable import canonical, plainfile
from parity.portable.bundle.ecdsa import well_formed
from parity.portable.bundle.openssl import openssl_checker
from parity.portable.errors import BundleDamaged, FarsideError

TITLE = "odd files, other owners, shadows, requests, keys and signatures on the far side"
_SECONDS = 60
_MUTANTS = 20000


def run(scale: float) -> Iterator[Outcome]:
    """Every kind once (some, at a tiny scale); of signatures and JSON `scale` times many mutants."""
    each = 8 if scale < TINY else 1
    scrap = Path(tempfile.mkdtemp(prefix="attack-farside-"))
    scrap.chmod(0o755)
    try:
        bundles = successive(scrap / "bundles", {serial: {} for serial in (1, 2, 3)})
        yield from _odd_files(bundles, scrap, each)
        if os.geteuid() == 0:
            yield from _owners(bundles, scrap)
        yield from _shadows(scrap, each)
        yield from _requests(scrap)
        yield from _keys(scrap)
        yield from _signatures(round(_MUTANTS * scale))
        yield from _json(round(_MUTANTS * scale))
    finally:
        shutil.rmtree(scrap)


@contextmanager
def _limit() -> Iterator[None]:
    """What takes too long ends as a TimeoutError."""

    def late(*_: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _ended(act: Callable[[], object]) -> tuple[bool, str]:
    """Whether an act was refused with an error of ours, and how it ended."""
    try:
        with _limit():
            act()
    except FarsideError as error:
        return True, f"refused ({error.exit_code})"
    except BaseException as fault:  # noqa: BLE001 - whatever else comes is what is looked for
        return False, f"{type(fault).__name__}: {fault}"
    return False, "done"


def _refused(kind: str, name: str, act: Callable[[], object], kept: Callable[[], object]) -> Outcome:
    """An act that must be refused, and must leave as it was what `kept` tells."""
    before = kept()
    refused, ended = _ended(act)
    return Outcome(kind, name, refused and kept() == before, ended)


def _put(bundle: Signed, place: Path, **options: Any) -> object:
    check = openssl_checker([str(bundle.public)])
    request = Request(str(bundle.path), str(place), check=check, imports=False, **options)
    return install(request, lambda line: None)


# --- odd files --------------------------------------------------------------------------------------------

_LINKS = {
    "current": ["/", "/etc", "..", "releases", "releases/..", "releases/x", "../../etc/passwd", "."],
    "releases": ["/", "/tmp", "..", "nowhere", "current"],
    ".parity-prefix": ["/etc/passwd", "nowhere", "/dev/zero", "."],
}


def _odd_files(bundles: list[Signed], scrap: Path, each: int) -> Iterator[Outcome]:
    good = scrap / "good"
    for bundle in bundles[:2]:
        _put(bundle, good)
    made = [("mark", ".parity-prefix", make) for make in odd.KINDS]
    here = os.readlink(good / "current") + "/" + odd.RECEIPT
    made += [("receipt", here, make) for make in [*odd.KINDS, *odd.SHAPES]]
    made += [("link", name, _link(target)) for name, targets in _LINKS.items() for target in targets]
    for kind, name, make in made[::each]:
        prefix = scrap / "prefix"
        shutil.copytree(good, prefix, symlinks=True)
        place = prefix / name
        shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink()
        make(place)
        yield from _all_acts(kind, f"{name}: {make.__name__}", bundles, prefix)
        shutil.rmtree(prefix)


def _link(target: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.symlink_to(target)

    make.__name__ = target
    return make


def _all_acts(kind: str, name: str, bundles: list[Signed], prefix: Path) -> Iterator[Outcome]:
    """Installing again is refused, nothing hangs, and no release that was there is lost."""

    def seen() -> list[str]:
        return sorted(str(path) for path in prefix.glob("releases/*/bin/python"))

    yield _refused(kind, f"install, {name}", lambda: _put(bundles[1], prefix), seen)
    for what, act in (("installed", _list), ("rollback", _back)):
        before = seen()
        refused, ended = _ended(lambda act=act: act(prefix))  # type: ignore[misc]
        yield Outcome(kind, f"{what}, {name}", (refused or ended == "done") and seen() == before, ended)


def _list(prefix: Path) -> object:
    return installed(str(prefix))


def _back(prefix: Path) -> object:
    return rollback(str(prefix), "", False, lambda line: None)


# --- owners -----------------------------------------------------------------------------------------------


def _owners(bundles: list[Signed], scrap: Path) -> Iterator[Outcome]:
    for make in owning.MAKERS:
        place = scrap / "owners"
        place.mkdir()
        prefix = make(place / "on the way")
        seen = lambda place=place: owning.seen(place)  # noqa: E731
        for dry_run in (False, True):
            act = lambda prefix=prefix, dry_run=dry_run: _put(bundles[0], prefix, dry_run=dry_run)  # noqa: E731
            yield _refused("owner", f"{make.__name__}, dry run {dry_run}", act, seen)
        shutil.rmtree(place)


# --- shadows ----------------------------------------------------------------------------------------------


def _shadows(scrap: Path, each: int) -> Iterator[Outcome]:
    for name in sorted(shadowing.SHADOWS)[::each]:
        folder = scrap / f"shadow {name}"
        folder.mkdir()
        (folder / NAME).write_text(single_file())
        (folder / f"{name}.py").write_text(shadowing.RUN)
        for flags in ([], ["-S"]):
            command = [sys.executable, *flags, NAME, "facts"]
            said = shadowing.run(folder, *command)
            right = "Python 3" in said and "SHADOW" not in said
            yield Outcome("shadow", f"{name} {flags}", right, ascii(said[:60]))


# --- the server -------------------------------------------------------------------------------------------


def _requests(scrap: Path) -> Iterator[Outcome]:
    bundle = bundle_of(scrap, some_wheels(scrap / "w")).path
    with opened([bundle]) as catalogue, serving(catalogue) as server:
        for name in [*asking.HOSTILE, *asking.LINES]:
            line = asking.LINES.get(name, b"GET /simple/ HTTP/1.1")
            more = asking.HOSTILE[name] + b"\r\n" if name in asking.HOSTILE else b""
            answered = raw(server, line + b"\r\nHost: h\r\n" + more + b"\r\n" + asking.SMUGGLED)
            right = answered.count(b"Server: parity") == 1 and answered.split(b" ")[1] == b"400"
            yield Outcome("request", name, right and b"Connection: close" in answered, ascii(answered[:40]))
        yield Outcome("request", "good", asking.is_answered(server), "answered")


# --- keys, signatures, JSON ---------------------------------------------------------------------------------


def _keys(scrap: Path) -> Iterator[Outcome]:
    for name, text in rule.BAD.items():
        near, far = rule.judged(scrap / "key.pub", text)
        # Only whoever computes with a point learns that it is on no curve: openssl, asked for a signature.
        right = near == "" and (far == "" or name == "point not on the curve")
        yield Outcome("key", name, right, f"near {near[:8] or 'refused'}, far {far[:8] or 'refused'}")
    for name, signature in rule.BAD_SIGNATURES.items():
        verdicts = rule.verdicts(scrap, rule.KEY, signature)
        yield Outcome("signature", name, verdicts == (False, False), str(verdicts))


def _signatures(count: int) -> Iterator[Outcome]:
    """Mutants of a good signature: the library, which sees them after our rule, takes none of them."""
    rng, key = random.Random("signatures"), signing_key()  # noqa: S311
    good = key.sign(rule.SIGNED)
    for number in range(count):
        mutant = bytearray(good)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(mutant) + 1)
            mutant[at : at + rng.randrange(2)] = rng.randbytes(rng.randrange(3))
        if bytes(mutant) != good:
            taken = well_formed(bytes(mutant)) and key.public.made(bytes(mutant), rule.SIGNED)
            yield Outcome("mutated signature", str(number), not taken, "taken" if taken else "refused")


def _json(count: int) -> Iterator[Outcome]:
    """Pieces of JSON in any order: canonical or refused, never another exception."""
    rng = random.Random("json")  # noqa: S311
    pieces = [
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b'"a"',
        b"1",
        b"9" * 5000,
        b"1e999",
        b"NaN",
        b"-0",
        b"[" * 2000,
    ]
    pieces += [b"\xff", b'"\\ud800"', b"null", b"0.1", b" ", b'"\\u0041"', b"1" * 65, b"0." + b"3" * 70]
    for number in range(count):
        data = b"".join(rng.choices(pieces, k=rng.randrange(1, 8)))
        yield Outcome("json", str(number), *_decoded(data))


def _decoded(data: bytes) -> tuple[bool, str]:
    try:
        value = canonical.decode(data, "it")
    except BundleDamaged:
        return True, "refused (60)"
    except Exception as fault:  # noqa: BLE001 - whatever else comes is what is looked for
        return False, f"{type(fault).__name__}: {fault}"
    return canonical.encode(value) == data and plainfile.parse_json(data) == value, "canonical"
