"""Work shared out to forks of this process. Standard library only, Python 3.6 and later.

Threads share one interpreter: where the work is many small steps, two of them are no faster than one. The
standard library's pools of processes need semaphores, and theirs outlive a parent that was killed; these
forks end by themselves once nobody feeds them.
"""

import os
import pickle
import signal
import struct
import tempfile
import threading
from contextlib import suppress
from typing import BinaryIO, Callable, List, NamedTuple, Optional, Sequence, Tuple, TypeVar, cast

from ..errors import InstallFailed

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_NUMBER = struct.Struct("=L")
# More wait for the disk.
_AT_MOST = 8
_Outcome = Tuple[int, Optional[Exception], object]
"""An item's number, what its work raised, and what it gave."""


class _Fork(NamedTuple):
    """A fork's process id, and the file into which it writes what came of its work."""

    pid: int
    answer: BinaryIO


def fork_map(work: Callable[[_Item], _Result], items: Sequence[_Item], folder: str) -> List[_Result]:
    """Do some work for each item, in as many forks as there are processors; the items begin in their order.

    What `work` changes in memory is lost with its fork. In a process that has threads, which a fork might
    find in the middle of something, and where nothing can be forked, all is done here.

    Args:
        work: gets one item; its result, or what it raises, is pickled.
        items: what it is to be done for.
        folder: for temporary files.

    Returns:
        the results, in the order of the items.

    Raises:
        InstallFailed: a fork was killed.
        Exception: the first that `work` raised.
    """
    count = min(os.cpu_count() or 1, len(items), _AT_MOST)
    if count < 2 or threading.active_count() > 1:  # noqa: PLR2004
        return [work(item) for item in items]
    ends = os.pipe()
    forks: List[_Fork] = []
    try:
        with os.fdopen(ends[0], "rb", 0) as reader, os.fdopen(ends[1], "wb", 0) as writer:
            with suppress(OSError):  # no more processes: those that are there do it
                while len(forks) < count:
                    forks.append(_fork(work, items, ends, folder))
            # Ours is closed, so that writing fails, and does not wait, once all forks are gone.
            reader.close()
            _feed(writer, len(items))
        if not forks:
            return [work(item) for item in items]
        return cast("List[_Result]", _gather(forks, len(items)))
    finally:
        _end(forks)


def _fork(
    work: Callable[[_Item], object], items: Sequence[_Item], ends: Tuple[int, int], folder: str
) -> _Fork:
    answer = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - `_end` closes it
    parent = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        answer.close()
        raise
    if pid:
        return _Fork(pid, answer)
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends its forks
        # A fork that held the writing end would never see the end of the numbers.
        os.close(ends[1])
        pickle.dump(_work_off(work, items, ends[0], parent), answer)
        answer.flush()
        os._exit(0)
    finally:
        os._exit(1)


def _work_off(
    work: Callable[[_Item], object], items: Sequence[_Item], reader: int, parent: int
) -> List[_Outcome]:
    """In a fork: what came of each item that was to be had."""
    done: List[_Outcome] = []
    # Whose parent was killed stops at the next item.
    while os.getppid() == parent:
        raw = os.read(reader, _NUMBER.size)  # whole: so little is written and read in one piece (pipe(7))
        if not raw:
            break
        (number,) = _NUMBER.unpack(raw)
        try:
            done.append((number, None, work(items[number])))
        except Exception as error:  # noqa: BLE001 - the parent raises it
            done.append((number, error, None))
            break
    return done


def _feed(writer: BinaryIO, count: int) -> None:
    """Tell the forks the items' numbers, each to the one that asks next."""
    with suppress(BrokenPipeError):  # all have ended early, and say why
        for number in range(count):
            writer.write(_NUMBER.pack(number))


def _gather(forks: List[_Fork], count: int) -> List[object]:
    done: List[_Outcome] = []
    while forks:
        _, status = os.waitpid(forks[0].pid, 0)
        with forks.pop(0).answer as answer:
            if status:
                raise InstallFailed(
                    "a process that unpacked wheels was ended by somebody else",
                    "if this machine is short of memory, free some; then repeat",
                )
            answer.seek(0)
            done += pickle.load(answer)  # noqa: S301 - our own fork wrote it
    for _, error, _ in sorted(done, key=lambda each: each[0]):
        if error is not None:
            raise error
    results = {number: result for number, _, result in done}
    return [results[number] for number in range(count)]


def _end(forks: List[_Fork]) -> None:
    """End those that are left, and wait for them; a signal may have come when one was just waited for."""
    for fork in forks:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(fork.pid, signal.SIGKILL)
            os.waitpid(fork.pid, 0)
        fork.answer.close()
