"""What a group tells of one engine, family or machine in one story."""

from __future__ import annotations

import enum
from typing import NamedTuple


class Verdict(enum.Enum):
    """How it ended; what could not be tried here is not seen, and that is no failure."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_SEEN = "not seen"


class Row(NamedTuple):
    """One subject in one story.

    Attributes:
        subject: the engine, family or machine, such as `podman 4.3 rootful`.
        story: what was tried with it, such as `contract suite` or `build rhel9-py39`.
        verdict: how it ended.
        seconds: how long it took.
        note: what a reader needs besides: counts, or why it was not seen.
    """

    subject: str
    story: str
    verdict: Verdict
    seconds: float
    note: str = ""
