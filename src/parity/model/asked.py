"""What was asked for, as the user wrote it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from parity.model.bundle import BundleFile

AskedKind = Literal["lines", "requirements", "constraints", "project"]


@dataclass(frozen=True)
class AskedText:
    """A text that says what to install.

    Attributes:
        kind: `lines` for those of the profile or the command line, `requirements` and `constraints` for
            files, `project` for a pyproject.toml or a script.
        path: the file, absolute; None for lines.
        text: all of it.
    """

    kind: AskedKind
    path: Path | None
    text: str = field(repr=False)


@dataclass(frozen=True)
class AskedFile:
    """The same as it travels.

    Attributes:
        kind: as in `AskedText`.
        name: the file relative to the project, its last name alone where it lies elsewhere; empty for lines.
        changed: whether credentials or folders of this machine were taken out.
        file: of the payload.
    """

    kind: AskedKind
    name: str
    changed: bool
    file: BundleFile
