"""Where results and errors go: stdout has the result, stderr everything else.

Colours follow the terminal and NO_COLOR (rich does both); a pipe gets plain text.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import traceback
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypedDict, TypeVar, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from parity.ci.log import logged, no_command
from parity.errors import InputFileError, ParityError, RootError, WriteFailed
from parity.portable.texts import printable, printable_lines

_T = TypeVar("_T")


@dataclass
class Output:
    """How this run of the command talks; commands set it from their options."""

    json: bool = False
    verbose: bool = False


output = Output()
_NOT_WRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class _Door(Console):
    """What reaches the terminal goes through here: colours are ours, and of the texts what can be seen.

    No text is read as markup. Control characters, marks of direction and the like are shown as escapes;
    line ends alone stay, so whoever prints a text from outside makes it one line (`printable`).
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As rich does it, with every text made printable."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable() or segment.text == "\n":
                yield segment
            else:
                yield Segment("\n".join(map(printable, segment.text.split("\n"))), segment.style)


def stdout() -> Console:
    """The console for results."""
    return _Door(file=logged(sys.stdout), soft_wrap=True, highlight=False, markup=False, emoji=False)


def stderr() -> Console:
    """The console for progress, warnings and errors."""
    return _Door(file=logged(sys.stderr), stderr=True, highlight=False, markup=False, emoji=False)


def terminal_width() -> int:
    """How wide the terminal is that gets the results; 0 where they go to a file or a program."""
    console = stdout()
    return console.width if console.is_terminal else 0


def write_lines(lines: Iterable[str], *, commands: bool = False) -> None:
    """Plain lines on stdout, for programs: never wrapped, each made printable but for the tabs in it.

    Args:
        lines: without their ends.
        commands: whether they may be commands of a pipeline's host.
    """
    for line in lines:
        plain = "\t".join(map(printable, line.split("\t"))) + "\n"
        sys.stdout.write(plain if commands else no_command(plain))


def write_note(line: str) -> None:
    """One plain line on stderr, never wrapped."""
    sys.stderr.write(no_command(printable(line)) + "\n")


def printable_tree(value: _T) -> _T:
    """A document from outside for people: all its texts, keys too, made printable lines."""
    return cast("_T", _printable(value))


def _printable(value: object) -> object:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {_printable(key): _printable(each) for key, each in value.items()}
    return [_printable(each) for each in value] if isinstance(value, list) else value


def print_json(document: object) -> None:
    """One JSON document on stdout, for machines."""
    # Not by rich, which could wrap or colour it.
    text = json.dumps(document, indent=2, sort_keys=True, default=str)
    # The same document; a pipeline's host would obey `##[…]` in the middle of a line, too.
    sys.stdout.write(text.replace("##", "#\\u0023") + "\n")
    sys.stdout.flush()


class ErrorDocument(TypedDict):
    """An error, as JSON tells it."""

    kind: str
    message: str
    where: str
    remedy: str
    details: list[str]
    exit_code: int


def error_document(error: RootError) -> ErrorDocument:
    """An error for machines."""
    return {
        "kind": error.kind,
        "message": error.message,
        "where": error.where,
        "remedy": error.remedy,
        "details": list(error.details),
        "exit_code": error.exit_code,
    }


def show_error(error: RootError, run: str = "") -> None:
    """An error for people: what, where, the details, and what to do next."""
    document = error_document(error)
    console = stderr()
    message, *more = printable_lines(document["message"])
    head = Text.assemble(("error: ", "bold red"), (f"{run}: " if run else "", "bold"), message)
    console.print(head, soft_wrap=True)
    if document["where"]:
        console.print(Text(f"   at: {printable(document['where'])}"), soft_wrap=True)
    for line in (*more, *(line for text in document["details"] for line in printable_lines(text))):
        console.print(Text(f"     {line}"), soft_wrap=True)
    console.print(Text.assemble(("   do: ", "bold"), printable(document["remedy"])), soft_wrap=True)


def fail(error: RootError) -> int:
    """Report the error that ends the command; gives its exit code, which may be all that can be told."""
    if output.json:
        with suppress(OSError):
            print_json({"error": error_document(error)})
            return error.exit_code
    with suppress(OSError):
        show_error(error)
    _silence()
    return error.exit_code


def _silence() -> None:
    """Let what can no longer be written get lost: else the interpreter complains of it on its way out."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:  # noqa: PERF203
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())


def crash(error: BaseException) -> int:
    """Report what nobody expected: one line, the traceback only with --verbose.

    An error of the operating system about a file is the user's to mend; all else is a fault of parity's own.
    """
    if output.verbose:
        text = "".join(traceback.format_exception(error))
        with suppress(OSError):
            for line in printable_lines(text):
                write_note(line)
    told = _of_the_system(error) if isinstance(error, OSError) else None
    return fail(told or ParityError(f"unexpected {type(error).__name__}: {error}"))


def _of_the_system(error: OSError) -> ParityError | None:
    """What the user can mend: a file, the place where our output goes, the folder that we are in."""
    if error.filename is not None:
        return _about_a_file(error)
    # Whatever writes files tells their names: without one it was a stream.
    if error.errno in _NOT_WRITTEN:
        remedy = "let it go to where there is room"
        return WriteFailed(f"the output cannot be written: {error.strerror}", remedy=remedy)
    if error.errno == errno.ENOENT and not _is_somewhere():
        remedy = "start it in a folder that is there"
        return InputFileError("the folder that parity was started in is no longer there", remedy=remedy)
    return None


def _is_somewhere() -> bool:
    try:
        return bool(os.getcwd())
    except OSError:
        return False


def _about_a_file(error: OSError) -> ParityError:
    where = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else str(error.filename)
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return WriteFailed(reason, where=where)
    remedy = "name another file or folder, or see to its rights and kind"
    return InputFileError(f"cannot be used: {reason}", where=where, remedy=remedy)
