"""How long a process may take: what it waits for a processor on a busy machine is not its own time."""

import time

_STRETCHED = 10
"""How many times its time a process may have in all: what it starts itself keeps it waiting, too."""
_NANOSECONDS = 1e9


def is_over(pid: int, begin: float, timeout: float) -> bool:
    """Whether a process has had its time.

    Args:
        pid: the process.
        begin: when it began, by `time.monotonic`.
        timeout: seconds.
    """
    took = time.monotonic() - begin
    return took > timeout and own(took, waited(pid), timeout) > timeout


def own(took: float, waiting: float, timeout: float) -> float:
    """The seconds that count of those that it took, without those that it waited, as far as that goes."""
    return took - min(waiting, (_STRETCHED - 1) * timeout)


def waited(pid: int) -> float:
    """Seconds for which a process was ready and had no processor; 0 where the kernel does not tell.

    Source: the kernel's documentation, scheduler/sched-stats, "/proc/<pid>/schedstat".
    """
    try:
        with open("/proc/%d/schedstat" % pid, encoding="ascii") as file:
            return int(file.read().split()[1]) / _NANOSECONDS
    except (OSError, ValueError, IndexError):
        return 0.0
