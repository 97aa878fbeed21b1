"""Programs that packages carry: whether the loader would start them, and every symbol is there.

Nothing is run or mapped: the files are read, and the loader is asked about names of libraries alone. A
program is an ELF file that names its own loader; those that start with a package lie in `bin` or, where
auditwheel put a shim there, in `NAME.scripts`.
"""

import importlib.machinery
import os
import sys
from typing import TYPE_CHECKING, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from ..environment import modules
from . import elf, linker

if TYPE_CHECKING:
    from ...wire.opening import ProgramBroken

_TOLD = 3  # symbols
_MOST = 100  # programs, and modules
_MODULES = tuple(importlib.machinery.EXTENSION_SUFFIXES)
_LARGEST = 64 << 20


def judge(
    site_packages: str, found: List[modules.Distribution], packages: Sequence[str]
) -> "List[ProgramBroken]":
    """The programs of some packages that do not start here, and their extension modules that want more.

    Returns:
        for each what is missing: libraries, or else symbols, which the interpreter may give to a module and
        so may any library of the environment: another package may have loaded it.
    """
    own = [each for each in found if each.name in packages]
    system = _Linked({os.path.basename(path): os.path.join(site_packages, path) for path in _files(found)})
    rows: "List[ProgramBroken]" = []
    for package, path in [(each.name, path) for each in own for path in each.files if _is_started(path)][
        :_MOST
    ]:
        libraries, symbols = system.lacking(os.path.join(site_packages, path), starts=True)
        if libraries or symbols:
            rows.append(_row(package, path, libraries, symbols, True))
    for package, path in [(each.name, path) for each in own for path in each.files if _is_module(path)][
        :_MOST
    ]:
        libraries, symbols = system.lacking(os.path.join(site_packages, path), starts=False)
        if symbols and not libraries:  # the linker's own judgement tells of libraries
            rows.append(_row(package, path, [], symbols, False))
    return rows


def _row(package: str, path: str, libraries: List[str], symbols: List[str], starts: bool) -> "ProgramBroken":
    shown = path.replace("../", "")
    return {
        "package": package,
        "file": shown,
        "libraries": libraries,
        "symbols": symbols[:_TOLD],
        "starts": starts,
    }


def _files(found: List[modules.Distribution]) -> Iterator[str]:
    return (path for each in found for path in each.files if ".so" in os.path.basename(path))


def _is_module(path: str) -> bool:
    """Whether a path is named as an extension module of this interpreter's is."""
    return path.endswith(_MODULES) and not path.startswith("..")


def _is_started(path: str) -> bool:
    parts = path.split("/")
    return len(parts) > 1 and ((parts[-2] == "bin" and parts[0] == "..") or parts[0].endswith(".scripts"))


def _read(program: str) -> elf.Elf:
    read = elf.read_elf(program)
    if read is None:
        raise RuntimeError(f"{program} is no ELF file that can be read")
    return read


class _Linked:
    """What libraries give, each read once."""

    def __init__(self, carried: Dict[str, str]) -> None:
        self._carried = carried
        self._read: Dict[str, Optional[elf.Symbols]] = {}
        self._loader = linker.system_loader()
        self._program = os.path.realpath(sys.executable)
        self._us = _read(self._program)
        self._python: Optional[Set[str]] = None
        self._places: Dict[str, str] = {}
        self._asked: Set[str] = set()

    def of(self, path: str) -> Optional[elf.Symbols]:
        if path not in self._read:
            self._read[path] = elf.read_symbols(path) if os.path.getsize(path) <= _LARGEST else None
        return self._read[path]

    def lacking(self, path: str, starts: bool) -> Tuple[List[str], List[str]]:
        """Libraries and symbols that a program, or a module, lacks; nothing of any other file."""
        read = elf.read_elf(path) if elf.is_elf(path) and os.path.getsize(path) <= _LARGEST else None
        symbols = self.of(path) if read else None
        if read is None or symbols is None or read.kind != self._us.kind or symbols.starts != starts:
            return [], []
        libraries, provided, complete = self._closure(read)
        missing = set(symbols.wanted) - provided - set(symbols.given)
        if missing and not starts:
            missing -= self._of_interpreter()
        if missing and not starts:
            for place in self._carried.values():
                other = self.of(place) if elf.is_elf(place) else None
                complete = complete and other is not None
                missing.difference_update(other.given if other else ())
        return libraries, sorted(missing) if complete and not libraries else []

    def _of_interpreter(self) -> Set[str]:
        if self._python is None:
            itself = self.of(self._program)
            self._python = self._closure(self._us)[1].union(itself.given if itself else ())
        return self._python

    def _closure(self, program: elf.Elf) -> Tuple[List[str], Set[str], bool]:
        """Libraries that are not found, by the program or by others; all symbols of the rest; whether all."""
        missing: Set[str] = set()
        provided: Set[str] = set()
        seen: Set[str] = set()
        complete = True
        todo = list(program.needed)
        while todo:
            new = sorted(set(todo) - seen)
            seen.update(new)
            self._locate(new)
            todo = []
            for name in new:
                place = self._carried.get(name) or self._places.get(name)
                read = elf.read_elf(place) if place else None
                if place is None or read is None:
                    missing.add(name)
                    continue
                symbols = self.of(place)
                complete = complete and symbols is not None
                provided.update(symbols.given if symbols else ())
                todo += read.needed
        itself = self.of(self._loader)
        return sorted(missing), provided.union(itself.given if itself else ()), complete

    def _locate(self, names: List[str]) -> None:
        new = [name for name in names if name not in self._asked]
        self._asked.update(new)
        if new:
            self._places.update(linker.locate(self._loader, new))
