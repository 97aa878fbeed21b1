"""The bundle's file: streamed once, hashed as it is written, and at its name only when it is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from parity.errors import HashMismatch
from parity.files import AtomicFile, atomic_file
from parity.model import BuiltBundle, BundleFile, BundleIdentity
from parity.pack.contents import WHEELS, payload_order
from parity.portable.bundle import manifest, ustar
from parity.portable.bundle.envelope import Envelope, Payload, encode_head
from parity.progress import Reporter, Silent

Sealer = Callable[[Payload], Envelope]


def write_bundle(  # noqa: PLR0917 - in the order of the story: where, who, what, how
    folder: Path,
    identity: BundleIdentity,
    manifest_bytes: bytes,
    files: Sequence[BundleFile],
    wheels: Iterable[tuple[str, Iterator[bytes]]],
    seal: Sealer,
    reporter: Reporter | None = None,
) -> BuiltBundle:
    """Write `folder/identity.filename`, whole or not at all.

    Args:
        folder: where the bundle goes; made if it is not there.
        identity: gives the file's name.
        manifest_bytes: as `build_manifest` made it from these files.
        files: every payload file but the manifest.
        wheels: (file name, chunks) of each file whose `open` is None, in payload order.
        seal: signs the payload, once its digests are known.
        reporter: hears how many bytes are written.

    Raises:
        HashMismatch: bytes that are not those the manifest names; a wheel too many or too few.
        WriteFailed: the disk is full or cannot be written to. Whatever is raised, a file that had
            this name is as it was, and no temporary file is left.
    """
    with atomic_file(folder / identity.filename) as out:
        bundle = _filled(out, identity, manifest_bytes, files, wheels, seal, reporter or Silent())
        out.commit()
    return bundle


@contextmanager
def held_bundle(  # noqa: PLR0917 - as `write_bundle`
    folder: Path,
    identity: BundleIdentity,
    manifest_bytes: bytes,
    files: Sequence[BundleFile],
    wheels: Iterable[tuple[str, Iterator[bytes]]],
    seal: Sealer,
    reporter: Reporter,
) -> Iterator[BuiltBundle]:
    """A bundle as `write_bundle` would write it, for as long as the context lasts; its name is for that time.

    Raises:
        HashMismatch, WriteFailed: as `write_bundle`.
    """
    with atomic_file(folder / identity.filename) as out:
        bundle = _filled(out, identity, manifest_bytes, files, wheels, seal, reporter)
        yield replace(bundle, path=out.temporary)


def _filled(  # noqa: PLR0917 - as `write_bundle`
    out: AtomicFile,
    identity: BundleIdentity,
    manifest_bytes: bytes,
    files: Sequence[BundleFile],
    wheels: Iterable[tuple[str, Iterator[bytes]]],
    seal: Sealer,
    reporter: Reporter,
) -> BuiltBundle:
    """All bytes of the bundle, in a file that has no name yet."""
    listed = manifest.parse(manifest_bytes)
    # Room for the head, which signs digests that are known at the end.
    out.write(bytes(manifest.HEAD_SIZE))
    pen = _Pen(out, listed, reporter)
    pen.file(manifest.NAME, len(manifest_bytes), iter((manifest_bytes,)))
    _write_files(pen, listed, files, iter(wheels))
    pen.put(ustar.END)
    payload = Payload(pen.done, pen.sha256(), len(manifest_bytes), hashlib.sha256(manifest_bytes).hexdigest())
    envelope = seal(payload)
    out.overwrite(0, encode_head(envelope))
    size = manifest.HEAD_SIZE + payload.size
    signers = tuple(signature.keyid for signature in envelope.signatures)
    return BuiltBundle(out.path, size, payload.sha256, identity, signers)


def _write_files(
    pen: _Pen,
    listed: manifest.Manifest,
    files: Sequence[BundleFile],
    wheels: Iterator[tuple[str, Iterator[bytes]]],
) -> None:
    """Every listed file, in order, each compared with what the manifest says of it."""
    ordered = payload_order(files)
    # Before anything is written: a manifest that names other files would be found out gigabytes later.
    if [(one.path, one.size, one.sha256) for one in ordered] != [one[:3] for one in listed.members]:
        raise HashMismatch("the manifest was made for other files")
    for file in ordered:
        chunks = file.open() if file.open is not None else _next_wheel(wheels, file.path)
        found = pen.file(file.path, file.size, chunks)
        if found != file.sha256:
            raise HashMismatch(
                "the bytes are not those that were locked",
                where=file.path,
                details=(f"locked: sha256 {file.sha256}", f"found:  sha256 {found}"),
            )
    # A set with a file more is not the set that was rehearsed.
    extra = next(wheels, None)
    if extra is not None:
        raise HashMismatch(f"the store holds a wheel that was not locked: {extra[0]}")


def _next_wheel(wheels: Iterator[tuple[str, Iterator[bytes]]], path: str) -> Iterator[bytes]:
    """The next wheel's chunks, which must be the one that belongs at this path."""
    name, chunks = next(wheels, ("nothing", iter(())))
    if WHEELS + name != path:
        raise HashMismatch(f"the store gave {name} where {path.removeprefix(WHEELS)} was expected")
    return chunks


class _Pen:
    """Writes the payload and hashes it; tells how far it is."""

    def __init__(self, out: AtomicFile, listed: manifest.Manifest, reporter: Reporter) -> None:
        self.done = 0
        self._out = out
        self._total = listed.payload_size
        self._top = listed.top
        self._reporter = reporter
        self._whole = hashlib.sha256()

    def put(self, data: bytes) -> None:
        """The payload's next bytes."""
        self._out.write(data)
        self._whole.update(data)
        self.done += len(data)
        self._reporter.advance(self.done, self._total)

    def file(self, path: str, size: int, chunks: Iterator[bytes]) -> str:
        """A file with its header and padding; gives its SHA-256. Never more than `size` bytes of it.

        Raises:
            HashMismatch: it is longer or shorter than `size`.
        """
        self.put(ustar.header(self._top + path, size))
        seen, left = hashlib.sha256(), size
        for chunk in chunks:
            # Counted before it is written: a header that says less than follows would make the tar
            # unreadable.
            left -= len(chunk)
            if left < 0:
                raise HashMismatch(f"there are more than the {size} bytes that were locked", where=path)
            seen.update(chunk)
            self.put(chunk)
        if left:
            raise HashMismatch(f"{left} of the {size} bytes that were locked are missing", where=path)
        self.put(ustar.padding(size))
        return seen.hexdigest()

    def sha256(self) -> str:
        """The digest of all that was written."""
        return self._whole.hexdigest()
