"""`parity diff`, `delta` and `patch`: updates that can be reviewed and cost little to carry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from parity.cli.review.difference import as_markdown, as_text
from parity.cli.review.sections import fitted
from parity.cli.shared.display import board, size
from parity.cli.shared.keyring import trusted_checker
from parity.cli.shared.options import Json, Threshold, TrustedKeys, Verbose
from parity.cli.shared.output import output, print_json, stderr, stdout, terminal_width
from parity.errors import OptionConflict
from parity.files import sweep_leftovers
from parity.portable.atomic import demand_other
from parity.portable.bundle.envelope import Checker, Signature
from parity.portable.bundle.reader import open_bundle, read_unverified
from parity.portable.texts import counted
from parity.portable.transfer.delta import Identity, identity_of, read_index
from parity.portable.transfer.patch import patch_bundle
from parity.progress import Reporter
from parity.update import (
    Inventories,
    MadeDelta,
    base_of,
    compare,
    document_of,
    read_pair,
    sorted_inventories,
    write_delta,
    write_delta_for,
)

DIFF_EPILOG = "`parity diff OLD NEW --format markdown > review.md` is for the change request"
DELTA_EPILOG = """
`parity delta OLD NEW -o update.delta` is run here

`parity patch OLD update.delta -o NEW` is run where OLD is and NEW shall be

`parity delta OLD OLDER NEW --have installed.json -o update.delta` takes the one that is in use there

`parity delta NEW --have /srv/site -o update.delta` leaves out the wheels that an index there has
"""
PATCH_EPILOG = """
`parity patch web-1.0.parity.tar update.delta -o web-1.1.parity.tar`

`parity patch /srv/site update.delta -o web-1.1.parity.tar` takes the wheels from an index
"""


class Format(str, Enum):
    """How a difference is shown."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"

    def __str__(self) -> str:
        """The word alone, on every Python (3.11 changed how a mixed-in enum is written)."""
        return self.value


Old = Annotated[Path, typer.Argument(metavar="OLD", help="The bundle that is in use.")]
New = Annotated[Path, typer.Argument(metavar="NEW", help="The bundle that shall replace it.")]
Unverified = Annotated[
    bool, typer.Option("--unverified", help="Do not ask who signed; digests are checked all the same.")
]


