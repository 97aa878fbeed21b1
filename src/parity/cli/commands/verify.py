"""`parity verify` and `parity inspect`: whether to believe a bundle, and what it says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.text import Text

from parity.cli.review.asked_for import asked_for, asked_lines
from parity.cli.review.bundles import bundle_document, target_text, titled_rows
from parity.cli.review.exported import export_text
from parity.cli.review.inspected import inspected
from parity.cli.shared.display import Board, Progress, board, size
from parity.cli.shared.keyring import trusted_checker
from parity.cli.shared.options import Json, ProgressShown, Threshold, TrustedKeys, Verbose
from parity.cli.shared.output import (
    error_document,
    output,
    print_json,
    printable_tree,
    show_error,
    stderr,
    stdout,
)
from parity.errors import OptionConflict, RootError, SomeFailed
from parity.farside.cli.vehicles import exported
from parity.pipeline.rehearsal.verify import is_exported, verify, verify_exported
from parity.portable.bundle.envelope import Checker
from parity.portable.bundle.export import VerifiedExport
from parity.portable.bundle.manifest import TOP
from parity.portable.bundle.proof import NAME
from parity.portable.bundle.proof import parse as parse_proof
from parity.portable.bundle.reader import VerifiedBundle, member_bytes, open_bundle, read_unverified
from parity.portable.texts import counted, printable
from parity.progress import Reporter

if TYPE_CHECKING:
    from parity.model import Proof


class _Passed(NamedTuple):
    """A bundle every byte of which was checked, and what was seen where it was rehearsed once more."""

    bundle: VerifiedBundle
    proof: Proof | None


_Outcome = _Passed | VerifiedExport | RootError


def verify_command(
    bundles: Annotated[
        list[Path],
        typer.Argument(metavar="BUNDLE...", help="Bundles, folders of unpacked ones, images, environments."),
    ],
    *,
    key: TrustedKeys = None,
    threshold: Threshold = None,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Install it once more in a fresh container without network.")
    ] = False,
    as_json: Json = False,
    verbose: Verbose = False,
    progress: ProgressShown = Progress.AUTO,
) -> None:
    """Check every byte of a bundle: signature, manifest, files."""
    output.json, output.verbose = as_json, verbose
    check = trusted_checker(key or (), threshold)
    outcomes: list[tuple[Path, _Outcome]] = []
    with board(stderr(), verbose=verbose, progress=progress) as shown:
        for path in bundles:
            outcomes.append((path, _outcome(path, check, shown, rehearse=rehearse)))
            shown.finished(_title(path), ok=not isinstance(outcomes[-1][1], RootError))
    _report(outcomes)


def _title(path: Path) -> str:
    return path.name or str(path)  # `.` has no name


def _outcome(path: Path, check: Checker, shown: Board, *, rehearse: bool) -> _Outcome:
    reporter = shown.reporter(_title(path))
    try:
        if is_exported(path):
            if rehearse:
                raise OptionConflict(
                    f"{path.name} is no bundle, and was tried when it was made",
                    remedy="leave --rehearse out; it installs bundles once more",
                )
            return verify_exported(path, check, reporter)
        found = verify(path, check, reporter)
        if not rehearse:
            return _Passed(found, None)
        return _Passed(found, _rehearsed(path, found, reporter))
    except RootError as error:
        if error.ends_the_command:
            raise
        return error


def _rehearsed(path: Path, found: VerifiedBundle, reporter: Reporter) -> Proof:
    # Imported where it is asked for: an engine and all of a build take longer to import than to verify.
    from parity.cli.shared.world import connected, site_for  # noqa: PLC0415
    from parity.pipeline.rehearsal.again import rehearse_again  # noqa: PLC0415

    with connected() as engine:
        return rehearse_again(path, found, site_for(engine, reporter))


def _report(outcomes: list[tuple[Path, _Outcome]]) -> None:
    """Say how each ended, one by itself as the one it is.

    Raises:
        RootError: the one bundle's own error, or SomeFailed where there were several.
    """
    documents, failed = [], []
    for path, outcome in outcomes:
        if not isinstance(outcome, RootError):
            documents.append(_good(path, outcome))
            continue
        if len(outcomes) == 1:
            raise outcome
        failed.append(path.name)
        documents.append({"bundle": str(path), "verified": False, "error": error_document(outcome)})
        if not output.json:
            show_error(outcome, run=path.name)
    if output.json:
        print_json(documents[0] if len(documents) == 1 else {"bundles": documents})
    if failed and output.json:  # the one document is out already
        raise typer.Exit(SomeFailed.exit_code)
    if failed:
        raise SomeFailed(f"{len(failed)} of {len(outcomes)} bundles failed: {', '.join(failed)}")


def _good(path: Path, outcome: _Passed | VerifiedExport) -> dict[str, object]:
    """Show one that is good, where people look on; gives its document."""
    if isinstance(outcome, VerifiedExport):
        document, text = {"bundle": str(path), **exported(outcome).document}, export_text(path, outcome)
    else:
        document = _verified_document(path, outcome)
        text = _verified_text(path, outcome.bundle, outcome.proof)
    if not output.json:
        stdout().print(text)
    return document


def _verified_document(path: Path, outcome: _Passed) -> dict[str, object]:
    document = {**bundle_document(path, outcome.bundle), "signers": outcome.bundle.signers}
    return {"verified": True, **document, "rehearsed": outcome.proof and outcome.proof.document}


def _verified_text(path: Path, bundle: VerifiedBundle, proof: Proof | None) -> Text:
    document = bundle_document(path, bundle)
    others = (
        f", {counted(len(document['system']['packages']), 'system package')}" if document["system"] else ""
    )
    if document["gems"]:
        others += f", {counted(len(document['gems']['packages']), 'Ruby gem')}"
    others += f", {counted(len(document['other_files']), 'other file')}" if document["other_files"] else ""
    rows = {
        "made for": target_text(document["target"]),
        "holds": f"{counted(len(document['packages']), 'package')}{others}, {size(document['size'])}",
        "identity": f"{document['product']} {document['version']}, serial {document['serial']}",
        "payload": f"sha256:{document['payload_sha256']}",
        "signed by": ", ".join(bundle.signers),
    }
    if document["stand_in"]:
        rows["stand-in"] = f"{document['stand_in']['image']} stood in for {document['stand_in']['for']}"
    if proof is not None:
        worked = sum(not each.error for each in proof.imports)
        rows["rehearsed"] = (
            "just now, from these very bytes, with the network cut: "
            f"{counted(proof.installed, 'package')} installed, "
            f"{worked} of {counted(len(proof.imports), 'module')} imported, in {proof.seconds:.1f} s"
        )
    if path.is_dir():
        rows["install"] = f"sh {path / 'install.sh'} PREFIX, on the target"
    else:
        rows["install"] = f"tar xf {path.name} && sh {TOP}install.sh PREFIX, on the target"
    return titled_rows(Text.assemble(("\nverified", "bold green"), f" {printable(str(path))}\n\n"), rows)


def inspect_command(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A *.parity.tar file.")],
    *,
    as_json: Json = False,
) -> None:
    """Show what a bundle says of itself. Nothing is verified: no key is needed, and no file is hashed."""
    output.json = as_json
    with open_bundle(str(bundle)) as file:
        found = read_unverified(file)
        proof = parse_proof(member_bytes(file, found.manifest, NAME))
        asked = asked_for(file, found.manifest)
    document = bundle_document(bundle, found)
    if as_json:
        print_json({"verified": False, **document, "asked": asked, "proof": proof})
        return
    for shown in inspected(printable_tree(document), printable_tree(proof), asked_lines(asked)):
        stdout().print(shown, soft_wrap=isinstance(shown, Text))
    stderr().print("nothing of this was verified: parity verify does that", style="yellow")
