"""The pages of errors.md, one for each exit code."""

from __future__ import annotations

from importlib import resources
from typing import NamedTuple


class ErrorPage(NamedTuple):
    """What one error means; all of it Markdown without headings.

    Attributes:
        code: the exit code.
        name: the error's name, as the table of exit codes and `--json` have it.
        what: one line that says what it is.
        why: how it comes about.
        do: what to do next.
        example: a command, or a line of a profile.
    """

    code: int
    name: str
    what: str
    why: str
    do: str
    example: str

    @property
    def text(self) -> str:
        """The page for people."""
        return "\n\n".join(
            [
                f"**{self.name}** (exit code {self.code})",
                self.what,
                f"**Why**: {self.why}",
                f"**What to do**: {self.do}",
                f"**Example**: {self.example}",
            ]
        )


def error_pages() -> list[ErrorPage]:
    """All pages, by code."""
    text = resources.files("parity.docs").joinpath("errors.md").read_text("utf-8")
    return [_page(section) for section in text.split("\n## ")[1:]]


def _page(section: str) -> ErrorPage:
    heading, _, body = section.partition("\n")
    code, name = heading.split()
    parts = dict(line.split(": ", 1) for line in body.strip().splitlines())
    what, why, do, example = (parts[word] for word in ("What", "Why", "Do", "Example"))
    return ErrorPage(int(code), name, *(text[0].upper() + text[1:] for text in (what, why, do, example)))
