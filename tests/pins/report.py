"""What `make pins` did: brought up to date, found right, or could not check."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

Ending = Literal["up to date", "brought up to date", "wrong", "could not check"]


class Report:
    """Tells each pin as it is known, and counts those that somebody must look at."""

    def __init__(self) -> None:
        self.wrong = 0

    def tell(self, what: str, ending: Ending, *details: str) -> None:
        """One pin, or one table, and how it ended."""
        self.wrong += ending == "wrong"
        for line in (f"{what}: {ending}", *(f"  {detail}" for detail in details)):
            sys.stdout.write(line + "\n")
        sys.stdout.flush()


def replaced(path: Path, text: str) -> Ending:
    """Give a file this text, where it has another."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return "up to date"
    path.write_text(text, encoding="utf-8")
    return "brought up to date"
