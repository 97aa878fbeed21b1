"""A bundle as an OCI artifact: which blobs there are, and what ties them together. Pure.

Source: the OCI image specification 1.1, "Guidelines for Artifact Usage".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from parity.errors import RegistryFailed
from parity.portable.bundle.envelope import Statement
from parity.portable.bundle.manifest import ENVELOPE_NAME, HEAD_SIZE, LIMIT, NAME, Member
from parity.portable.bundle.proof import NAME as PROOF
from parity.portable.bundle.reader import VerifiedBundle
from parity.portable.bundle.ustar import BLOCK, header

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
BUNDLE_TYPE = "application/vnd.parity.bundle.v2"
PROOF_TYPE = "application/vnd.parity.proof.v1+json"
ENVELOPE_SIZE = HEAD_SIZE - BLOCK
"""Bytes of the envelope as a file of its own, as `tar` unpacks it."""
EMPTY = b"{}"
"""The config of an artifact that needs none (OCI image specification 1.1)."""

_CONFIG_TYPE = "application/vnd.oci.empty.v1+json"
_ENVELOPE_TYPE = "application/vnd.parity.envelope.v1+json"
_LIST_TYPE = "application/vnd.parity.manifest.v2+json"
_FILE_TYPE = "application/vnd.parity.file.v1"
_TITLE = "org.opencontainers.image.title"
_DIGITS = 64


class Blob(NamedTuple):
    """What a registry holds by its digest; `chunks(start)` gives its bytes from there on."""

    digest: str
    size: int
    kind: str
    title: str
    chunks: Callable[[int], Iterator[bytes]]

    @property
    def row(self) -> dict[str, object]:
        """Its descriptor."""
        titled = {"annotations": {_TITLE: self.title}} if self.title else {}
        return {"mediaType": self.kind, "digest": self.digest, "size": self.size, **titled}


class Artifact(NamedTuple):
    """What a registry says a bundle consists of: envelope, manifest, and size by digest of all its blobs."""

    envelope: str
    manifest: str
    blobs: Mapping[str, int]


Ranges = Callable[[int, int], Iterator[bytes]]
"""Gives the bytes of a bundle's file from an offset on, so many."""


def digest_of(data: bytes) -> str:
    """A SHA-256 as registries write it."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def empty_config() -> Blob:
    """The blob of the config that says nothing."""
    return Blob(digest_of(EMPTY), len(EMPTY), _CONFIG_TYPE, "", lambda start: iter([EMPTY[start:]]))


def blobs_of(bundle: VerifiedBundle, envelope: bytes, ranges: Ranges) -> list[Blob]:
    """The blobs of a bundle: envelope, manifest, then each file that has any bytes, in their order.

    Args:
        bundle: verified.
        envelope: its first bytes, without the tar header.
        ranges: reads the bundle's file.
    """
    payload = bundle.statement.payload
    at = HEAD_SIZE + len(header(bundle.manifest.top + NAME, payload.manifest_size))
    first = Member(ENVELOPE_NAME, ENVELOPE_SIZE, hashlib.sha256(envelope).hexdigest(), BLOCK)
    second = Member(NAME, payload.manifest_size, payload.manifest_sha256, at)
    files = [(one, _FILE_TYPE) for one in bundle.manifest.members if one.size]
    return [_blob(*one, ranges) for one in [(first, _ENVELOPE_TYPE), (second, _LIST_TYPE), *files]]


def _blob(member: Member, kind: str, ranges: Ranges) -> Blob:
    def chunks(start: int) -> Iterator[bytes]:
        return ranges(member.offset + start, member.size - start)

    return Blob(f"sha256:{member.sha256}", member.size, kind, member.path, chunks)


def encode_artifact(statement: Statement, blobs: list[Blob]) -> bytes:
    """The OCI manifest of a bundle; the same bytes for the same bundle."""
    annotations = {
        _TITLE: statement.product,
        "org.opencontainers.image.version": statement.version,
        "parity.payload": f"sha256:{statement.payload.sha256}",
        "parity.profile": statement.profile,
        "parity.serial": str(statement.serial),
    }
    return _encode(BUNDLE_TYPE, blobs, {"annotations": annotations})


def encode_proof(blobs: list[Blob], subject: Mapping[str, object]) -> bytes:
    """The OCI manifest that attaches a bundle's proof to it; empty where the bundle has none."""
    proof = [one._replace(kind=PROOF_TYPE) for one in blobs if one.title == PROOF]
    return _encode(PROOF_TYPE, proof, {"subject": dict(subject)}) if proof else b""


def _encode(kind: str, blobs: list[Blob], more: Mapping[str, object]) -> bytes:
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "artifactType": kind,
        "config": empty_config().row,
        "layers": [one.row for one in blobs],
        **more,
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")


def read_artifact(content: Mapping[str, Any]) -> Artifact:
    """What a registry's manifest says, as far as it is needed; nothing of it is believed.

    Raises:
        RegistryFailed: it is no bundle's, or of odd shape.
    """
    if content.get("artifactType") != BUNDLE_TYPE:
        raise RegistryFailed(
            "what lies there is no bundle of parity's", remedy="name a reference that `parity push` wrote"
        )
    layers = content.get("layers")
    rows = [_row(one) for one in layers] if isinstance(layers, list) else []
    envelope = [digest for kind, digest, size in rows if kind == _ENVELOPE_TYPE and size == ENVELOPE_SIZE]
    manifest = [digest for kind, digest, size in rows if kind == _LIST_TYPE and size <= LIMIT]
    if len(envelope) != 1 or len(manifest) != 1:
        raise RegistryFailed("what lies there has no envelope or no manifest of a bundle")
    return Artifact(envelope[0], manifest[0], {digest: size for _, digest, size in rows})


def _row(found: object) -> tuple[str, str, int]:
    if isinstance(found, dict):
        kind, digest, size = found.get("mediaType"), found.get("digest"), found.get("size")
        plain = isinstance(kind, str) and isinstance(digest, str) and type(size) is int and size >= 0
        name, _, digits = str(digest).partition(":")
        if plain and name == "sha256" and len(digits) == _DIGITS and set(digits) <= set("0123456789abcdef"):
            return str(kind), str(digest), int(str(size))
    raise RegistryFailed("its manifest names a blob that is none")
