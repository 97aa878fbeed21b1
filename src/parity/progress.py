"""How stages tell what they are doing, without knowing who listens.

The command line listens with a live display, plain lines or silence; tests with a list.
"""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Hears what a run does. Every call must be cheap, thread-safe and must not raise."""

    def stage(self, name: str, detail: str = "") -> None:
        """A stage begins; the one before it, if any, has ended well."""

    def note(self, text: str) -> None:
        """A line worth keeping in the log of a normal run."""

    def warn(self, text: str, kind: str = "") -> None:
        """Something that a person should look at, though the run goes on.

        Many of one `kind` are shown as a few with their number; one without a kind is always shown.
        """

    def debug(self, text: str) -> None:
        """A line for --verbose: commands, transcripts, addresses without credentials."""

    def advance(self, done: int, total: int, label: str = "") -> None:
        """Bytes done so far in the current stage, out of `total` (0 where nobody knows)."""

    def count(self, done: int, total: int, what: str) -> None:
        """So many things of the current stage are done, out of `total`: `3 of 29 wheels`."""


class Silent:
    """A reporter that hears nothing."""

    def stage(self, name: str, detail: str = "") -> None:
        """Ignore it."""

    def note(self, text: str) -> None:
        """Ignore it."""

    def warn(self, text: str, kind: str = "") -> None:
        """Ignore it."""

    def debug(self, text: str) -> None:
        """Ignore it."""

    def advance(self, done: int, total: int, label: str = "") -> None:
        """Ignore it."""

    def count(self, done: int, total: int, what: str) -> None:
        """Ignore it."""
