"""What a bundle says of itself, as a document and in rows of words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from rich.text import Text

from parity.farside.install.other_files import other_files
from parity.portable.bundle.manifest import HEAD_SIZE
from parity.portable.bundle.reader import UnverifiedBundle, VerifiedBundle
from parity.portable.texts import printable

if TYPE_CHECKING:
    from parity.portable.documents.bundles import (
        GemsDocument,
        PackageRow,
        StandInDocument,
        SystemDocument,
        TargetDocument,
    )
    from parity.portable.documents.installations import InstalledFileRow


class BundleDocument(TypedDict):
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


def bundle_document(path: Path, bundle: VerifiedBundle | UnverifiedBundle) -> BundleDocument:
    """What `--json` tells of a bundle, verified or not."""
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


def target_text(target: TargetDocument) -> str:
    """`debian 11, glibc 2.31, Python 3.9.2, x86_64`."""
    libc = target["libc"]
    version = ".".join(str(part) for part in libc["version"])
    system = target["os"]
    return (
        f"{system['id']} {system['version']}, {libc['family']} {version}, "
        f"Python {target['python']}, {target['arch']}"
    )


def titled_rows(title: Text, rows: Mapping[str, str]) -> Text:
    """A title with a row below it for each name; values may be anything."""
    for name, value in rows.items():
        title.append(f"  {name:<10} ", style="bold")
        title.append(f"{printable(value)}\n")
    return title
