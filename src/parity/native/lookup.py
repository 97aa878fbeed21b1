"""Which package of a distribution provides a shared library: from a table beside this file. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import TypedDict

from parity.portable.families.family import Family
from parity.portable.families.registry import FAMILIES

_BITS_32 = {"i386", "i486", "i586", "i686", "armv7l", "armv8l", "armv6l"}
_NUMBER = re.compile(r"\d+")


_Row = Mapping[str, object]


class _ProvidersTable(TypedDict):
    """providers.json; its own `about` says what a row holds."""

    lineage: dict[str, list[str]]
    names: dict[str, str]
    aliases: dict[str, str]
    vendors: list[tuple[str, str]]
    rows: list[_Row]


def providers(library: str, os_id: str, os_version: str, arch: str) -> tuple[str, ...]:
    """The packages to install where this library is missing.

    Args:
        library: its soname, `libGL.so.1`, or another name by which it is opened.
        os_id: `ID` in /etc/os-release.
        os_version: `VERSION_ID` there.
        arch: as `uname -m` says it.

    Returns:
        the names, all of them needed; empty where the table does not know, or the system has none.
    """
    row = _rows().get(_soname(library))
    if row is None:
        return ()
    archs = row.get("archs")
    if isinstance(archs, list) and arch not in archs:
        return ()
    version = _numbers(os_version)
    for word in _table()["lineage"].get(os_id, ()):
        since = {_numbers(key): names for key, names in row.items() if key.split(" ")[0] == word}
        fitting = [number for number in since if number <= version]
        if fitting:
            names = since[max(fitting)]
            return (names,) if isinstance(names, str) else ()
    return ()


def soname(names: Iterable[str], os_id: str, os_version: str, arch: str) -> str:
    """The library that some names mean, as this system's table has it.

    Args:
        names: as programs open it: `libzbar.so.0`, `libzbar.so`, what `find_library` is asked for (`zbar`),
            or how one of these begins (`MagickWand*`).
        os_id: see `providers`.
        os_version: see `providers`.
        arch: see `providers`.

    Returns:
        the first name that the table has and the system a package for; empty where there is none.
    """
    for name in names:
        for known in _meant(name):
            if providers(known, os_id, os_version, arch):
                return known
    return ""


def module_apart(name: str, os_id: str, os_version: str) -> str:
    """The module of Python's own that a system has in a package besides Python's: as `providers` knows it.

    Args:
        name: a module that is not there: `tkinter`, `distutils.core`.
        os_id: see `providers`.
        os_version: see `providers`.
    """
    fitting = (each for each in (name, name.partition(".")[0]) if _is_module(each))
    return next((each for each in fitting if providers(each, os_id, os_version, "")), "")


def _is_module(name: str) -> bool:
    return bool(_rows().get(name, {}).get("module"))


def _meant(name: str) -> Iterator[str]:
    """The rows that a name may mean, itself first."""
    if _is_module(name):
        return
    if name in _rows() or name in _table()["aliases"]:
        yield name
    plain = (name if name.startswith("lib") else "lib" + name).partition(".so")[0]
    begin = plain[:-1] if plain.endswith("*") else plain + ".so."
    yield from (library for library in _rows() if library.startswith(begin) and ".so." in library)


def capability(library: str, os_id: str, arch: str) -> str:
    """The words by which this system's own package manager finds the library, whatever provides it.

    rpm (`dnf install 'libGL.so.1()(64bit)'`) and apk (`apk add so:libGL.so.1`) record sonames; empty for
    a system whose packages do not (dpkg), for an unknown one, for programs and modules of Python's own.
    """
    if _is_module(library) or library.startswith("bin/"):
        return ""
    found = _family(os_id)
    return found.capability(_soname(library), 32 if arch in _BITS_32 else 64) if found else ""


def manager(os_id: str) -> str:
    """The name of the family whose packages this system has; of one that nobody knows, the first's."""
    found = _family(os_id)
    return found.name if found else next(iter(FAMILIES))


def _family(os_id: str) -> Family | None:
    words = {os_id, *_table()["lineage"].get(os_id, ())}
    return next((family for family in FAMILIES.values() if words & family.lineage), None)


def system_name(os_id: str, os_version: str) -> str:
    """What people call a system: `Debian 11`, `Amazon Linux 2023`."""
    return f"{_table()['names'].get(os_id, os_id)} {os_version}".rstrip()


def known_libraries() -> tuple[str, ...]:
    """The sonames that the table has a row for, sorted."""
    return tuple(sorted(_rows()))


def vendor(library: str) -> str:
    """Who gives out a library that no distribution carries (`NVIDIA's driver`); empty for any other."""
    for pattern, name in _table()["vendors"]:
        if re.match(pattern, library):
            return name
    return ""


def _soname(library: str) -> str:
    return _table()["aliases"].get(library, library)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in _NUMBER.findall(text))


@cache
def _table() -> _ProvidersTable:
    text = resources.files("parity.native").joinpath("providers.json").read_text(encoding="utf-8")
    table: _ProvidersTable = json.loads(text)
    return table


@cache
def _rows() -> Mapping[str, _Row]:
    found: dict[str, _Row] = {}
    for row in _table()["rows"]:
        libraries = row["libraries"]
        if isinstance(libraries, list):
            found.update(dict.fromkeys(libraries, row))
    return found
