"""Files that one export leaves in the cache for the next: losing them costs time, never correctness."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from parity.export.spool import NewSpool, SpooledBytes
from parity.files import atomic_file, open_regular, sweep_leftovers

_DAY = 24 * 60 * 60  # seconds


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
        """A file's bytes, where they are there and still the same; read where they lie, not copied.

        Raises:
            WriteFailed: it cannot be read to its end.
        """
        if self.folder is None:
            return None
        path = self._path(self.folder, sha256)
        try:
            file = open_regular(path)
        except OSError:
            return None
        spool = new(file)
        # Whose file is pruned meanwhile has it open, and reads on.
        found = spool.blob(0, os.fstat(file.fileno()).st_size)
        same = found.sha256 == sha256
        with suppress(OSError):
            # Touched, which tells `prune` when it was last of use.
            os.utime(path) if same else path.unlink()
        return found if same else None

    def keep(self, blob: SpooledBytes) -> None:
        """Keep bytes.

        Raises:
            WriteFailed: the disk is full, or the folder cannot be written.
        """
        if self.folder is None:
            return
        sweep_leftovers(self.folder)
        # Not synced: what a power cut damages is another file by its digest.
        with atomic_file(self._path(self.folder, blob.sha256), 0o600, synced=False) as file:
            for chunk in blob.chunks():
                file.write(chunk)
            file.commit()

    def prune(self, days: int) -> tuple[int, int]:
        """Remove what was of no use for so many days; tells how many files, and how many bytes.

        Raises:
            OSError: one cannot be removed.
        """
        name, since = re.compile(r"[0-9a-f]{64}" + re.escape(self.suffix)), time.time() - days * _DAY
        there = self.folder.iterdir() if self.folder and self.folder.is_dir() else ()
        old = [
            (path, found.st_size)
            for path in there
            if name.fullmatch(path.name) and (found := path.lstat()).st_mtime <= since
        ]
        for path, _ in old:
            path.unlink(missing_ok=True)
        return len(old), sum(size for _, size in old)

    def _path(self, folder: Path, sha256: str) -> Path:
        return folder / (sha256 + self.suffix)
