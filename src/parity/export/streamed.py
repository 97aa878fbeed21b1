"""Bytes that are read while they are still being written: a layer goes to an engine while it is made."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator

from parity.export.spool import CHUNK, Spool, SpooledBytes


class StreamGivenUp(Exception):
    """Whoever wrote the bytes could not go on, and has said why itself."""


class StreamedBytes:
    """Bytes on their way into a spool. One thread writes them; any may read them, each from the beginning."""

    def __init__(self, spool: Spool) -> None:
        self._spool, self._begin, self._seen = spool, spool.size, hashlib.sha256()
        self._kept = bytearray()
        self._state = threading.Condition()
        self._ready, self._size = 0, -1
        self._ended = self._given_up = False

    @property
    def offset(self) -> int:
        """Where in the spool the next byte will lie."""
        return self._spool.size + len(self._kept)

    def write(self, data: bytes | memoryview) -> None:
        """Keep more of them.

        Raises:
            WriteFailed: there is no room.
        """
        self._kept += data
        if len(self._kept) >= CHUNK:
            self._pass_on()

    def promise(self, size: int) -> None:
        """Say how many there will be at least, before all of them are there."""
        with self._state:
            self._size = size
            self._state.notify_all()

    def settle(self) -> None:
        """Let what was written be read, however little it is."""
        if self._kept:
            self._pass_on()

    def end(self) -> SpooledBytes:
        """There will be no more."""
        self.settle()
        with self._state:
            self._ended = True
            self._state.notify_all()
        return SpooledBytes(self._spool, self._begin, self._ready, self._seen.hexdigest())

    def give_up(self) -> None:
        """Let those who wait for more go; nothing changes for bytes that have ended."""
        with self._state:
            self._given_up = not self._ended
            self._state.notify_all()

    def promised(self) -> int:
        """How many there will be at least; waits until that is said.

        Raises:
            StreamGivenUp: it will never be.
        """
        with self._state:
            self._state.wait_for(lambda: self._size >= 0 or self._given_up)
            self._go_on()
            return self._size

    def chunks(self, begin: int = 0, size: int | None = None) -> Iterator[bytes]:
        """The bytes from one on, so many or all, each time it is called; waits for those that are not there.

        Raises:
            StreamGivenUp: they will never be.
        """
        done, end = begin, None if size is None else begin + size
        while done != end and (ready := self._more_than(done)) > done:
            upto = ready if end is None else min(ready, end)
            yield from self._spool.read(self._begin + done, upto - done)
            done = upto

    def _more_than(self, done: int) -> int:
        """How many can be read; no more than these where all have been."""
        with self._state:
            self._state.wait_for(lambda: self._ready > done or self._ended or self._given_up)
            self._go_on()
            return self._ready

    def _go_on(self) -> None:
        if self._given_up:
            raise StreamGivenUp

    def _pass_on(self) -> None:
        self._seen.update(self._kept)
        self._spool.append(self._kept)
        with self._state:
            self._ready += len(self._kept)
            self._state.notify_all()
        self._kept = bytearray()
