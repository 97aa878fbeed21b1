"""Both sides of a comparison: what two bundles hold, read where it differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from parity.portable.bundle.envelope import Checker
from parity.portable.bundle.manifest import Manifest
from parity.portable.bundle.proof import NAME
from parity.portable.bundle.proof import parse as parse_proof
from parity.portable.bundle.reader import VerifiedBundle, member_bytes, open_bundle
from parity.portable.transfer.delta import Identity, identity_of
from parity.progress import Reporter
from parity.update.verified import verified
from parity.update.wheelfacts import WheelFacts, plain, wheel_facts

if TYPE_CHECKING:
    from parity.portable.documents.bundles import ManifestDocument

Triple = tuple[str, str, str]


@dataclass(frozen=True)
class BundlePackage:
    """A package of a bundle; `facts` only where its wheel is in one of the two bundles alone."""

    name: str
    version: str
    wheel: str
    sha256: str
    size: int
    requested: bool
    facts: WheelFacts = field(default_factory=WheelFacts)


@dataclass(frozen=True)
class RehearsalSummary:
    """What the rehearsal saw.

    Attributes:
        missing: package, file and the library that it misses.
        failures: package, module and what its import said.
    """

    missing: frozenset[Triple]
    failures: frozenset[Triple]


@dataclass(frozen=True)
class Contents:
    """One of the two bundles.

    Attributes:
        file: its file's name.
        identity: as the signed statement tells it.
        profile_sha256: the profile's digest, from there, too.
        keys: the keys that signed, verified or not.
        signers: the trusted keys among them, verified; empty where nobody asked.
        manifest: the manifest's document.
        packages: by name.
        digests: SHA-256 and size of each file, by path.
        seen: the proof.
    """

    file: str
    identity: Identity
    profile_sha256: str
    keys: tuple[str, ...]
    signers: tuple[str, ...]
    manifest: ManifestDocument
    packages: Mapping[str, BundlePackage]
    digests: Mapping[str, tuple[str, int]]
    seen: RehearsalSummary


def read_pair(old: Path, new: Path, check: Checker, reporter: Reporter) -> tuple[Contents, Contents]:
    """Check every byte of two bundles and look into the wheels that only one of them has.

    Raises:
        BundleDamaged, BundleUnreadable, SignatureInvalid: one of the bundles.
    """
    with open_bundle(str(old)) as old_file, open_bundle(str(new)) as new_file:
        # Both whole before either is looked into: the wheels' contents are read without asking again.
        before = verified(old_file, old.name, check, reporter)
        after = verified(new_file, new.name, check, reporter)
        reporter.stage("compare", "the wheels that differ")
        # Wheels of the same bytes are not opened: what is in both cannot differ.
        common = _wheels(before.manifest) & _wheels(after.manifest)
        return (
            _contents(old.name, old_file, before, common),
            _contents(new.name, new_file, after, common),
        )


def _wheels(manifest: Manifest) -> frozenset[str]:
    return frozenset(package["sha256"] for package in manifest.document["packages"])


def _contents(name: str, file: BinaryIO, bundle: VerifiedBundle, common: frozenset[str]) -> Contents:
    return Contents(
        file=name,
        identity=identity_of(bundle.statement),
        profile_sha256=bundle.statement.profile_sha256,
        keys=tuple(signature.keyid for signature in bundle.envelope.signatures),
        signers=bundle.signers,
        manifest=bundle.manifest.document,
        packages=_packages(file, bundle.manifest, common),
        digests={member.path: (member.sha256, member.size) for member in bundle.manifest.members},
        seen=_seen(file, bundle.manifest),
    )


def _packages(file: BinaryIO, manifest: Manifest, common: frozenset[str]) -> dict[str, BundlePackage]:
    members = {member.path: member for member in manifest.members}
    found: dict[str, BundlePackage] = {}
    for entry in manifest.document["packages"]:
        wheel = entry["wheel"]
        facts = WheelFacts() if entry["sha256"] in common else wheel_facts(file, members[wheel])
        # A bundle with two wheels of one package is wrong, but both must be seen.
        key = f"{entry['name']} ({wheel})" if entry["name"] in found else entry["name"]
        filename = wheel.rpartition("/")[2]
        found[key] = BundlePackage(
            key, entry["version"], filename, entry["sha256"], entry["size"], entry["requested"], facts
        )
    return found


def _seen(file: BinaryIO, manifest: Manifest) -> RehearsalSummary:
    """The proof's lists; one that is not there (an older proof) is empty."""
    proof = parse_proof(member_bytes(file, manifest, NAME))
    missing = ((row["package"], row["file"], row["library"]) for row in proof["missing_libraries"])
    imports = ((row["package"], row["module"], row["error"]) for row in proof["imports"])
    return RehearsalSummary(_triples(missing), frozenset(one for one in _triples(imports) if one[2]))


def _triples(rows: Iterable[Triple]) -> frozenset[Triple]:
    return frozenset((plain(first), plain(second), plain(third)) for first, second, third in rows)
