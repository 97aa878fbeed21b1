"""What a bundle says of itself, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from parity.cli.review.bundles import BundleDocument, target_text, titled_rows
from parity.cli.shared.display import size
from parity.portable.texts import counted
from parity.report.natives import native_lines, system_needs
from parity.report.origins import origin_told

if TYPE_CHECKING:
    from parity.portable.documents.bundles import GemRow, PackageRow, SystemPackageRow
    from parity.portable.documents.evidence import ProofDocument
    from parity.portable.documents.installations import InstalledFileRow


def inspected(document: BundleDocument, proof: ProofDocument, asked: Iterable[str]) -> Iterator[Text | Table]:
    """What is shown of a bundle, in its order.

    Args:
        document: as `bundle_document` gives it, without what a terminal would obey.
        proof: proof.json, alike.
        asked: lines of what was asked for, see `asked_lines`.
    """
    yield _inspect_text(document, proof)
    yield _packages(document["packages"])
    yield from map(Text, asked)
    if document["system"]:
        yield Text(f"\nsystem packages ({document['system']['manager']}), for root to install")
        yield _grid(_besides(row, row["arch"]) for row in document["system"]["packages"])
    if document["gems"]:
        yield Text(f"\nRuby gems, for Ruby {document['gems']['ruby']}")
        yield _grid(_besides(row, row["platform"]) for row in document["gems"]["packages"])
    if document["other_files"]:
        yield Text("\nother files, laid out in PREFIX/current")
        yield _other_files(document["other_files"])
    yield from _proof_lines(proof)


def _inspect_text(document: BundleDocument, proof: ProofDocument) -> Text:
    rows = {
        "made for": target_text(document["target"]),
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
    return titled_rows(Text(f"{document['bundle']} (says of itself)\n\n", style="bold"), rows)


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
