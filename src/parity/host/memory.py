"""What earlier runs learned: small JSON documents in the cache folder, checked when read.

Losing them costs time, never correctness: whoever recalls nothing measures again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from parity.files import write_atomic


@dataclass(frozen=True)
class Memory:
    """A folder of remembered documents; `folder` None remembers nothing."""

    folder: Path | None

    def recall(self, kind: str, key: str) -> Mapping[str, object] | None:
        """The document kept under this key, None where there is none or its bytes were altered."""
        if self.folder is None:
            return None
        path = self._path(self.folder, kind, key)
        try:
            head, _, body = path.read_bytes().partition(b"\n")
        except OSError:
            return None
        # A cut or altered file is like none; the digest guards against accidents, not against this user.
        if head.decode(errors="replace") != _digest(key, body):
            path.unlink(missing_ok=True)
            return None
        document: Mapping[str, object] = json.loads(body)
        return document

    def keep(self, kind: str, key: str, document: Mapping[str, object]) -> None:
        """Remember a document; WriteFailed where the cache folder cannot be written."""
        if self.folder is None:
            return
        body = json.dumps(document, sort_keys=True).encode()
        path = self._path(self.folder, kind, key)
        write_atomic(path, _digest(key, body).encode() + b"\n" + body, mode=0o600)

    @staticmethod
    def _path(folder: Path, kind: str, key: str) -> Path:
        # Keys may hold anything, such as slashes; their digest is a file's name everywhere.
        return folder / kind / f"{hashlib.sha256(key.encode()).hexdigest()}.json"


def _digest(key: str, body: bytes) -> str:
    return hashlib.sha256(key.encode() + b"\n" + body).hexdigest()
