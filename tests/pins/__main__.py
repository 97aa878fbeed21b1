"""`make pins`: bring what is pinned and tabled up to date, and say what could not be checked.

Writes into the checkout (look at `git diff` before you keep it); ends with 1 where a table is wrong.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.pins import cxxabi, images, providers, release, uv
from tests.pins.report import Report

from parity.errors import ParityError

ROOT = Path(__file__).parents[2]
PINS: dict[str, Callable[[Path, Report], None]] = {
    "uv": uv.bring,
    "C++ ABI table": cxxabi.bring,
    "native libraries": providers.bring,
    "vendors' images": images.bring,
    "parity's own dependencies": release.bring,
}


def main() -> int:
    """All of them; one that cannot be asked does not keep the others from it."""
    report = Report()
    for name in PINS:
        _bring(name, report)
    return 1 if report.wrong else 0


def _bring(name: str, report: Report) -> None:
    try:
        PINS[name](ROOT, report)
    except (OSError, subprocess.CalledProcessError, ParityError) as error:
        said = getattr(error, "stderr", "") or str(error)
        report.tell(name, "could not check", *said.strip().splitlines()[-2:])


if __name__ == "__main__":
    sys.exit(main())
