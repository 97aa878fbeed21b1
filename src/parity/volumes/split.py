"""A bundle cut into volumes, each with a header that says whose piece it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from parity.errors import OptionConflict
from parity.files import AtomicFile, atomic_file
from parity.model import BundleIdentity
from parity.portable.bundle.envelope import Statement
from parity.portable.bundle.manifest import HEAD_SIZE
from parity.portable.bundle.reader import open_bundle, read_unverified
from parity.portable.bundle.tape import span
from parity.portable.errors import BundleDamaged
from parity.portable.texts import counted
from parity.portable.transfer.volumes import HEADER_SIZE, MAX_VOLUMES, Volume, encode_header
from parity.progress import Reporter

# A header, and at least half as piece.
SMALLEST = 2 * HEADER_SIZE


@dataclass(frozen=True)
class SplitBundle:
    """The volumes of a bundle, in order, and the SHA-256 of the whole file that they give."""

    volumes: tuple[tuple[Path, Volume], ...]
    sha256: str


def split_bundle(path: Path, folder: Path, size: int, reporter: Reporter) -> SplitBundle:
    """Cut a bundle into volumes that are each smaller than `size` bytes, header included.

    Smaller and not equal, so that 4 GiB means what a FAT32 file system can hold. The bundle's digests
    are checked, its signature is not: that is for whoever joins the volumes.

    Args:
        path: the bundle.
        folder: where the volumes go; made if it is not there.
        size: bytes, at least 2048.
        reporter: hears how far it is.

    Raises:
        OptionConflict: `size` is too small, or would give more than 9999 volumes.
        BundleDamaged, BundleUnreadable: the bundle is.
        WriteFailed: no room. Whatever is raised, the volumes written so far are removed.
    """
    with open_bundle(str(path)) as file:
        statement = read_unverified(file).statement
        pieces = _pieces(HEAD_SIZE + statement.payload.size, size)
        reporter.stage("check", path.name)
        whole = checked_digest(file, statement, reporter)
        reporter.stage("split", counted(len(pieces), "volume"))
        cutter = _Cutter(file, folder, bundle_name(statement), whole, pieces, reporter)
        with _undone_on_failure(cutter):
            cutter.cut()
    return SplitBundle(tuple(cutter.done), whole)


def _pieces(total: int, size: int) -> list[tuple[int, int]]:
    """Offset and length of each volume's piece."""
    if size < SMALLEST:
        raise OptionConflict(
            f"volumes of {size} bytes are too small: {SMALLEST} is the least", remedy="choose a larger --size"
        )
    # One less, for "smaller than": a FAT32 file has at most 4 GiB - 1.
    length = size - HEADER_SIZE - 1
    if total > length * MAX_VOLUMES:
        raise OptionConflict(
            f"this would give {-(-total // length)} volumes, {MAX_VOLUMES} is the most",
            remedy="choose a larger --size",
        )
    return [(offset, min(length, total - offset)) for offset in range(0, total, length)]


def bundle_name(statement: Statement) -> str:
    """The bundle's proper name, whatever its file is called at the moment."""
    return BundleIdentity(statement.product, statement.version, statement.serial, statement.profile).filename


def checked_digest(file: BinaryIO, statement: Statement, reporter: Reporter) -> str:
    """The whole file's SHA-256, if its payload is the one in the statement; both are hashed at once.

    Raises:
        BundleDamaged: it is another one.
    """
    total = HEAD_SIZE + statement.payload.size
    head = b"".join(span(file, 0, HEAD_SIZE))
    whole, payload, done = hashlib.sha256(head), hashlib.sha256(), HEAD_SIZE
    with ThreadPoolExecutor(1) as pool:
        for chunk in span(file, HEAD_SIZE, statement.payload.size):
            # hashlib lets go of the interpreter's lock for large pieces, so both hashes are made at one time.
            other = pool.submit(whole.update, chunk)
            payload.update(chunk)
            other.result()
            done += len(chunk)
            reporter.advance(done, total)
    if payload.hexdigest() != statement.payload.sha256:
        raise BundleDamaged("the payload is not the one in the statement")
    return whole.hexdigest()


class _Cutter:
    """Writes the volumes; `done` has those that got their names."""

    def __init__(
        self,
        file: BinaryIO,
        folder: Path,
        name: str,
        sha256: str,
        pieces: list[tuple[int, int]],
        reporter: Reporter,
    ) -> None:
        self.done: list[tuple[Path, Volume]] = []
        self._file = file
        self._folder = folder
        self._name = name
        self._sha256 = sha256
        self._pieces = pieces
        self._total = sum(length for _, length in pieces)
        self._reporter = reporter
        self._whole = hashlib.sha256()

    def cut(self) -> None:
        """Write all volumes; what is written is hashed again, piece by piece and as a whole."""
        for number, (offset, length) in enumerate(self._pieces, 1):
            volume = Volume(
                self._name, self._total, self._sha256, number, len(self._pieces), offset, length, ""
            )
            path = self._folder / volume.filename
            with atomic_file(path) as out:
                self.done.append((path, self._write(out, volume)))
                out.commit()
        # Read twice: first to know the whole file's digest, which each header holds.
        if self._whole.hexdigest() != self._sha256:
            raise BundleDamaged("the bundle changed while it was split", "split it again")

    def _write(self, out: AtomicFile, volume: Volume) -> Volume:
        """The volume's bytes, its header last; gives it with the digest of its piece."""
        # The header holds the digest of what follows it.
        out.write(bytes(HEADER_SIZE))
        piece = hashlib.sha256()
        done = volume.offset
        with ThreadPoolExecutor(1) as pool:
            for chunk in span(self._file, volume.offset, volume.size):
                other = pool.submit(self._whole.update, chunk)
                piece.update(chunk)
                out.write(chunk)
                other.result()
                done += len(chunk)
                self._reporter.advance(done, self._total, f"{volume.number} of {volume.total}")
        finished = volume._replace(sha256=piece.hexdigest())
        out.overwrite(0, encode_header(finished))
        return finished


@contextmanager
def _undone_on_failure(cutter: _Cutter) -> Iterator[None]:
    """Remove the volumes that were written if not all could be."""
    try:
        yield
    except BaseException:
        for path, _ in cutter.done:
            with suppress(OSError):
                path.unlink()
        raise
