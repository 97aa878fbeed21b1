"""Pulling, building and bootstrapping tell how far they are, from what their tools say."""

from __future__ import annotations

import pytest

from parity.images.lines import ToolLines
from parity.progress import Silent

PULL = [
    "bookworm: Pulling from library/debian",
    "0123456789ab: Pulling fs layer",
    "abcdefabcdef: Pulling fs layer",
    "0123456789ab: Downloading",
    "0123456789ab: Pull complete",
    "abcdefabcdef: Already exists",
    "Digest: sha256:00",
]
BUILD = ["Step 1/7 : FROM debian", " ---> 0123", "Step 2/7 : RUN echo Step 9/9"]
BOOTSTRAP = [
    "I: Retrieving InRelease",
    "I: Retrieving libc6 2.36-9",
    "I: Validating libc6 2.36-9",
    "I: Extracting libc6...",
    "I: Unpacking the base system...",
    "I: Configuring libc6...",
    "I: Base system installed successfully.",
]


class Heard(Silent):
    def __init__(self) -> None:
        self.counts: list[tuple[int, int, str]] = []
        self.details: list[str] = []

    def count(self, done: int, total: int, what: str) -> None:
        self.counts.append((done, total, what))

    def debug(self, text: str) -> None:
        self.details.append(text)


@pytest.mark.parametrize(
    ("lines", "last", "number"),
    [
        (PULL, (2, 2, "layers"), 4),
        (BUILD, (2, 7, "steps"), 2),
        (BOOTSTRAP, (1, 2, "packages configured"), 5),
        (["Step 99999999/1 : x", "zz: Pull complete", "I: Retrieving"], None, 0),
    ],
)
def test_it_is_told_how_far_it_is(lines: list[str], last: tuple[int, int, str] | None, number: int) -> None:
    heard = Heard()
    hear = ToolLines(heard)
    for line in lines:
        hear(line)
    assert heard.details == lines
    assert len(heard.counts) == number
    assert (heard.counts[-1] if heard.counts else None) == last
