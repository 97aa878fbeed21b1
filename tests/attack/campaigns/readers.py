"""Signed hostile bundles in every command here that reads one: shown or refused, in letters."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

from tests.attack.inputs.drafts import Draft, HostileManifest, draft, listed
from tests.attack.inputs.hostile_manifests import hostile_manifests
from tests.attack.inputs.hostile_proofs import HONEST
from tests.attack.outcome import Outcome
from tests.attack.trial import Piece, is_readable, many, scratch
from tests.attack.trial import run as command
from tests.support.bundles import RepeatableKey
from tests.support.cli import written_environment
from tests.support.evil_wheel import evil

TITLE = "hostile bundles that a trusted key signed, in the commands that compare, check, offer and cut them"
EVERY = 6
CODES = (0, *range(60, 90))
_WORDS = (
    "\x1b[2Jverified", "\x9b2J", "\u202eevil", "[bold red]x[/]", "[/]", "[link=http://x]y[/link]",
    "x" * 100_000, "|x|`y`<script>x</script>", "\r\x07", "\u2028", "\u0300" * 50, "-rf", "${HOME}", "%s%n",
)  # fmt: skip


def run(scale: float) -> Iterator[Outcome]:
    """A share of all lies, and wheels whose metadata says what no metadata says."""
    step = round(EVERY / min(scale, 1))
    pieces = [
        Piece(lie.kind, number, number + 1)
        for number, lie in enumerate(_lies())
        if number % step == 0 or (lie.kind == "metadata" and scale >= 1)
    ]
    with scratch("readers") as folder:
        honest = copy.deepcopy(_honest(folder))
        honest.add("proof.json", json.dumps(HONEST).encode())
        (folder / "old.parity.tar").write_bytes(honest.bundle())
        (folder / "key.pub").write_bytes(RepeatableKey().public.pem)
        (folder / "facts.json").write_text(
            command(sys.executable, "-m", "parity", "probe", env=written_environment(folder)).output
        )
        yield from many(partial(_try, folder), pieces)


def _lies() -> list[HostileManifest]:
    metadata = [
        HostileManifest("metadata", ascii(words[:20]), partial(_with_wheel, words)) for words in _WORDS
    ]
    return [*metadata, *hostile_manifests()]


@cache
def _honest(folder: Path) -> Draft:
    folder.mkdir(exist_ok=True)
    return draft(folder)


def _with_wheel(words: str, made: Draft) -> None:
    text = "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n" + "".join(
        f"{field}: {words}\n" for field in ("Summary", "License", "Classifier", "Requires-Dist", "Author")
    )
    data = evil(metadata=text).data()
    path = "wheels/evil-1.0-py3-none-any.whl"
    made.add(path, data)
    facts = {key: value for key, value in listed("", data).items() if key != "path"}
    made.document["packages"].append(
        {"name": "evil", "version": "1.0", "wheel": path, "requested": True, **facts}
    )


def _try(folder: Path, piece: Piece) -> list[Outcome]:
    lie = _lies()[piece.first]
    place = folder / str(piece.first)
    made = copy.deepcopy(_honest(place))
    if lie.kind != "proof":
        made.add("proof.json", json.dumps(HONEST).encode())
    lie.change(made)
    new = place / "new.parity.tar"
    new.write_bytes(made.bundle())
    return [_commanded(lie, words, place) for words in _commands(folder, new, place)]


def _commands(folder: Path, new: Path, place: Path) -> Iterator[list[str | Path]]:
    old = folder / "old.parity.tar"
    key: list[str | Path] = ["--key", folder / "key.pub"]
    yield ["diff", old, new, *key]
    yield ["diff", new, old, "--unverified", "--format", "markdown"]
    yield ["verify", new, *key]
    yield ["check", folder / "facts.json", new]
    yield ["delta", old, new, *key, "-o", place / "delta"]
    yield ["split", new, "--size", "200000", "-o", place / "volumes"]
    yield ["index", new, place / "index", *key]
    yield ["publish", new, *key, "--to", "http://127.0.0.1:9/x/", "--dry-run"]


def _commanded(lie: HostileManifest, words: list[str | Path], place: Path) -> Outcome:
    done = command(sys.executable, "-m", "parity", *words, env=written_environment(place))
    wrong = done.faults(CODES)
    if not is_readable(done.output):
        wrong = wrong or "raw control characters"
    return Outcome(f"{lie.kind}, {words[0]}", lie.what, not wrong, wrong or f"ended with {done.code}")