def diff_command(
    old: Old,
    new: New,
    *,
    shape: Annotated[
        Format,
        typer.Option("--format", metavar="FORM", help="text, json, or markdown (for a change request)."),
    ] = Format.TEXT,
    key: TrustedKeys = None,
    threshold: Threshold = None,
    unverified: Unverified = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Compare two bundles: packages, licences, native code, system needs, and what to look at."""
    shape = Format.JSON if as_json else shape
    output.json, output.verbose = shape is Format.JSON, verbose
    check = checker(key, threshold, unverified)
    with told(new) as reporter:
        found = compare(*read_pair(old, new, check, reporter))
    if shape is Format.JSON:
        print_json(document_of(found))
    else:
        write = as_markdown if shape is Format.MARKDOWN else as_text
        width = terminal_width() if shape is Format.TEXT else 0
        stdout().print(Text(fitted(write(found), width)), end="")


def delta_command(
    bundles: Annotated[
        list[str],
        typer.Argument(metavar="[OLD] NEW", help="The bundle in use, and what replaces it."),
    ],
    *,
    output_file: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The delta.")],
    have: Annotated[
        list[str] | None,
        typer.Option(
            metavar="INVENTORY",
            help="What is there, in place of one OLD (may be repeated): bundles, an index's folder or "
            "address; or what `installed --json` printed, which tells which of several OLD is in use.",
        ),
    ] = None,
    key: TrustedKeys = None,
    threshold: Threshold = None,
    unverified: Unverified = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Write what NEW has and OLD lacks into one file; `parity patch` gives back NEW byte for byte."""
    output.json, output.verbose = as_json, verbose
    *olds, last = bundles
    new = Path(last)
    if not have and len(olds) != 1:
        raise OptionConflict(
            "a delta is made from one OLD, or for what --have names", remedy="parity delta OLD NEW -o FILE"
        )
    check = checker(key, threshold, unverified)
    demand_other(str(output_file), [*bundles, *(have or ())])
    found = sorted_inventories([*olds, *(have or ())])
    with told(output_file) as reporter:
        sweep_leftovers(output_file.parent)
        made = _made(found, new, output_file, check, reporter)
        _warn_of_older(made.index.base, made.index.result, reporter)
    if as_json:
        print_json({**_delta_document(made), "verified": not unverified})
        return
    carried = counted(len(made.index.files), "file")
    share = 100 * made.size / made.index.result.size
    stdout().print(Text(f"{made.path}: {size(made.size)}, {share:.1f} % of {new.name}; it carries {carried}"))


def _made(found: Inventories, new: Path, delta: Path, check: Checker, reporter: Reporter) -> MadeDelta:
    """From the one bundle that is there, which may be told by what is installed; else for the inventory."""
    if found.installed:
        base = base_of(found, ((path, _payload(path)) for path in found.bundles))
        return write_delta(base, new, delta, check, reporter)
    if len(found.bundles) == 1 and not (found.folders or found.addresses):
        return write_delta(found.bundles[0], new, delta, check, reporter)
    return write_delta_for(found, new, delta, check, reporter)


def _payload(path: Path) -> str:
    """As the bundle itself says it: whoever makes the delta checks it whole."""
    with open_bundle(str(path)) as file:
        return read_unverified(file).statement.payload.sha256


def _delta_document(made: MadeDelta) -> dict[str, object]:
    base = made.index.base
    return {
        "delta": str(made.path),
        "size": made.size,
        "carried_bytes": made.carried,
        "carried_files": [part.path for part in made.index.files],
        "base": base._asdict() if base else None,
        "result": made.index.result._asdict(),
    }


def patch_command(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="OLD... DELTA",
            help="The bundle that is in use, and what `parity delta` wrote. For a delta from an inventory: "
            "bundles and the folders of indexes.",
        ),
    ],
    *,
    output_file: Annotated[Path, typer.Option("--output", "-o", metavar="NEW", help="The new bundle.")],
    key: TrustedKeys = None,
    threshold: Threshold = None,
    unverified: Unverified = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Make the new bundle from the old one and a delta: byte for byte, so its signature still holds."""
    output.json, output.verbose = as_json, verbose
    *olds, delta = words
    if not olds:
        raise OptionConflict("a delta needs what is here already", remedy="parity patch OLD DELTA -o NEW")
    check = checker(key, threshold, unverified)
    with told(output_file) as reporter:
        sweep_leftovers(output_file.parent)
        bundle = patch_bundle(olds, delta, str(output_file), check, _Stages(reporter))
        with open_bundle(delta) as file:
            index = read_index(file)
        _warn_of_older(index.base, index.result, reporter)
    identity = identity_of(bundle.statement)
    if as_json:
        document = {"bundle": str(output_file), **identity._asdict(), "signers": list(bundle.signers)}
        print_json({**document, "verified": not unverified})
        return
    names = ", ".join(bundle.signers)
    who = f"signed by {names}" if names else "NOT VERIFIED: nobody asked who signed it"
    stdout().print(Text(f"{output_file}: {identity}, {size(identity.size)}\n{who}"), soft_wrap=True)


@contextmanager
def told(path: Path) -> Iterator[Reporter]:
    """The reporter of the one file that a run is about."""
    with board(stderr(), verbose=output.verbose) as shown:
        yield shown.reporter(path.name)
        shown.finished(path.name, ok=True)


def checker(keys: Sequence[Path] | None, threshold: int | None, unverified: bool) -> Checker:
    """Who must have signed, as the options say it; anyone with --unverified."""
    if unverified and threshold is not None:
        raise OptionConflict("--threshold counts signatures, --unverified looks at none: choose one")
    return _anyone if unverified else trusted_checker(keys or (), threshold)


def _anyone(_signed: bytes, _signatures: Sequence[Signature]) -> tuple[str, ...]:
    """Accept every signer, trusted or not; no names say that nobody asked."""
    return ()


class _Stages:
    """Tell a reporter of a new stage when the word for it changes."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._stage = ""

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self._stage = stage
            self._reporter.stage(stage)
        self._reporter.advance(done, total)


def _warn_of_older(old: Identity | None, new: Identity, reporter: Reporter) -> None:
    # No refusal: whoever goes back does so on purpose. The target has a word to say about serials itself.
    if old is not None and old.product == new.product and new.serial < old.serial:
        reporter.warn(f"the delta leads back from serial {old.serial} to {new.serial}")
