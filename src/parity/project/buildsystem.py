"""What a pyproject.toml says of its build (PEP 517 and 518). Pure; the file is a stranger's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from parity.errors import BuildFailed
from parity.model.toml import parse
from parity.wire.building import BuildBackend

_LEGACY = "setuptools.build_meta:__legacy__"
_ADD_POETRY = (
    'add `[build-system]`, `requires = ["poetry-core"]` and `build-backend = "poetry.core.masonry.api"` to it'
)


@dataclass(frozen=True)
class BuildSystem:
    """What pyproject.toml says of the build, defaults filled in (PEP 517 and 518)."""

    requires: tuple[str, ...]
    backend: str
    paths: tuple[str, ...] = ()

    def having(self, requires: Sequence[str]) -> BuildSystem:
        """The same, with more requirements."""
        return replace(self, requires=(*self.requires, *requires))

    def document(self) -> BuildBackend:
        """For the guest."""
        return {"requires": list(self.requires), "backend": self.backend, "paths": list(self.paths)}


def read_build_system(text: str, what: str, *, setup: bool = False) -> BuildSystem:
    """Read the build-system of a pyproject.toml; what setuptools takes where it says nothing of requirements.

    Args:
        text: of the file; empty for none.
        what: the package's name, for messages.
        setup: whether there is a setup.py, too.

    Raises:
        BuildFailed: it is no TOML, or says what PEP 518 does not know, or what nothing would read.
    """
    try:
        document = parse(text)
    except (ValueError, RecursionError) as error:  # a number of too many digits is no TOMLError
        raise _wrong(what, f"is no TOML: {error}") from error
    said = document.get("build-system", {})
    if not isinstance(said, dict):
        raise _wrong(what, "has a build-system that is no table")
    requires = _lines(said, "requires", what)
    if requires is None and not setup and _is_poetrys(document):
        message = (
            f"the pyproject.toml of {what} has no build-system, without which nothing reads [tool.poetry]"
        )
        raise BuildFailed(message, where=what, remedy=_ADD_POETRY)
    if requires is None:
        return BuildSystem(("setuptools>=40.8.0",), _LEGACY)
    backend = said.get("build-backend") or _LEGACY
    if not isinstance(backend, str):
        raise _wrong(what, "has a build-backend that is no text")
    return BuildSystem(requires, backend, _lines(said, "backend-path", what) or ())


def _is_poetrys(document: Mapping[str, object]) -> bool:
    """Whether setuptools would make a package `unknown` of it: Poetry alone knows its name."""
    tool = document.get("tool")
    return isinstance(tool, dict) and "poetry" in tool and "project" not in document


def _lines(said: dict[str, object], key: str, what: str) -> tuple[str, ...] | None:
    """A list of text, None where there is none."""
    found = said.get(key)
    if found is None:
        return None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise _wrong(what, f"has a {key} that is no list of text")
    return tuple(found)


def _wrong(what: str, reason: str) -> BuildFailed:
    return BuildFailed(
        f"the pyproject.toml of {what} {reason}",
        where=what,
        remedy="mend it (PEP 518 says what build-system holds), or use another version",
    )
