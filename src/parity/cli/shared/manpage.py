"""parity(1), from the commands' own help: written by `make docs`, carried in the wheel."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parity.cli.shared.apps import DocumentedCommand, argument_in_usage, is_argument
from parity.cli.shared.reference import every_command, flowing, option_words

_FILES = (
    ("~/.config/parity/keys/", "keys of one's own, and below trusted/ those of others"),
    ("~/.cache/parity/", "measurements, proofs, uv, layers of base images; may be deleted at any time"),
    ("pylock.NAME.toml", "the lock, beside the profile or the requirements"),
    ("dist/*.parity.tar", "the bundles"),
)


def man_page(group: DocumentedCommand) -> str:
    """The page in troff's man macros; no date and no version in it, so it changes with the commands alone."""
    lines = [
        '.TH PARITY 1 "" "" "parity"',
        ".SH NAME",
        r"parity \- Python environments for machines without a network",
        ".SH SYNOPSIS",
        r".B parity",
        r"\fICOMMAND\fR [\fIOPTIONS\fR]",
        ".SH DESCRIPTION",
        _text(flowing(group.help)),
        ".PP",
        r"\fBparity docs\fR shows the whole documentation,",
        r"\fBparity explain\fR \fICODE\fR what an exit code means.",
        ".SH COMMANDS",
    ]
    for words, command in every_command(group):
        lines += _command(words, command)
    lines += [".SH FILES", *(line for name, about in _FILES for line in (".TP", _bold(name), _text(about)))]
    lines += [".SH ENVIRONMENT", r"See \fBparity docs environment\fR."]
    lines += [
        ".SH EXIT STATUS",
        r"0 is success, 1 a fault of parity's own, 2 wrong usage; each error has one of its",
    ]
    lines += [r"own, which \fBparity docs exit\-codes\fR lists."]
    return "\n".join(lines) + "\n"


def _command(words: tuple[str, ...], command: DocumentedCommand) -> Iterator[str]:
    arguments = [argument_in_usage(each) for each in command.params if is_argument(each)]
    yield f".SS {_escaped(' '.join(['parity', *words, *arguments]))}"
    yield _text(flowing(command.help))
    for each in command.params:
        if not getattr(each, "hidden", False):
            yield from (".TP", _bold(option_words(each)), _text(getattr(each, "help", None) or ""))


def _bold(text: str) -> str:
    return f"\\fB{_escaped(text)}\\fR"


def _text(text: str) -> str:
    """Paragraphs; Markdown's marks for code become bold letters."""
    paragraphs = [" ".join(each.split()) for each in text.split("\n\n")]
    shown = [re.sub(r"`([^`]+)`", r"\\fB\1\\fR", _escaped(each)) for each in paragraphs]
    return "\n.PP\n".join(_safe(each) for each in shown)


def _escaped(text: str) -> str:
    # A bare hyphen would become a dash, and an option could not be copied.
    return text.replace("\\", "\\e").replace("-", "\\-")


def _safe(line: str) -> str:
    """A line that begins with a dot or a quote would be a request."""
    return f"\\&{line}" if line.startswith((".", "'")) else line
