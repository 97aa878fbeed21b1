"""A bundle fetched from a registry: the same bytes that were pushed, or none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from parity.docker_engine.repository import Repository, again
from parity.errors import RegistryFailed
from parity.files import AtomicFile, atomic_file
from parity.model import BundleIdentity
from parity.portable.bundle import ustar
from parity.portable.bundle.envelope import Checker, Statement, encode_head, pae, parse_body, parse_statement
from parity.portable.bundle.manifest import LIMIT, NAME, Manifest
from parity.portable.bundle.reader import VerifiedBundle, stated_manifest
from parity.portable.errors import BundleDamaged
from parity.progress import Reporter
from parity.registry.artifact import ENVELOPE_SIZE, MANIFEST_TYPE, Artifact, read_artifact
from parity.registry.blobs import blob_chunks
from parity.registry.reference import RegistryReference
from parity.registry.told import telling


@dataclass(frozen=True)
class Pulled:
    """A bundle that was fetched, every byte of it checked; `digest` is its manifest's in the registry."""

    path: Path
    bundle: VerifiedBundle
    digest: str


def pull_bundle(
    reference: RegistryReference,
    where: Path,
    login: Mapping[str, object] | None,
    check: Checker,
    reporter: Reporter,
) -> Pulled:
    """Fetch a bundle, whole or not at all.

    Who signed is asked before any file is fetched; each file's digest is compared while it is written,
    and the payload's with the statement's before the bundle gets its name.

    Args:
        reference: by tag or digest.
        where: the bundle's file, or a folder in which it gets its own name.
        login: as the Docker command keeps it, None for asking as nobody.
        check: decides whether a trusted key signed.
        reporter: hears how far it is.

    Raises:
        RegistryFailed, RegistryDenied: the registry does not give it, or gives something else.
        BundleDamaged, SignatureInvalid: what lies there is no bundle, or signed by nobody who is trusted.
        WriteFailed: no room.
    """
    with telling(reference), closing(Repository(reference.host, reference.name, login)) as repository:
        reporter.stage("ask", str(reference))
        found = again(
            lambda: repository.document(f"manifests/{reference.wanted}", reference.digest, [MANIFEST_TYPE]),
            int,
        )
        artifact = read_artifact(found.content)
        bundle, listed = _head(artifact, repository, check)
        path = where / _name(bundle.statement) if where.is_dir() else where
        reporter.stage("pull", str(reference))
        with atomic_file(path) as out:
            _PulledFile(out, bundle, repository, reporter).write(listed)
            out.commit()
    return Pulled(path, bundle, found.digest)


def _name(statement: Statement) -> str:
    return BundleIdentity(statement.product, statement.version, statement.serial, statement.profile).filename


def _head(artifact: Artifact, repository: Repository, check: Checker) -> tuple[VerifiedBundle, bytes]:
    """Envelope and manifest, each checked before the next is fetched; gives the manifest's bytes, too."""
    sealed = parse_body(_small(repository, artifact.envelope, ENVELOPE_SIZE))
    signers = check(pae(sealed.payload), sealed.signatures)
    statement = parse_statement(sealed.payload)
    payload = statement.payload
    # What was signed says which manifest it is; what the registry says of it does not count.
    if artifact.manifest != f"sha256:{payload.manifest_sha256}" or payload.manifest_size > LIMIT:
        raise RegistryFailed("it has another manifest than the one that was signed")
    listed = _small(repository, artifact.manifest, payload.manifest_size)
    manifest = stated_manifest(statement, listed)
    _demand_blobs(artifact, manifest)
    return VerifiedBundle(sealed, statement, manifest, signers), listed


def _demand_blobs(artifact: Artifact, manifest: Manifest) -> None:
    """Refuse before anything is fetched where the artifact lacks a file: a registry keeps what is named."""
    for member in manifest.members:
        if member.size and artifact.blobs.get(f"sha256:{member.sha256}") != member.size:
            raise RegistryFailed(f"what lies there lacks a file of the bundle: {member.path}")


def _small(repository: Repository, digest: str, size: int) -> bytes:
    return b"".join(blob_chunks(repository, digest, size))


class _PulledFile:
    """Writes the bundle's file from its first byte to its last."""

    def __init__(
        self, out: AtomicFile, bundle: VerifiedBundle, repository: Repository, reporter: Reporter
    ) -> None:
        self._out = out
        self._bundle = bundle
        self._repository = repository
        self._reporter = reporter
        self._seen = hashlib.sha256()
        self._done = 0

    def write(self, listed: bytes) -> None:
        """Write all of it; BundleDamaged where it is not the payload that was signed."""
        manifest, payload = self._bundle.manifest, self._bundle.statement.payload
        # Headers are made anew from the signed manifest, so they cannot be other ones.
        self._out.write(encode_head(self._bundle.envelope))
        self._put(ustar.header(manifest.top + NAME, len(listed)) + listed + ustar.padding(len(listed)))
        for member in manifest.members:
            self._put(ustar.header(manifest.top + member.path, member.size))
            for chunk in self._file(member.sha256, member.size):
                self._put(chunk)
                self._reporter.advance(self._done, payload.size, member.path)
            self._put(ustar.padding(member.size))
        self._put(ustar.END)
        if self._seen.hexdigest() != payload.sha256:
            raise BundleDamaged("the payload is not the one in the statement")

    def _file(self, sha256: str, size: int) -> Iterator[bytes]:
        return blob_chunks(self._repository, f"sha256:{sha256}", size)

    def _put(self, data: bytes) -> None:
        self._out.write(data)
        self._seen.update(data)
        self._done += len(data)
