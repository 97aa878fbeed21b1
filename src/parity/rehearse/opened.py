"""Libraries that are opened by name, and modules that a distribution has apart, in what a rehearsal saw. Pure.

Neither the linker nor an import's error tells of them in a form of its own: what the files name is held
against what the imports said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import cast

from parity.wire.rehearsing import ImportAnswer, ImportSeen, LibraryOpened, Seen

SoName = Callable[[Sequence[str]], str]
_NO_MODULE = re.compile(r"No module named '([\w.]+)'")
_MISSING = ("ImportError", "OSError", "AttributeError", "RuntimeError", "FileNotFoundError")
"""How an import ends that wants a library; what a framework raises (Django's settings) is another matter."""


def submodules(found: Sequence[LibraryOpened], tried: set[str], requested: set[str]) -> dict[str, list[str]]:
    """The modules to import besides, by package: those of what was asked for that come to such a library."""
    wanted: dict[str, set[str]] = {}
    for each in found:
        if each["package"] in requested:
            wanted.setdefault(each["package"], set()).update(set(each["modules"]) - tried)
    return {package: sorted(modules) for package, modules in wanted.items() if modules}


def wants(row: ImportSeen | ImportAnswer, opened: LibraryOpened) -> bool:
    """Whether an import failed for want of this library."""
    kind = row["error"].partition(":")[0]
    if kind not in _MISSING:
        return False
    said = row["error"].lower()
    return any(stem(name).lower() in said for name in opened["names"]) or f"/{opened['file']}:" in row["at"]


def stem(name: str) -> str:
    """`zbar` of `libzbar.so.0`."""
    return name.removeprefix("lib").partition(".so")[0].rstrip("*")


def settled(seen: Seen, soname: SoName) -> Seen:
    """What was seen, its libraries named as the target's own packages call them.

    Args:
        seen: with `opened`, whose libraries are still called as programs open them.
        soname: names of which one is enough → the library's soname, empty where no package is known.

    Returns:
        the same; failed imports name the library, or the module of Python's own, that they miss. Of what
        is opened, libraries without a package are left out.
    """
    if "opened" not in seen or "imports" not in seen:
        return seen
    known = [
        cast("LibraryOpened", {**each, "names": [library, *each["names"]]})
        for each in seen["opened"]
        if (library := soname(each["names"]))
    ]
    imports = [_named(row, known, soname) for row in seen["imports"]]
    return cast("Seen", {**seen, "opened": known, "imports": imports})


def _named(row: ImportSeen, known: Sequence[LibraryOpened], soname: SoName) -> ImportSeen:
    if not row["error"] or row["library"]:
        return row
    own = [each for each in known if each["package"] == row["package"] and wants(row, each)]
    module = _NO_MODULE.search(row["error"])
    library = own[0]["names"][0] if own else soname([module[1]]) if module else ""
    return cast("ImportSeen", {**row, "library": library})


def lines(seen: Seen, system: str, providers: Callable[[str], tuple[str, ...]]) -> list[str]:
    """Warnings about libraries that are opened by name and that no import was seen to need."""
    needed = {(row["package"], row["library"]) for row in seen.get("imports", ()) if row["error"]}
    told = [
        (each["package"], each["file"], each["names"][0])
        for each in seen.get("opened", ())
        if not each["optional"] and (each["package"], each["names"][0]) not in needed
    ]
    return [
        f"{package}: {file} opens {library} by name, which is missing; "
        f"on {system} it is in {' and '.join(providers(library))}"
        for package, file, library in sorted(set(told))
    ]


def wanted(seen: Seen) -> set[str]:
    """The libraries that a package opens by name and cannot do without."""
    return {each["names"][0] for each in seen.get("opened", ()) if not each["optional"]}
