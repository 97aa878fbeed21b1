"""`parity verify` and `parity inspect`: what a bundle is, and whether to believe it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypedDict

import typer
from rich.table import Table
from rich.text import Text

from parity.cli.review.asked_for import asked_for, asked_lines
from parity.cli.review.exported import export_text
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
from parity.cli.shared.world import connected, site_for
from parity.errors import OptionConflict, RootError, SomeFailed
from parity.farside.cli.vehicles import exported
from parity.farside.install.other_files import other_files
from parity.model import Proof
from parity.pipeline.rehearsal.verify import is_exported, rehearse_again, verify, verify_exported
from parity.portable.bundle.envelope import Checker
from parity.portable.bundle.export import VerifiedExport
from parity.portable.bundle.manifest import HEAD_SIZE, TOP
from parity.portable.bundle.proof import NAME
from parity.portable.bundle.proof import parse as parse_proof
from parity.portable.bundle.reader import (
    UnverifiedBundle,
    VerifiedBundle,
    member_bytes,
    open_bundle,
    read_unverified,
)
from parity.portable.texts import counted, printable
from parity.report.natives import native_lines, system_needs
from parity.report.origins import origin_told

if TYPE_CHECKING:
    from parity.portable.documents.bundles import (
        GemRow,
        GemsDocument,
        PackageRow,
        StandInDocument,
        SystemDocument,
        SystemPackageRow,
        TargetDocument,
    )
    from parity.portable.documents.evidence import ProofDocument
    from parity.portable.documents.installations import InstalledFileRow

Bundle = Annotated[Path, typer.Argument(metavar="BUNDLE", help="A *.parity.tar file.")]


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
        with connected() as engine:
            return _Passed(found, rehearse_again(path, found, site_for(engine, reporter)))
    except RootError as error:
        if error.ends_the_command:
            raise
        return error


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
    document = {**_document(path, outcome.bundle), "signers": outcome.bundle.signers}
    return {"verified": True, **document, "rehearsed": outcome.proof and outcome.proof.document}


def inspect_command(bundle: Bundle, *, as_json: Json = False) -> None:
    """Show what a bundle says of itself. Nothing is verified: no key is needed, and no file is hashed."""
    output.json = as_json
    with open_bundle(str(bundle)) as file:
        found = read_unverified(file)
        proof = parse_proof(member_bytes(file, found.manifest, NAME))
        asked = asked_for(file, found.manifest)
    document = _document(bundle, found)
    if as_json:
        print_json({"verified": False, **document, "asked": asked, "proof": proof})
        return
    console = stdout()
    document, proof = printable_tree(document), printable_tree(proof)
    console.print(_inspect_text(document, proof))
    console.print(_packages(document["packages"]))
    for said in asked_lines(asked):
        console.print(Text(said), soft_wrap=True)
    if document["system"]:
        console.print(Text(f"\nsystem packages ({document['system']['manager']}), for root to install"))
        console.print(_grid(_besides(row, row["arch"]) for row in document["system"]["packages"]))
    if document["gems"]:
        console.print(Text(f"\nRuby gems, for Ruby {document['gems']['ruby']}"))
        console.print(_grid(_besides(row, row["platform"]) for row in document["gems"]["packages"]))
    if document["other_files"]:
        console.print(Text("\nother files, laid out in PREFIX/current"))
        console.print(_other_files(document["other_files"]))
    for line in _proof_lines(proof):
        console.print(line)
    stderr().print("nothing of this was verified: parity verify does that", style="yellow")


class _BundleDocument(TypedDict):
    """What a bundle says of itself."""

    bundle: str
    size: int
    payload_sha256: str
    product: str
    version: str
    serial: int
    profile: str
    profile_sha256: str
    signed_by: list[str]
    target: TargetDocument
    installer: str
    stand_in: StandInDocument | None
    packages: list[PackageRow]
    system: SystemDocument | None
    gems: GemsDocument | None
    other_files: list[InstalledFileRow]
    files: int


def _document(path: Path, bundle: VerifiedBundle | UnverifiedBundle) -> _BundleDocument:
    statement, manifest = bundle.statement, bundle.manifest.document
    return {
        "bundle": str(path),
        "size": HEAD_SIZE + statement.payload.size,
        "payload_sha256": statement.payload.sha256,
        "product": statement.product,
        "version": statement.version,
        "serial": statement.serial,
        "profile": statement.profile,
        "profile_sha256": statement.profile_sha256,
        "signed_by": [signature.keyid for signature in bundle.envelope.signatures],
        "target": manifest["target"],
        "installer": manifest["installer"],
        "stand_in": manifest["stand_in"],
        "packages": manifest["packages"],
        "system": manifest["system"],
        "gems": manifest.get("gems"),
        "other_files": other_files(bundle.manifest),
        "files": len(manifest["files"]),
    }


def _target(target: TargetDocument) -> str:
    libc = target["libc"]
    version = ".".join(str(part) for part in libc["version"])
    system = target["os"]
    return (
        f"{system['id']} {system['version']}, {libc['family']} {version}, "
        f"Python {target['python']}, {target['arch']}"
    )


def _rows(title: Text, rows: Mapping[str, str]) -> Text:
    for name, value in rows.items():
        title.append(f"  {name:<11}", style="bold")
        title.append(f"{printable(value)}\n")
    return title


def _verified_text(path: Path, bundle: VerifiedBundle, proof: Proof | None) -> Text:
    document = _document(path, bundle)
    others = (
        f", {counted(len(document['system']['packages']), 'system package')}" if document["system"] else ""
    )
    if document["gems"]:
        others += f", {counted(len(document['gems']['packages']), 'Ruby gem')}"
    others += f", {counted(len(document['other_files']), 'other file')}" if document["other_files"] else ""
    rows = {
        "made for": _target(document["target"]),
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
    return _rows(Text.assemble(("\nverified", "bold green"), f" {printable(str(path))}\n\n"), rows)


def _inspect_text(document: _BundleDocument, proof: ProofDocument) -> Text:
    rows = {
        "made for": _target(document["target"]),
        "identity": f"{document['product']} {document['version']}, serial {document['serial']}",
        "size": f"{size(document['size'])}, {counted(document['files'], 'file')}",
        "payload": f"sha256:{document['payload_sha256']}",
        "signed by": ", ".join(document["signed_by"]),
        "rehearsed": f"in {proof['image']['name']} ({proof['machine']['os']})",
    }
    if needs := system_needs(proof):
        rows["needs"] = needs
    if document["stand_in"]:
        rows["stand-in"] = f"it stood in for {document['stand_in']['for']}"
    return _rows(Text(f"{document['bundle']} (says of itself)\n\n", style="bold"), rows)


def _packages(packages: Iterable[PackageRow]) -> Table:
    table = Table.grid(padding=(0, 2))
    for package in packages:
        mark = Text("*" if package["requested"] else " ", style="cyan")
        table.add_row(
            mark,
            package["name"],
            package["version"],
            Text(size(package["size"]), justify="right"),
            Text(origin_told(package), style="dim"),
        )
    return table


def _besides(row: SystemPackageRow | GemRow, machine: str) -> tuple[Text, str, str, str]:
    return Text("*" if row["requested"] else " ", style="cyan"), row["name"], row["version"], machine


def _grid(rows: Iterable[tuple[Text, str, str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for row in rows:
        table.add_row(*row)
    return table


def _other_files(rows: Iterable[InstalledFileRow]) -> Table:
    table = Table.grid(padding=(0, 2))
    for row in rows:
        kind = "executable" if row["executable"] else ""
        table.add_row(" ", row["path"], Text(size(row["size"]), justify="right"), kind)
    return table


def _proof_lines(proof: ProofDocument) -> list[Text]:
    failed = [each for each in proof["imports"] if each["error"]]
    lines = [Text(f"\n* asked for; {counted(len(proof['imports']), 'import')} tried, {len(failed)} failed")]
    lines += [Text(f"  {each['package']}: import {each['module']}: {each['error']}") for each in failed]
    return lines + [Text(f"  {line}") for line in native_lines(proof)]
