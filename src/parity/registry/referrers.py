"""What is attached to a bundle in a registry: its proof.

Source: the OCI distribution specification 1.1, "Pushing Manifests with Subject" and "Referrers Tag Schema".
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from parity.docker_engine.repository import Repository, again
from parity.errors import RegistryFailed
from parity.registry.artifact import INDEX_TYPE, MANIFEST_TYPE, PROOF_TYPE, digest_of

_CREATED, _OK, _MISSING = 201, 200, 404
_MOST = 1000  # referrers of one bundle


def put_manifest(repository: Repository, where: str, data: bytes, kind: str = MANIFEST_TYPE) -> bool:
    """Put a manifest under a tag or its digest; gives whether the registry itself minds its subject.

    Raises:
        RegistryFailed, RegistryDenied: it does not take it, or takes it for another.
    """

    def put() -> bool:
        headers = {"Content-Type": kind}
        with repository.ask("PUT", f"manifests/{where}", headers=headers, body=lambda: data) as answer:
            if answer.status not in (_CREATED, _OK):
                raise answer.refusal()
            said = answer.header("Docker-Content-Digest")
            minds = bool(answer.header("OCI-Subject"))
        if said and said != digest_of(data):
            raise RegistryFailed(f"it took {digest_of(data)} for {said[:80]!a}")
        return minds

    return bool(again(put, lambda: 0))


def attach(repository: Repository, subject: str, data: bytes) -> str:
    """Attach a proof's manifest to a bundle; gives its digest.

    A registry that knows no referrers (Docker's 2.8) keeps their list under a tag of the subject's digest.

    Args:
        repository: takes pushes.
        subject: the bundle's digest.
        data: the manifest, which names that subject.

    Raises:
        RegistryFailed, RegistryDenied: the registry does not take it.
    """
    digest = digest_of(data)
    if put_manifest(repository, digest, data):
        return digest
    # The specification's own name for that list: a colon cannot stand in a tag.
    tag = subject.replace(":", "-")
    rows = _listed(repository, tag)
    if digest not in (row.get("digest") for row in rows):
        row = {"mediaType": MANIFEST_TYPE, "artifactType": PROOF_TYPE, "digest": digest, "size": len(data)}
        put_manifest(repository, tag, _index([*rows, row]), INDEX_TYPE)
    return digest


def _index(rows: list[Mapping[str, object]]) -> bytes:
    document = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": rows}
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _listed(repository: Repository, tag: str) -> list[Mapping[str, object]]:
    """What is attached already; nothing where the tag is not there."""

    def there() -> bool:
        with repository.ask("HEAD", f"manifests/{tag}", headers={"Accept": INDEX_TYPE}) as answer:
            if answer.status not in (_OK, _MISSING):
                raise answer.refusal()
            return answer.status == _OK

    if not again(there, lambda: 0):
        return []
    found = again(lambda: repository.document(f"manifests/{tag}", kinds=[INDEX_TYPE]), lambda: 0)
    rows = found.content.get("manifests")
    if not isinstance(rows, list) or len(rows) > _MOST or not all(isinstance(row, dict) for row in rows):
        raise RegistryFailed(f"what it has under {tag} is no list of what is attached")
    return rows
