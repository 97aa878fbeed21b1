"""What a pyproject.toml says of its build (PEP 517 and 518). Pure; the file is a stranger's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from parity.errors import BuildFailed
from parity.model.toml import parse
from parity.wire.building import BuildBackend

_LEGACY = "setuptools.build_meta:__legacy__"


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


def read_build_system(text: str, what: str) -> BuildSystem:
    """Read the build-system of a pyproject.toml; what setuptools takes where it says nothing of requirements.

    Args:
        text: of the file; empty for none.
        what: the package's name, for messages.

    Raises:
        BuildFailed: it is no TOML, or says what PEP 518 does not know.
    """
    try:
        said = parse(text).get("build-system", {})
    except (ValueError, RecursionError) as error:
        raise _wrong(what, f"is no TOML: {error}") from error
    if not isinstance(said, dict):
        raise _wrong(what, "has a build-system that is no table")
    requires = _lines(said, "requires", what)
    if requires is None:
        return BuildSystem(("setuptools>=40.8.0",), _LEGACY)
    backend = said.get("build-backend") or _LEGACY
    if not isinstance(backend, str):
        raise _wrong(what, "has a build-backend that is no text")
    return BuildSystem(requires, backend, _lines(said, "backend-path", what) or ())


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
