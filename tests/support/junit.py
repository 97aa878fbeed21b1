"""The report that pytest writes of a run (JUnit's XML), read again."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple


class Case(NamedTuple):
    """One test as it ended; its module without `tests.`."""

    module: str
    name: str
    seconds: float
    passed: bool


def read_cases(report: Path) -> list[Case]:
    """The tests of a report that a run of our own wrote."""
    # No stranger wrote it.
    found = ET.parse(report).iter("testcase")  # noqa: S314
    return [
        Case(
            case.get("classname", "").removeprefix("tests."),
            case.get("name", ""),
            float(case.get("time", "0")),
            # Skipped is no pass either.
            not any(case.find(word) is not None for word in ("failure", "error", "skipped")),
        )
        for case in found
    ]
