"""Files that one export leaves in the cache for the next: losing them costs time, never correctness."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from parity.errors import HashMismatch, WriteFailed
from parity.export.spool import NewSpool, SpooledBytes
from parity.files import atomic_file, open_regular, sweep_leftovers

_DAY = 24 * 60 * 60  # seconds


@dataclass(frozen=True)
class _KeptBytes(SpooledBytes):
    """A kept file's bytes, read in their place: whoever may write there may change them meanwhile.

    Attributes:
        path: the file.
    """

    path: Path

    def chunks(self) -> Iterator[bytes]:
        """The bytes; HashMismatch where they are others by now, which whoever takes them must not keep."""
        seen = hashlib.sha256()
        # One that was made shorter ends too early, and tells of a temporary file, which this is not.
        with suppress(WriteFailed):
            for chunk in super().chunks():
                seen.update(chunk)
                yield chunk
        if seen.hexdigest() != self.sha256:
            raise HashMismatch(
                "a file of the cache was changed while it was read",
                where=str(self.path),
                remedy="run the command again, which then does without that file",
            )


@dataclass(frozen=True)
class KeptFiles:
    """A folder of files that are named by their SHA-256 in hexadecimal.

    Attributes:
        folder: where; None keeps nothing.
        suffix: what follows the digest in their names.
    """

    folder: Path | None = None
    suffix: str = ""

    def find(self, sha256: str, new: NewSpool) -> SpooledBytes | None:
        """A file's bytes, where they are there and still the same; read where they lie, not copied."""
        if self.folder is None:
            return None
        path = self._path(self.folder, sha256)
        try:
            file = open_regular(path)
        except OSError:
            return None
        # Whose file is pruned meanwhile has it open, and reads on.
        spool, same = new(file), False
        with suppress(WriteFailed):  # a disk that fails, or a file that is made shorter just now
            same = spool.blob(0, spool.size).sha256 == sha256
        with suppress(OSError):
            # Touched, which tells `prune` when it was last of use.
            os.utime(path) if same else path.unlink()
        return _KeptBytes(spool, 0, spool.size, sha256, path) if same else None

    def keep(self, blob: SpooledBytes) -> None:
        """Keep bytes, unless as many are kept under their digest: `find` looks at those before they are used.

        Raises:
            WriteFailed: the disk is full, or the folder cannot be written.
        """
        if self.folder is None:
            return
        sweep_leftovers(self.folder)
        path = self._path(self.folder, blob.sha256)
        with suppress(OSError):
            if path.stat().st_size == blob.size:
                return
        # Not synced: what a power cut damages is another file by its digest.
        with atomic_file(path, 0o600, synced=False) as file:
            for chunk in blob.chunks():
                file.write(chunk)
            file.commit()

    def prune(self, days: int) -> tuple[int, int]:
        """Remove what was of no use for so many days, and what killed runs left half written.

        Returns:
            How many files were of no use, and how many bytes.

        Raises:
            OSError, WriteFailed: one cannot be removed.
        """
        if self.folder is None or not self.folder.is_dir():
            return 0, 0
        sweep_leftovers(self.folder)
        name, since = re.compile(r"[0-9a-f]{64}" + re.escape(self.suffix)), time.time() - days * _DAY
        sizes = list[int]()
        for path in [each for each in self.folder.iterdir() if name.fullmatch(each.name)]:
            with suppress(FileNotFoundError):  # removed beside us, by another who prunes
                found = path.lstat()
                # A folder is nothing that we have put there.
                if found.st_mtime <= since and not stat.S_ISDIR(found.st_mode):
                    path.unlink()
                    sizes.append(found.st_size)
        return len(sizes), sum(sizes)

    def _path(self, folder: Path, sha256: str) -> Path:
        return folder / (sha256 + self.suffix)
