"""What the auditors read: the receipt in every release, and the lines of the prefix's record.

Standard library only, Python 3.6 and later.
"""

import os
import platform
from typing import TYPE_CHECKING, List, NamedTuple, Optional

from ...portable.bundle.folder import BundleFolder
from ...portable.bundle.manifest import gems_of
from . import journal
from .other_files import other_files

if TYPE_CHECKING:
    from ...portable.documents.bundles import PackageRow, TargetDocument
    from ...portable.documents.evidence import FactsDocument
    from ...portable.documents.installations import (
        ActDocument,
        BundleWords,
        ChangesDocument,
        HostRecord,
        ImportsRecord,
        InstalledPackageRow,
        InstallerRecord,
        ReceiptDocument,
        SignedWords,
        SystemRecord,
    )

FORMAT = "parity-receipt/1"


class Found(NamedTuple):
    """What an installation found out, for its receipt."""

    facts: "FactsDocument"
    overrides: List[str]
    warnings: List[str]
    changes: "ChangesDocument"
    previous: Optional[str]
    system: "Optional[SystemRecord]" = None


def make(
    bundle: BundleFolder, place: str, found: Found, installer: "InstallerRecord", imports: "ImportsRecord"
) -> "ReceiptDocument":
    """A receipt.

    Args:
        bundle: what was installed.
        place: the prefix or the environment.
        found: what was found out before.
        installer: {"tool", "version", "checked_with": what said that all fits together, or ""}.
        imports: {"tried": count}.

    Returns:
        {"format": "parity-receipt/1", "release", "payload_sha256", "manifest_sha256",
         "bundle": {"product", "version", "serial", "profile", "profile_sha256"} or None,
         "signature": {"checked": bool, "signers": [fingerprint of each trusted key that signed]},
         "installed_at": UTC, "place": path, "uid", "installer", "target", "host",
         "packages": [{"name", "version", "wheel", "size", "sha256"}],
         "system": see `system.record`, "gems": [{"name", "version"}] if there are some,
         "files": see `other_files.other_files`, "imports": {"tried": count},
         "modules": [{"package", "module"}] of the proof, "overrides": [...], "warnings": [...],
         "changes": see `changes.compare`, "previous": release id or None}
    """
    document, statement = bundle.manifest.document, bundle.statement
    gems = [{"name": each["name"], "version": each["version"]} for each in gems_of(document)]
    told: "ReceiptDocument" = {
        "format": FORMAT,
        "release": release_id(bundle),
        "payload_sha256": statement.payload.sha256 if statement else None,
        "manifest_sha256": bundle.manifest_sha256,
        "bundle": signed_words(bundle),
        "signature": {"checked": bool(bundle.signers), "signers": list(bundle.signers)},
        "installed_at": journal.now(),
        "place": place,
        "uid": os.getuid(),
        "installer": installer,
        "target": document["target"],
        "host": host_summary(found.facts),
        "packages": [_installed(each) for each in document["packages"]],
        "system": found.system,
        "files": other_files(bundle.manifest),
        "imports": imports,
        "modules": document["imports"],
        "overrides": found.overrides,
        "warnings": found.warnings,
        "changes": found.changes,
        "previous": found.previous,
    }
    return {**told, "gems": gems} if gems else told


def _installed(package: "PackageRow") -> "InstalledPackageRow":
    return {
        "name": package["name"],
        "version": package["version"],
        "wheel": package["wheel"],
        "size": package["size"],
        "sha256": package["sha256"],
    }


def signed_words(bundle: BundleFolder) -> "Optional[SignedWords]":
    """What the signer says of the bundle; None where it was never signed."""
    said = bundle.statement
    if said is None:
        return None
    return {
        "product": said.product,
        "version": said.version,
        "serial": said.serial,
        "profile": said.profile,
        "profile_sha256": said.profile_sha256,
    }


def act(bundle: BundleFolder, found: Found) -> "ActDocument":
    """The line that an installation leaves in the prefix's record."""
    said = bundle.statement
    return {
        "act": journal.INSTALL,
        "at": journal.now(),
        "uid": os.getuid(),
        "release": release_id(bundle),
        "previous": found.previous,
        "product": said.product if said else None,
        "version": said.version if said else None,
        "serial": said.serial if said else None,
        "payload_sha256": said.payload.sha256 if said else None,
        "signers": list(bundle.signers),
        "overrides": found.overrides,
    }


def words_of(receipt: "Optional[ReceiptDocument]") -> "BundleWords":
    """Product, version, serial and payload digest as a receipt tells them; None what it does not."""
    said = receipt.get("bundle") if receipt else None
    return {
        "product": said.get("product") if said else None,
        "version": said.get("version") if said else None,
        "serial": said.get("serial") if said else None,
        "payload_sha256": receipt.get("payload_sha256") if receipt else None,
    }


def signers_of(receipt: "ReceiptDocument") -> List[str]:
    """The fingerprints of the keys whose signatures were checked when a release was installed."""
    signature = receipt.get("signature")
    return signature.get("signers", []) if signature else []


def release_id(bundle: BundleFolder) -> str:
    """The name of a bundle's release: the first 12 digits of its payload's digest."""
    return bundle.identity[:12]


def host_summary(facts: "FactsDocument") -> "HostRecord":
    """The facts without the long lists."""
    return {
        "name": platform.node(),
        "os": facts["os"],
        "libc": facts["libc"],
        "python": facts["python"],
        "executable": facts["executable"],
        "implementation": facts["implementation"],
        "arch": facts["arch"],
    }


def describe_target(target: "TargetDocument") -> str:
    """A target in a few words: `debian 11, glibc 2.31, Python 3.9, x86_64`."""
    libc = target["libc"]["family"] + " " + ".".join(str(number) for number in target["libc"]["version"])
    return "{} {}, {}, Python {}, {}".format(
        target["os"]["id"], target["os"]["version"], libc, target["python"], target["arch"]
    )
