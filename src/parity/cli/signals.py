"""Ctrl-C and SIGTERM become exceptions, so that every open context cleans up."""

from __future__ import annotations

import os
import signal
from types import FrameType

from parity.errors import Interrupted, Terminated

_FORCE_AFTER = 3


def install_handlers() -> None:
    """Raise Interrupted or Terminated in the main thread at the first signal.

    Further ones are ignored while cleaning up; the third ends the process at once (the next start
    sweeps what it left).
    """
    counted = {"signals": 0}

    def handle(number: int, _frame: FrameType | None) -> None:
        counted["signals"] += 1
        if counted["signals"] == 1:
            if number == signal.SIGINT:
                raise Interrupted("interrupted")
            raise Terminated("terminated")
        if counted["signals"] >= _FORCE_AFTER:
            os._exit(128 + number)

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)
