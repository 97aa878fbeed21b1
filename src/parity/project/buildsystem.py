"""What a pyproject.toml says of its build (PEP 517 and 518). Pure; the file is a stranger's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from parity.errors import BuildFailed
from parity.model.toml import parse
from parity.wire.building import BuildBackend

_OWN_TABLES = {
    "poetry": ("dependencies", "poetry-core", "poetry.core.masonry.api"),
    "flit": ("metadata", "flit_core<4", "flit_core.buildapi"),
}
"""Tables of tools by their name: a key that they have, and the backend that reads it."""
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


def read_build_system(text: str, what: str, setup: bool = False) -> BuildSystem:
    """Read the build-system of a pyproject.toml; what setuptools takes where it says nothing of requirements.

    Args:
        text: of the file; empty for none.
        what: the package's name, for messages.
        setup: whether there is a setup.py.

    Raises:
        BuildFailed: it is no TOML, says what PEP 518 does not know, or says in a tool's own table what it
            requires, and names no backend that reads that: setuptools would leave it out without a word.
    """
    try:
        document = parse(text)
        said = document.get("build-system", {})
    except (ValueError, RecursionError) as error:
        raise _wrong(what, f"is no TOML: {error}") from error
    if not isinstance(said, dict):
        raise _wrong(what, "has a build-system that is no table")
    requires = _lines(said, "requires", what)
    if requires is None:
        if not setup and "project" not in document:
            _demand_no_tools_own(document.get("tool"), what)
        return BuildSystem(("setuptools>=40.8.0",), _LEGACY)
    backend = said.get("build-backend") or _LEGACY
    if not isinstance(backend, str):
        raise _wrong(what, "has a build-backend that is no text")
    return BuildSystem(requires, backend, _lines(said, "backend-path", what) or ())


def _demand_no_tools_own(tools: object, what: str) -> None:
    for name, (key, requires, backend) in _OWN_TABLES.items():
        own = tools.get(name) if isinstance(tools, dict) else None
        if isinstance(own, dict) and key in own:
            raise BuildFailed(
                f"the pyproject.toml of {what} says in [tool.{name}] what it requires, and has no "
                "[build-system] that reads it",
                where=what,
                remedy=f'add to it: [build-system], requires = ["{requires}"], build-backend = "{backend}"'
                + ("; or `poetry export -o requirements.txt`, then give that with -r" * (name == "poetry")),
            )


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
