"""An export's file: envelope, manifest, and what it is made of; at its name only when it is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parity.files import atomic_file
from parity.portable.bundle import export, ustar
from parity.portable.bundle.envelope import Envelope, Payload, encode_head
from parity.portable.bundle.manifest import HEAD_SIZE, NAME
from parity.progress import Reporter

if TYPE_CHECKING:
    from parity.portable.documents.exports import ExportDocument

Sealer = Callable[[Payload], Envelope]


@dataclass(frozen=True)
class Sealed:
    """A finished export on this machine's disk."""

    path: Path
    size: int
    payload_sha256: str
    signers: tuple[str, ...]


def file_entry(path: str, size: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A file as it stands in a tar."""
    yield ustar.header(path, size)
    yield from chunks
    yield ustar.padding(size)


def write_sealed(
    path: Path,
    top: str,
    document: ExportDocument,
    body: Iterable[bytes],
    seal: Sealer,
    *,
    tried: Callable[[], None],
    reporter: Reporter,
    total: int,
) -> Sealed:
    """Write the file, whole or not at all.

    Args:
        path: its name.
        top: the folder of its manifest, with its slash.
        document: the manifest.
        body: what follows it, without the tar's end.
        seal: signs the payload, once its digests are known.
        tried: waits for the trial of what is written meanwhile; what it raises leaves nothing, unsigned.
        reporter: hears how many bytes are written.
        total: about how many there will be.

    Raises:
        WriteFailed: the disk is full or cannot be written to.
    """
    listed = export.encode(document)
    seen, done = hashlib.sha256(), 0
    with atomic_file(path) as out:
        # Room for the head, which signs digests that are known at the end.
        out.write(bytes(HEAD_SIZE))
        for data in _payload(top, listed, body):
            out.write(data)
            seen.update(data)
            done += len(data)
            reporter.advance(done, max(total, done))
        out.sync()  # the trial takes longer
        tried()
        # Signed at last: until then the file has no name, and no key has been used.
        payload = Payload(done, seen.hexdigest(), len(listed), hashlib.sha256(listed).hexdigest())
        envelope = seal(payload)
        out.overwrite(0, encode_head(envelope))
        out.commit()
    signers = tuple(each.keyid for each in envelope.signatures)
    return Sealed(path, HEAD_SIZE + done, payload.sha256, signers)


def _payload(top: str, listed: bytes, body: Iterable[bytes]) -> Iterator[bytes]:
    yield from file_entry(top + NAME, len(listed), (listed,))
    yield from body
    yield ustar.END
