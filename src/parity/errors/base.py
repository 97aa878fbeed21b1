"""The root error, and one problem in a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from parity.portable.errors import RootError


class ParityError(RootError):
    """The root of the errors that the near side raises on purpose.

    Args:
        message: what is wrong, in one sentence, without a full stop needed.
        where: the place (file, line, package, container, index); empty where there is none.
        remedy: what to do next; the kind's own remedy where empty.
        details: further lines for whoever wants to know more, most important first.
    """

    default_remedy: ClassVar[str] = "this is a fault in parity: report it with the output of --verbose"

    def __init__(
        self, message: str, *, where: str = "", remedy: str = "", details: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.where = where
        self.remedy = remedy or self.default_remedy
        self.details = details


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a document: where it stands, what was expected, what was likely meant."""

    file: str
    line: int
    path: str
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        hint = f" (did you mean {self.suggestion!r}?)" if self.suggestion else ""
        return f"{place}: {self.path or 'document'}: {self.message}{hint}"
