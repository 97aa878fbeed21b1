"""Rows under headings, as plain lines or as Markdown for a change request: what reviewers are shown. Pure.

Nothing in a cell can become markup: most of it is a stranger's word.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parity.ci import as_shown
from parity.portable.texts import printable


@dataclass(frozen=True)
class Section:
    """A part of a report: rows of cells under named columns; a checklist's are kind, subject and message."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    checklist: bool = False


def version_change(old: str, new: str, kind: str) -> tuple[str, str]:
    """A mark for a package that changes, and how its versions read.

    Args:
        old: the version there was.
        new: the version there will be.
        kind: as `parity.update.kinds` has it; told where the version stays and other bytes come.
    """
    # An arrow of its own: whoever skims a long list must not miss what goes back.
    mark = "↓" if kind == "downgrade" else "~"
    return mark, f"{new}, {kind}" if old == new else f"{old} → {new}"


def look_at(noted: Sequence[tuple[str, str, str]]) -> Section:
    """What stands out: (kind, subject, message) each."""
    rows = tuple(noted) or (("nothing stands out", "", ""),)
    return Section(f"Look at ({len(noted)})", ("", "", ""), rows, checklist=True)


def as_text(title: str, facts: Sequence[tuple[str, str]], sections: Iterable[Section]) -> str:
    """Plain lines for a terminal, columns aligned.

    Args:
        title: the first line.
        facts: names and values below it.
        sections: in their order.
    """
    lines = [printable(title), "", *aligned(facts, "  ")]
    for section in sections:
        lines += ["", section.title, *aligned(section.rows, "  ")]
    return "\n".join(lines) + "\n"


def as_markdown(title: str, facts: Sequence[tuple[str, str]], sections: Iterable[Section]) -> str:
    """GitHub's and GitLab's Markdown, with checklists to tick; arguments as `as_text`."""
    lines = [f"## {as_shown(title)}", "", "| | |", "| --- | --- |"]
    lines += [f"| {as_shown(name)} | {as_shown(value)} |" for name, value in facts]
    for section in sections:
        lines += ["", f"### {as_shown(section.title)}", ""]
        lines += _checklist(section) if section.checklist else _table(section)
    return "\n".join(lines) + "\n"


def fitted(text: str, width: int) -> str:
    """Plain lines for a terminal of this width: one that is too long goes on below its own last column.

    Args:
        text: lines as `as_text` makes them.
        width: of the terminal; 0 where the lines go to a file, and stay as they are.
    """
    return "".join(f"{each}\n" for line in text.splitlines() for each in _below_each_other(line, width))


def _below_each_other(line: str, width: int) -> list[str]:
    if not width or len(line) <= width:
        return [line]
    # Columns are two blanks apart; one that begins too far to the right would leave no room for words.
    columns = [found.end() for found in re.finditer(r"(^|\S)  +", line) if found.end() <= width * 2 // 3]
    indent = " " * max(columns, default=0)
    return textwrap.wrap(line, width, subsequent_indent=indent, break_on_hyphens=False)


def aligned(rows: Sequence[tuple[str, ...]], indent: str) -> list[str]:
    """Rows as lines, their columns below each other; all rows must have as many cells."""
    rows = [tuple(map(printable, row)) for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]


def _checklist(section: Section) -> list[str]:
    return [
        f"- [ ] **{as_shown(kind)}** {as_shown(subject)}: {as_shown(message)}"
        if message
        else f"- {as_shown(kind)}"
        for kind, subject, message in section.rows
    ]


def _table(section: Section) -> list[str]:
    if not section.rows:
        return ["none"]
    head = [f"| {' | '.join(section.columns)} |", f"|{' --- |' * len(section.columns)}"]
    return head + [f"| {' | '.join(as_shown(cell) for cell in row)} |" for row in section.rows]
