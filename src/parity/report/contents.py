"""A bundle read for its report: everything in it is a stranger's word, whoever signed it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from parity.graph import Graph, SelfDescription, graph_of
from parity.model.toml import TOMLError, parse
from parity.portable.bundle.envelope import Checker, Statement
from parity.portable.bundle.manifest import Manifest
from parity.portable.bundle.proof import NAME as PROOF
from parity.portable.bundle.proof import parse as parse_proof
from parity.portable.bundle.reader import member_bytes, open_bundle, read_unverified
from parity.portable.errors import BundleDamaged
from parity.progress import Reporter
from parity.report.origins import origin_told
from parity.report.reading import inner, rows, text
from parity.update import WheelFacts, verified, wheel_facts

if TYPE_CHECKING:
    from parity.portable.documents.bundles import ManifestDocument, PackageRow
    from parity.portable.documents.evidence import ProofDocument

_ASKED = "asked/"
"""Where what was asked for lies as it was written."""
_MARKERS = (
    "implementation_name", "implementation_version", "os_name", "platform_machine",
    "platform_python_implementation", "platform_release", "platform_system", "platform_version",
    "python_full_version", "python_version", "sys_platform",
)  # fmt: skip
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class ReportedPackage:
    """A package of the bundle.

    Attributes:
        row: as the manifest has it.
        facts: of its wheel.
        origin: where it came from, in words; empty where the bundle does not tell.
    """

    row: PackageRow
    facts: WheelFacts
    origin: str


@dataclass(frozen=True)
class Reported:
    """A bundle, every byte of which was checked.

    Attributes:
        sha256: of the whole file.
        size: of the whole file.
        statement: what was signed.
        keys: fingerprints of all keys that signed, trusted or not.
        signers: those of them that are trusted; empty where nobody asked.
        manifest, proof: the documents.
        profile: profile.yaml's text.
        asked: what was asked for as it was written, by file name.
        packages: by name.
        graph: who requires whom.
        sources: of sources.json what was built, as JSON values.
    """

    sha256: str
    size: int
    statement: Statement
    keys: tuple[str, ...]
    signers: tuple[str, ...]
    manifest: ManifestDocument
    proof: ProofDocument
    profile: str
    asked: Mapping[str, str]
    packages: tuple[ReportedPackage, ...]
    graph: Graph
    sources: tuple[Mapping[str, object], ...]


def read_bundle(path: Path, check: Checker, reporter: Reporter) -> Reported:
    """Check every byte of a bundle, then read what its report tells.

    Raises:
        BundleDamaged, BundleUnreadable, SignatureInvalid: as for `parity verify`.
    """
    with open_bundle(str(path)) as file:
        bundle = verified(file, path.name, check, reporter)
        reporter.stage("read", "what the wheels say of themselves")
        facts = _wheels(file, bundle.manifest)
        sha256, size = _digest(file)
        origins = _origins(_text(file, bundle.manifest, "pylock.toml"))
        return Reported(
            sha256=sha256,
            size=size,
            statement=bundle.statement,
            keys=tuple(signature.keyid for signature in bundle.envelope.signatures),
            signers=bundle.signers,
            manifest=bundle.manifest.document,
            proof=parse_proof(member_bytes(file, bundle.manifest, PROOF)),
            profile=_text(file, bundle.manifest, "profile.yaml"),
            asked=_asked(file, bundle.manifest),
            packages=tuple(
                ReportedPackage(row, facts[row["wheel"]], origin_told(row) or origins.get(row["name"], ""))
                for row in sorted(bundle.manifest.document["packages"], key=lambda row: row["name"])
            ),
            graph=_graph(file, bundle.manifest, facts),
            sources=_sources(_text(file, bundle.manifest, "sources.json")),
        )


def graph_of_bundle(path: Path) -> Graph:
    """Who requires whom in a bundle; nothing of it is verified.

    Raises:
        BundleDamaged, BundleUnreadable: as they say.
    """
    with open_bundle(str(path)) as file:
        manifest = read_unverified(file).manifest
        return _graph(file, manifest, _wheels(file, manifest))


def _wheels(file: BinaryIO, manifest: Manifest) -> dict[str, WheelFacts]:
    """What each wheel says of itself, by its path."""
    members = {member.path: member for member in manifest.members}
    return {row["wheel"]: wheel_facts(file, members[row["wheel"]]) for row in manifest.document["packages"]}


def _graph(file: BinaryIO, manifest: Manifest, facts: Mapping[str, WheelFacts]) -> Graph:
    packages = [
        SelfDescription(row["name"], row["version"], facts[row["wheel"]].requires, row["requested"])
        for row in manifest.document["packages"]
    ]
    return graph_of(packages, _markers(_text(file, manifest, "facts.json")))


def _markers(facts: str) -> dict[str, str]:
    """All markers of the target; one that the facts do not tell is empty, never this machine's own."""
    said = inner(_json(facts), "markers")
    return {key: text(said, key) for key in _MARKERS}


def _text(file: BinaryIO, manifest: Manifest, path: str) -> str:
    """A small file as text, empty where it is not there."""
    try:
        return member_bytes(file, manifest, path).decode("utf-8", "replace")
    # Not to be there is no damage: older bundles lack some of them.
    except BundleDamaged:
        if any(member.path == path for member in manifest.members):
            raise
        return ""


def _asked(file: BinaryIO, manifest: Manifest) -> dict[str, str]:
    """The texts of what was asked for, each by what the bundle calls it."""
    told = {
        text(row, "path"): f"{text(row, 'kind')} {text(row, 'name')}"
        for row in rows(manifest.document, "asked")
    }
    paths = [member.path for member in manifest.members if member.path.startswith(_ASKED)]
    return {
        f"{path.removeprefix(_ASKED)} {told.get(path, '')}".strip(): _text(file, manifest, path)
        for path in paths
    }


def _json(document: str) -> Mapping[str, object]:
    try:
        found = json.loads(document or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _sources(document: str) -> tuple[Mapping[str, object], ...]:
    return tuple(rows(_json(document), "built"))


def _origins(lock: str) -> dict[str, str]:
    """Where each package of a pylock.toml came from, in words."""
    try:
        document = parse(lock)
    except (TOMLError, RecursionError):
        return {}
    return {text(row, "name"): _origin(row) for row in rows(document, "packages")}


def _origin(row: Mapping[str, object]) -> str:
    said = inner(inner(row, "tool"), "parity")
    if origin := inner(said, "origin"):
        parts = (text(origin, key) for key in ("kind", "address", "commit"))
        return " ".join(["built from", *filter(None, parts)])
    index = text(said, "index") or text(row, "index")
    return f"index {index}" if index else ""


def _digest(file: BinaryIO) -> tuple[str, int]:
    """SHA-256 and size of the whole file: what a change request quotes."""
    file.seek(0)
    seen, size = hashlib.sha256(), 0
    for chunk in _chunks(file):
        seen.update(chunk)
        size += len(chunk)
    return seen.hexdigest(), size


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while data := file.read(_CHUNK):
        yield data
