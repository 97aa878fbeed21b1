"""What a run says on its way; groups say with it what they set up."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """One line on stdout, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
