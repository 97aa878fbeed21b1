"""Keeping a guest script apart from package code that runs as the same user: unreadable, and alone."""

import os
import signal
from contextlib import suppress
from typing import List, Optional

_PR_SET_DUMPABLE = 4  # prctl(2)


def hide(yes: bool = True) -> bool:
    """Close this process's memory and descriptors to others of the same user (prctl(2), PR_SET_DUMPABLE).

    Neither ptrace(2) nor /proc/PID/mem and /proc/PID/fd are open to them afterwards. A program that is
    started from here is as open as ever.

    Returns:
        whether it was done: a Python without ctypes cannot ask for it.
    """
    try:
        import ctypes  # noqa: PLC0415 - not every Python has it
    except ImportError:
        return False
    return bool(ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0 if yes else 1, 0, 0, 0) == 0)


def end_others() -> None:
    """Kill every other process of this user (kill(2), -1), and wait for those that are children.

    For a user whom nobody else is: one of parity's own in a container. Never as root.
    """
    if os.getuid() == 0:
        return
    with suppress(OSError):  # nobody else may be there
        os.kill(-1, signal.SIGKILL)
    while _waited() is not None:
        pass


def end_leftovers(yes: bool) -> None:
    """`end_others` where a job says that this user is nobody else's, as in parity's containers."""
    if yes:
        end_others()


def left_by(main: int) -> List[int]:
    """What this user runs besides this process and `main`; nothing where `main` has a living child.

    Never as root, whose processes are those of everybody.
    """
    found: List[int] = []
    if os.getuid() == 0:
        return found
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            with open("/proc/%d/stat" % pid) as file:
                # After the last parenthesis: the name before it is the process's own choice (proc(5)).
                state, parent = file.read().rpartition(")")[2].split()[:2]
            mine = os.stat("/proc/%d" % pid).st_uid == os.getuid()
        except OSError:
            continue  # it has just ended
        if int(parent) == main and state not in "ZX":
            return []
        if mine and pid not in (main, os.getpid()) and state not in "ZX":
            found.append(pid)
    return found


def end(processes: List[int]) -> None:
    """Kill these."""
    for pid in processes:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def _waited() -> Optional[int]:
    try:
        return os.waitpid(-1, 0)[0]
    except ChildProcessError:
        return None
