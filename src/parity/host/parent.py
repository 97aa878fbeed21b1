"""A process that does not outlive the one that started it (prctl(2), PR_SET_PDEATHSIG; Linux)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with(parent: int) -> bool:
    """Have the kernel send SIGTERM when the parent ends, even by SIGKILL.

    Args:
        parent: the process that started this one.

    Returns:
        whether it still lives; if not, nobody waits for what this process does.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    # It may have ended before the kernel was asked.
    return os.getppid() == parent
