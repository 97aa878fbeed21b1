"""Blobs brought to a registry and from it, through connections that break."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

from parity.docker_engine.registry_wire import Cut, RegistryAnswer
from parity.docker_engine.repository import Repository, again
from parity.errors import RegistryFailed
from parity.registry.artifact import Blob

_OK, _PARTIAL, _CREATED, _ACCEPTED, _NO_CONTENT, _MISSING = 200, 206, 201, 202, 204, 404
# A registry hashes what it got before it answers, and may move it from one storage to another.
_PATIENCE = (5.0, 600.0)
_RANGE = re.compile(r"(?:bytes=)?0-([0-9]{1,19})")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/(?:\*|[0-9]{1,19})")
_SLOWEST, _SPARE = 4096, 300.0  # bytes a second, and seconds that any blob may take besides


def has_blob(repository: Repository, blob: Blob) -> bool:
    """Whether a registry says that it has a blob.

    Raises:
        RegistryFailed: it has one of that digest and another size.
    """

    def ask() -> bool:
        with repository.ask("HEAD", f"blobs/{blob.digest}") as answer:
            if answer.status == _MISSING:
                return False
            if answer.status != _OK:
                raise answer.refusal()
            said = answer.header("Content-Length")
        if said and said != str(blob.size):
            raise RegistryFailed(f"it says that {blob.digest} has {said[:20]!a} bytes: it has {blob.size}")
        return True

    return bool(again(ask, lambda: 0))


class BlobUpload:
    """One blob on its way to a registry; what a broken connection left there is gone on with."""

    def __init__(self, repository: Repository, blob: Blob, advance: Callable[[int], None]) -> None:
        self._repository = repository
        self._blob = blob
        self._advance = advance
        self._url = ""
        self._sent = 0
        self._attempts = 0

    def run(self) -> None:
        """Send it; RegistryFailed or RegistryDenied where the registry does not take it."""
        again(self._attempt, lambda: self._sent)

    def _attempt(self) -> None:
        self._attempts += 1
        # An answer that got lost looks like one that never came.
        if self._attempts > 1 and has_blob(self._repository, self._blob):
            return
        if not (self._url and self._goes_on()):
            self._begin()
        self._send()
        self._finish()

    def _begin(self) -> None:
        self._url, self._sent = "", 0
        with self._repository.ask("POST", "blobs/uploads/", body=lambda: b"") as answer:
            self._next(answer, _ACCEPTED)

    def _goes_on(self) -> bool:
        """Ask how much came through; False where the upload cannot be gone on with."""
        url, self._url = self._url, ""
        with self._repository.ask("GET", url) as answer:
            found = _RANGE.fullmatch(answer.header("Range"))
            # `0-0` is said of one byte, and of none.
            if answer.status != _NO_CONTENT or not found or not 0 < int(found[1]) < self._blob.size:
                return False
            self._sent = int(found[1]) + 1
            self._url = url
            if answer.header("Location"):
                self._next(answer, _NO_CONTENT)
        return True

    def _send(self) -> None:
        start = self._sent
        if start == self._blob.size:
            return
        headers = {"Content-Type": "application/octet-stream"}
        if start:
            headers["Content-Range"] = f"{start}-{self._blob.size - 1}"
        with self._repository.ask(
            "PATCH", self._url, headers=headers, body=lambda: _Rest(self._blob, start, self._told),
            timeout=_PATIENCE,
        ) as answer:  # fmt: skip
            self._next(answer, _ACCEPTED)
        self._sent = self._blob.size

    def _told(self, sent: int) -> None:
        self._sent = sent
        self._advance(sent)

    def _finish(self) -> None:
        # The registry's own address may have a query already: its state of the upload.
        url = f"{self._url}{'&' if '?' in self._url else '?'}digest=sha256%3A{self._blob.digest[7:]}"
        with self._repository.ask("PUT", url, body=lambda: b"", timeout=_PATIENCE) as answer:
            if answer.status != _CREATED:
                raise answer.refusal()
            said = answer.header("Docker-Content-Digest")
        if said and said != self._blob.digest:
            raise RegistryFailed(f"it took {self._blob.digest} for {said[:80]!a}")

    def _next(self, answer: RegistryAnswer, wanted: int) -> None:
        """Where the upload goes on."""
        if answer.status != wanted:
            self._url = ""
            raise answer.refusal()
        self._url = self._repository.elsewhere(answer.url, answer.header("Location"))


class _Rest:
    """A blob from some byte on, of known length: so it is sent as it is, in flat memory."""

    def __init__(self, blob: Blob, start: int, told: Callable[[int], None]) -> None:
        self._blob = blob
        self._start = start
        self._told = told

    def __len__(self) -> int:
        return self._blob.size - self._start

    def __iter__(self) -> Iterator[bytes]:
        sent = self._start
        for chunk in self._blob.chunks(self._start):
            yield chunk
            sent += len(chunk)
            self._told(sent)


def blob_chunks(repository: Repository, digest: str, size: int) -> Iterator[bytes]:
    """A blob's bytes, gone on with where the connection broke; worth nothing unless they come to their end.

    Raises:
        RegistryFailed: other bytes, more or fewer of them, or slower than 4 KiB a second.
        RegistryDenied: they are not for us.
    """
    with closing(_BlobFetch(repository, digest, size)) as download:
        yield from download.run()


class _BlobFetch:
    """One blob on its way from a registry, over as many connections as it takes."""

    def __init__(self, repository: Repository, digest: str, size: int) -> None:
        self._repository = repository
        self._digest = digest
        self._size = size
        self._done = 0
        self._until = time.monotonic() + _SPARE + size / _SLOWEST
        self._chunks: Generator[bytes, None, None] | None = None

    def close(self) -> None:
        """Let go of the connection."""
        if self._chunks is not None:
            self._chunks.close()
            self._chunks = None

    def run(self) -> Iterator[bytes]:
        seen = hashlib.sha256()
        while self._done < self._size:
            if time.monotonic() > self._until:
                raise RegistryFailed(f"it gives {self._digest} too slowly")
            # Each chunk is progress: a long fetch over a bad line does not use its attempts up.
            chunk = again(self._more, lambda: self._done)
            self._done += len(chunk)
            seen.update(chunk)
            if self._done > self._size:
                raise RegistryFailed(f"it gives more than {self._size} bytes for {self._digest}")
            yield chunk
        if f"sha256:{seen.hexdigest()}" != self._digest:
            raise RegistryFailed(f"it gives other bytes for {self._digest}")

    def _more(self) -> bytes:
        """The next bytes, over a new connection where the last one is at its end; Cut where none come."""
        if self._chunks is None:
            self._chunks = _from(self._repository, self._digest, self._done, self._size)
        try:
            chunk = next(self._chunks, b"")
        except Cut:
            self._chunks = None
            raise
        if not chunk:
            self._chunks = None
            raise Cut("it breaks off")
        return chunk


def _from(repository: Repository, digest: str, start: int, size: int) -> Generator[bytes, None, None]:
    """What comes of a blob from a byte on, over one connection."""
    headers = {"Range": f"bytes={start}-{size - 1}"} if start else {}
    with repository.ask("GET", f"blobs/{digest}", headers=headers) as answer:
        if answer.status == _PARTIAL and start:
            found = _CONTENT_RANGE.fullmatch(answer.header("Content-Range"))
            if not found or int(found[1]) != start:
                raise RegistryFailed(f"it gives another part of {digest} than was asked for")
            yield from answer.chunks()
        elif answer.status == _OK:
            # It may give all of it again, whatever was asked for.
            yield from _after(answer.chunks(), start)
        else:
            raise answer.refusal()


def _after(chunks: Iterator[bytes], start: int) -> Iterator[bytes]:
    """Chunks without their first bytes."""
    for chunk in chunks:
        rest = chunk[start:] if start < len(chunk) else b""
        start = max(0, start - len(chunk))
        if rest:
            yield rest
