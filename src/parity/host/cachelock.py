"""Who uses the cache folder of this machine: many runs at once, or one that clears it, alone.

Two locked files (flock(2)) in a folder of the cache that is never cleared. Whoever clears it waits inside
the gate, so that runs which begin meanwhile queue behind it and it is not kept waiting for ever.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_FOLDER = "in-use"
_LOOK_AGAIN = 0.1


@contextmanager
def using_cache(cache: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Use the cache folder; it is not cleared meanwhile.

    Args:
        cache: the folder.
        waiting: called once where somebody clears it just now.
    """
    try:
        gate, room = _opened(cache)
    except OSError:  # a folder that cannot be written is cleared by nobody
        yield
        return
    try:
        # Through the gate one by one, and out of it at once; the room is shared while the run lasts.
        _lock(gate, fcntl.LOCK_EX, waiting)
        _lock(room, fcntl.LOCK_SH, waiting)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield
    finally:
        os.close(gate)
        os.close(room)


@contextmanager
def alone_with_cache(cache: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Wait until nobody uses the cache folder, and let nobody begin until the context ends.

    Raises:
        OSError: the folder cannot be written.
    """
    gate, room = _opened(cache)
    try:
        _lock(gate, fcntl.LOCK_EX, waiting)
        _lock(room, fcntl.LOCK_EX, waiting)
        yield
    finally:
        os.close(gate)
        os.close(room)


def clear_cache(cache: Path) -> None:
    """Remove what the cache folder holds; only within `alone_with_cache`."""
    for path in cache.iterdir():
        if path.is_dir() and not path.is_symlink():
            # The locks stay: a new file of the same name would be another lock.
            if path.name != _FOLDER:
                shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _opened(cache: Path) -> tuple[int, int]:
    folder = cache / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    gate = os.open(folder / "gate", flags, 0o600)
    try:
        return gate, os.open(folder / "room", flags, 0o600)
    except OSError:
        os.close(gate)
        raise


def _lock(descriptor: int, how: int, waiting: Callable[[], None]) -> None:
    if _locked(descriptor, how):
        return
    waiting()
    while not _locked(descriptor, how):  # not a call that blocks: a signal must be able to end it
        time.sleep(_LOOK_AGAIN)


def _locked(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
