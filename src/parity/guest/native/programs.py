"""Programs that packages carry: whether the loader would start them, and every symbol is there.

Nothing is run or mapped: the files are read, and the loader is asked about names of libraries alone. A
program is an ELF file that names its own loader; those that start with a package lie in `bin` or, where
auditwheel put a shim there, in `NAME.scripts`.
"""

import os
import sys
from typing import TYPE_CHECKING, Dict, List, Optional, Set, Tuple

from ..environment import modules
from . import elf, linker

if TYPE_CHECKING:
    from ...wire.opening import ProgramBroken

_TOLD = 3  # symbols
_MOST = 200  # programs
_LARGEST = 256 << 20


def judge(site_packages: str, found: List[modules.Distribution]) -> "List[ProgramBroken]":
    """The programs of the environment that do not start here, each with what is missing."""
    files = {
        os.path.basename(path): os.path.join(site_packages, path) for each in found for path in each.files
    }
    programs = [
        (each.name, path)
        for each in found
        for path in each.files
        if _is_started(path) and elf.is_elf(os.path.join(site_packages, path))
    ][:_MOST]
    system = _Linked(files)
    rows: "List[ProgramBroken]" = []
    for package, path in programs:
        full = os.path.join(site_packages, path)
        read, symbols = elf.read_elf(full), system.of(full)
        if read is None or symbols is None or not symbols.starts or not _is_ours(read):
            continue
        libraries, provided = system.closure(read)
        missing = sorted(set(symbols.wanted) - provided - set(symbols.given)) if not libraries else []
        if libraries or missing:
            shown = path.replace("../", "")
            rows.append(
                {"package": package, "file": shown, "libraries": libraries, "symbols": missing[:_TOLD]}
            )
    return rows


def _is_started(path: str) -> bool:
    parts = path.split("/")
    return len(parts) > 1 and ((parts[-2] == "bin" and parts[0] == "..") or parts[0].endswith(".scripts"))


def _is_ours(read: elf.Elf) -> bool:
    us = elf.read_elf(os.path.realpath(sys.executable))
    return us is None or us.kind == read.kind


class _Linked:
    """What libraries give, each read once."""

    def __init__(self, carried: Dict[str, str]) -> None:
        self._carried = carried
        self._read: Dict[str, Optional[elf.Symbols]] = {}
        self._loader = linker.system_loader()

    def of(self, path: str) -> Optional[elf.Symbols]:
        if path not in self._read:
            self._read[path] = elf.read_symbols(path) if os.path.getsize(path) <= _LARGEST else None
        return self._read[path]

    def closure(self, program: elf.Elf) -> Tuple[List[str], Set[str]]:
        """Libraries that are not found, directly or by those that are; the symbols of all others."""
        missing: Set[str] = set()
        provided: Set[str] = set()
        seen: Set[str] = set()
        todo = list(program.needed)
        while todo:
            new = sorted(set(todo) - seen)
            seen.update(new)
            places = linker.locate(self._loader, new)
            todo = []
            for name in new:
                place = self._carried.get(name) or places.get(name)
                read = elf.read_elf(place) if place else None
                if place is None or read is None:
                    missing.add(name)
                    continue
                symbols = self.of(place)
                provided.update(symbols.given if symbols else ())
                todo += read.needed
        itself = self.of(self._loader)
        return sorted(missing), provided.union(itself.given if itself else ())
