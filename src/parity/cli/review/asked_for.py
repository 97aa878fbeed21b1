"""What a bundle says that was asked for, for `parity inspect`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO, TypedDict

from parity.portable.bundle.manifest import Manifest
from parity.portable.bundle.reader import member_bytes
from parity.portable.texts import counted, printable

if TYPE_CHECKING:
    from parity.portable.documents.bundles import AskedRow

_SHOWN, _WIDEST = 40, 500  # lines of one text, and characters of a line
_KINDS = {
    "lines": "asked for in the profile or on the command line",
    "requirements": "asked for",
    "constraints": "limits of versions",
    "project": "asked for by the project",
}


class AskedDocument(TypedDict):
    """A text of what was asked for."""

    path: str
    kind: str
    name: str
    changed: bool
    text: str


def asked_for(file: BinaryIO, manifest: Manifest) -> list[AskedDocument]:
    """The texts themselves, in the order in which they were read; none in a bundle of the first format.

    Raises:
        BundleDamaged, BundleUnreadable: one is not what the manifest says.
    """
    return [_document(each, file, manifest) for each in manifest.document.get("asked", ())]


def _document(row: AskedRow, file: BinaryIO, manifest: Manifest) -> AskedDocument:
    # Not strict: what a signer writes there is for eyes alone.
    text = member_bytes(file, manifest, row["path"]).decode("utf-8", "backslashreplace")
    return {
        "path": row["path"],
        "kind": row["kind"],
        "name": row["name"],
        "changed": row["changed"],
        "text": text,
    }


def asked_lines(found: Iterable[AskedDocument]) -> Iterator[str]:
    """The same for people."""
    for each in found:
        name = f" in {printable(each['name'])}" if each["name"] else ""
        said = " (without credentials and folders of the builder's machine)" if each["changed"] else ""
        yield f"\n{_KINDS[each['kind']]}{name}{said}"
        lines = each["text"].splitlines()
        yield from (f"  {printable(line[:_WIDEST])}" for line in lines[:_SHOWN])
        if len(lines) > _SHOWN:
            yield f"  and {counted(len(lines) - _SHOWN, 'line')} more, with --json or in {each['path']}"
