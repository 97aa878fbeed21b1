"""A bundle brought to a registry: what is there already stays there, and is not sent again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from parity.docker_engine.registry_wire import LARGEST
from parity.docker_engine.repository import Repository, again
from parity.errors import AddressUnusable, RegistryFailed
from parity.portable.bundle.envelope import Checker, encode_head
from parity.portable.bundle.manifest import HEAD_SIZE
from parity.portable.bundle.reader import VerifiedBundle, open_bundle, verify_bundle
from parity.portable.bundle.tape import span
from parity.portable.bundle.ustar import BLOCK
from parity.progress import Reporter
from parity.registry.artifact import (
    MANIFEST_TYPE,
    Blob,
    blobs_of,
    digest_of,
    empty_config,
    encode_artifact,
    encode_proof,
)
from parity.registry.blobs import BlobUpload, has_blob
from parity.registry.reference import RegistryReference
from parity.registry.referrers import attach, put_manifest
from parity.registry.told import telling


@dataclass(frozen=True)
class Pushed:
    """What a push did.

    Attributes:
        bundle: what was pushed, every byte of it checked.
        digest: of the bundle's manifest in the registry.
        proof: of the manifest that attaches its proof; empty where there is none.
        sent: paths of the files that were sent.
        sent_bytes: theirs.
        there: how many files the registry had already.
    """

    bundle: VerifiedBundle
    digest: str
    proof: str
    sent: tuple[str, ...]
    sent_bytes: int
    there: int


def push_bundle(
    path: Path,
    reference: RegistryReference,
    login: Mapping[str, object] | None,
    check: Checker,
    reporter: Reporter,
) -> Pushed:
    """Put a bundle under a reference, each of its files as a blob, and attach its proof.

    The tag moves last: whoever pulls meanwhile gets the old bundle whole, or the new one.

    Args:
        path: the bundle.
        reference: by tag.
        login: as the Docker command keeps it, None for asking as nobody.
        check: decides whether a trusted key signed; every byte is checked before anything is sent.
        reporter: hears how far it is.

    Raises:
        FarsideError: the bundle is damaged, unreadable, or signed by nobody who is trusted.
        AddressUnusable: the reference names a digest.
        RegistryFailed, RegistryDenied: the registry does not take it.
    """
    if reference.digest:
        raise AddressUnusable(
            "a bundle is pushed under a tag: its digest there comes of it",
            where=str(reference),
            remedy="leave out @sha256:…; the push tells the digest",
        )
    with open_bundle(str(path)) as file:
        reporter.stage("verify", path.name)
        total = path.stat().st_size
        bundle = verify_bundle(file, check, lambda done: reporter.advance(HEAD_SIZE + done, total))
        blobs, document = _laid_out(bundle, file)
        with (
            telling(reference),
            closing(Repository(reference.host, reference.name, login, "pull,push")) as repository,
        ):
            reporter.stage("push", str(reference))
            sent = _send([empty_config(), *blobs], repository, reporter)
            digest, proof = _tie(reference, document, blobs, repository)
    files = [blob for blob in sent if blob.title]
    there = len({blob.digest for blob in blobs}) - len(files)
    paths, size = tuple(blob.title for blob in files), sum(blob.size for blob in files)
    return Pushed(bundle, digest, proof, paths, size, there)


def _laid_out(bundle: VerifiedBundle, file: BinaryIO) -> tuple[list[Blob], bytes]:
    """A bundle's blobs, and the manifest that ties them together."""
    envelope = encode_head(bundle.envelope)[BLOCK:]
    blobs = blobs_of(bundle, envelope, lambda offset, length: span(file, offset, length))
    document = encode_artifact(bundle.statement, blobs)
    if len(document) > LARGEST:
        raise RegistryFailed(
            f"the bundle has {len(blobs)} files, more than a registry's manifest can hold",
            remedy="carry it as a file, or as volumes (parity split)",
        )
    return blobs, document


def _send(blobs: list[Blob], repository: Repository, reporter: Reporter) -> list[Blob]:
    """Send what the registry lacks; gives that."""
    wanted = {blob.digest: blob for blob in reversed(blobs)}  # a file that is there twice is one blob
    missing = [blob for digest, blob in wanted.items() if not has_blob(repository, blob)][::-1]
    reporter.note(f"{len(wanted) - len(missing)} of {len(wanted)} blobs are there")
    total, before = sum(blob.size for blob in missing), 0
    for blob in missing:
        start, label = before, blob.title
        BlobUpload(repository, blob, lambda done: reporter.advance(start + done, total, label)).run()  # noqa: B023
        before += blob.size
    return missing


def _tie(
    reference: RegistryReference, document: bytes, blobs: list[Blob], repository: Repository
) -> tuple[str, str]:
    """Put the manifests; gives the bundle's digest and that of its proof."""
    digest = digest_of(document)
    proof = encode_proof(blobs, {"mediaType": MANIFEST_TYPE, "digest": digest, "size": len(document)})
    # By its digest first: the proof names it, and no tag leads there yet.
    put_manifest(repository, digest, document)
    attached = attach(repository, digest, proof) if proof else ""
    put_manifest(repository, reference.tag, document)
    # What it says it took is looked at once: a registry that keeps something else is found out here.
    again(lambda: repository.document(f"manifests/{reference.tag}", digest, [MANIFEST_TYPE]), int)
    return digest, attached
