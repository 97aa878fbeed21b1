"""What the resolver is told of packages that are here already: their metadata, as a uv.toml.

It never builds a source then, and does not ask the index for what a fetched wheel says of itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from parity.errors import InputFileError
from parity.portable.texts import toml
from parity.wire.resolving import WheelGuessed

_EXTRA = re.compile("[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class Known:
    """A package that was built, or whose wheel was fetched: what the resolver is to believe of it.

    Attributes:
        name: normalised.
        version: of the wheel.
        requires: its Requires-Dist lines.
        requires_python: a specifier, or empty.
        provides_extra: the extras that it has.
        extras: those that are wanted of it.
        path: of the wheel in the resolver's container, where a requirement named its source: the package
            is this one then and no other. Empty for source distributions, among whose versions the
            resolver chooses.
    """

    name: str
    version: str
    requires: tuple[str, ...]
    requires_python: str = ""
    provides_extra: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    path: str = ""


def known_wheels(metadata: Mapping[str, WheelGuessed]) -> tuple[Known, ...]:
    """What wheels from the index say of themselves, without those of which uv itself must judge.

    Args:
        metadata: normalised name → {"version", "requires", "requires_python", "provides_extra"}.
    """
    return tuple(
        Known(
            name,
            said["version"],
            tuple(said["requires"]),
            said["requires_python"],
            tuple(said["provides_extra"]),
        )
        for name, said in metadata.items()
        if all(map(_is_plain, said["requires"]))
        and _is_specifier(said["requires_python"])
        and all(map(_EXTRA.fullmatch, said["provides_extra"]))
    )


def _is_specifier(text: str) -> bool:
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True


def _is_plain(line: str) -> bool:
    """Whether it is a requirement, and of no address."""
    try:
        return Requirement(line).url is None
    except InvalidRequirement:
        return False


def settings_text(known: Sequence[Known], sources: Collection[str]) -> str:
    """A uv.toml that tells the metadata of what is known; empty where there is nothing to tell.

    Other versions of `sources` are said to need nothing: once such a version is chosen it is built, and
    then it is known.

    Raises:
        InputFileError: what a package requires is no requirement.
    """
    tables = [line for one in known for line in (*_table(one), "")]
    for name in sorted(sources):
        tables += ["[[dependency-metadata]]", f"name = {toml(name)}", "requires-dist = []", ""]
    return "\n".join(tables)


def known_requirements(known: Sequence[Known]) -> str:
    """A requirement line for each package whose wheel is to be taken from its path."""
    return "".join(
        f"{one.name}{_extras(one.extras)} @ file://{quote(one.path)}\n" for one in known if one.path
    )


def _table(one: Known) -> Iterator[str]:
    yield "[[dependency-metadata]]"
    yield f"name = {toml(one.name)}"
    yield f"version = {toml(one.version)}"
    yield f"requires-dist = {toml([_without_address(line, one.name) for line in one.requires])}"
    if one.requires_python:
        yield f"requires-python = {toml(one.requires_python)}"
    if one.provides_extra:
        yield f"provides-extra = {toml(list(one.provides_extra))}"


def _without_address(line: str, name: str) -> str:
    """The requirement by name alone: what its address named is known by itself."""
    try:
        found = Requirement(line)
    except InvalidRequirement as error:
        raise InputFileError(f"{name} requires what is no requirement: {line[:60]!r}", where=name) from error
    found.url = None
    return str(found)


def _extras(extras: Sequence[str]) -> str:
    return f"[{','.join(extras)}]" if extras else ""
