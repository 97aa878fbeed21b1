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
from parity.portable.bundle.envelope import Checker, Signature
from parity.portable.bundle.reader import open_bundle
from parity.portable.texts import counted
from parity.portable.transfer.delta import Identity, identity_of, read_index
from parity.portable.transfer.patch import patch_bundle
from parity.progress import Reporter
from parity.update import compare, document_of, read_pair, write_delta

DIFF_EPILOG = "`parity diff OLD NEW --format markdown > review.md` is for the change request"
DELTA_EPILOG = """
`parity delta OLD NEW -o update.delta` is run here

`parity patch OLD update.delta -o NEW` is run where OLD is and NEW shall be
"""
PATCH_EPILOG = "`parity patch web-1.0.parity.tar update.delta -o web-1.1.parity.tar`"


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
    old: Old,
    new: New,
    *,
    output_file: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The delta.")],
    key: TrustedKeys = None,
    threshold: Threshold = None,
    unverified: Unverified = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Write what NEW has and OLD lacks into one file; `parity patch` gives back NEW byte for byte."""
    output.json, output.verbose = as_json, verbose
    check = checker(key, threshold, unverified)
    with told(output_file) as reporter:
        sweep_leftovers(output_file.parent)
        made = write_delta(old, new, output_file, check, reporter)
        _warn_of_older(made.index.base, made.index.result, reporter)
    files = len(made.index.files)
    if as_json:
        print_json(
            {
                "delta": str(made.path),
                "size": made.size,
                "carried_bytes": made.carried,
                "carried_files": [part.path for part in made.index.files],
                "base": made.index.base._asdict(),
                "result": made.index.result._asdict(),
                "verified": not unverified,
            }
        )
        return
    carried = counted(files, "file")
    share = 100 * made.size / made.index.result.size
    stdout().print(Text(f"{made.path}: {size(made.size)}, {share:.1f} % of {new.name}; it carries {carried}"))


def patch_command(
    old: Old,
    delta: Annotated[Path, typer.Argument(metavar="DELTA", help="What `parity delta` wrote.")],
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
    check = checker(key, threshold, unverified)
    with told(output_file) as reporter:
        sweep_leftovers(output_file.parent)
        bundle = patch_bundle(str(old), str(delta), str(output_file), check, _Stages(reporter))
        with open_bundle(str(delta)) as file:
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


def _warn_of_older(old: Identity, new: Identity, reporter: Reporter) -> None:
    # No refusal: whoever goes back does so on purpose. The target has a word to say about serials itself.
    if old.product == new.product and new.serial < old.serial:
        reporter.warn(f"the delta leads back from serial {old.serial} to {new.serial}")
