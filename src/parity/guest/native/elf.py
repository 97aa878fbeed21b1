"""What an ELF file asks of the dynamic linker, read from the file (System V gABI, GNU symbol versions).

Only the headers and the tables that the linker reads are touched, by their addresses, as the linker
finds them: section headers may be stripped. A malformed file gives None, never an exception, and every
loop has a bound.
"""

import mmap
import os
import struct
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple, TypeVar

T = TypeVar("T")

MAGIC = b"\x7fELF"
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NEEDED, _DT_STRTAB, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 1, 5, 14, 15, 29
_DT_HASH, _DT_SYMTAB, _DT_GNU_HASH, _DT_RELR = 4, 6, 0x6FFFFEF5, 36
_STB_GLOBAL, _STB_WEAK, _STB_UNIQUE = 1, 2, 10
_DT_VERDEF, _DT_VERDEFNUM, _DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
_VER_FLG_BASE, _VER_FLG_WEAK = 1, 2
_MOST_SEGMENTS, _MOST_ENTRIES, _MOST_VERSIONS, _LONGEST_NAME = 1024, 8192, 16384, 4096
_MOST_SYMBOLS = 300000
_MOST_LETTERS = 32 << 20  # bytes of all names together: a few in the file may be named by every symbol


class Elf(NamedTuple):
    """The part of an ELF file that the dynamic linker looks at.

    Attributes:
        kind: class (1: 32 bit, 2: 64 bit), byte order (1: little, 2: big) and e_machine.
        soname: its DT_SONAME, empty where it has none.
        needed: DT_NEEDED in their order.
        versions: (library, symbol version) that it needs; weak needs, which may stay open, left out.
        defined: the symbol versions that it defines itself.
        paths: the folders in which it has libraries looked for (DT_RUNPATH, else DT_RPATH).
        packed: whether it has packed relocations (DT_RELR), which older loaders pass over.
    """

    kind: Tuple[int, int, int]
    soname: str
    needed: List[str]
    versions: List[Tuple[str, str]]
    defined: List[str]
    paths: List[str]
    packed: bool


class Symbols(NamedTuple):
    """The dynamic symbols of a file.

    Attributes:
        wanted: those that others must give it; weak ones, which may stay open, left out.
        given: those that it gives to others.
        starts: whether it is a program, which names its own loader.
    """

    wanted: List[str]
    given: List[str]
    starts: bool


class _NotElf(Exception):
    pass


def is_elf(path: str) -> bool:
    """Whether this is a regular file that begins as an ELF file does."""
    if not os.path.isfile(path):
        return False
    with open(path, "rb", buffering=0) as file:
        return file.read(4) == MAGIC


def holds(path: str, text: bytes) -> bool:
    """Whether a file holds these bytes anywhere."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.find(text) >= 0


def read_elf(path: str) -> Optional[Elf]:
    """Read one file; None where it is no ELF file, or a malformed one.

    Raises:
        OSError: it cannot be opened.
    """
    return _read(path, lambda file: file.elf())


def read_symbols(path: str) -> Optional[Symbols]:
    """The symbols of one file; None where it is no ELF file, a malformed one, or has absurdly many.

    Raises:
        OSError: it cannot be opened.
    """
    return _read(path, lambda file: file.symbols())


def _read(path: str, take: "Callable[[_ElfFile], T]") -> Optional[T]:
    with open(path, "rb") as file:
        if file.read(4) != MAGIC:
            return None
        try:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return take(_ElfFile(data))
        except (_NotElf, ValueError, UnicodeDecodeError):
            return None


class _ElfFile:
    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._class, self._data_order = self._ident()
        self._order = "<" if self._data_order == 1 else ">"
        self._segments: List[Tuple[int, int, int]] = []  # virtual address, size in the file, offset
        self._dynamic_at = self._dynamic_size = 0
        self._strings = 0
        self._letters = _MOST_LETTERS
        self._starts = False

    def elf(self) -> Elf:
        kind = (self._class, self._data_order, self._unpack("HH", 16)[1])
        self._read_segments()
        needed: List[int] = []
        values: Dict[int, int] = {}
        for tag, value in self._dynamic():
            if tag == _DT_NEEDED:
                needed.append(value)
            else:
                values[tag] = value
        if _DT_STRTAB in values:
            self._strings = self._offset(values[_DT_STRTAB])
        elif needed or {_DT_SONAME, _DT_RPATH, _DT_RUNPATH, _DT_VERNEED, _DT_VERDEF} & set(values):
            raise _NotElf
        soname = self._name(values[_DT_SONAME]) if _DT_SONAME in values else ""
        names = [self._name(at) for at in needed]
        path = values.get(_DT_RUNPATH, values.get(_DT_RPATH))
        paths = self._name(path).split(":") if path is not None else []
        needs, defined = list(self._needs(values)), list(self._definitions(values))
        return Elf(kind, soname, names, needs, defined, paths, _DT_RELR in values)

    def symbols(self) -> Symbols:
        self._read_segments()
        values = dict(self._dynamic())
        wanted: List[str] = []
        given: List[str] = []
        if _DT_SYMTAB in values and _DT_STRTAB in values:
            self._strings = self._offset(values[_DT_STRTAB])
            for binding, section, name in self._symbols(values):
                if section and binding in (_STB_GLOBAL, _STB_WEAK, _STB_UNIQUE):
                    given.append(self._name(name))
                elif not section and binding == _STB_GLOBAL:
                    wanted.append(self._name(name))
        return Symbols(wanted, given, self._starts)

    def _symbols(self, values: Dict[int, int]) -> Iterator[Tuple[int, int, int]]:
        """Binding, section (0: undefined) and place of the name of each dynamic symbol but the first."""
        start, wide = self._offset(values[_DT_SYMTAB]), self._class == 2  # noqa: PLR2004
        for number in range(1, self._count(values)):
            if wide:
                name, info, _, section = self._unpack("IBBH", start + number * 24)
            else:
                name, _, _, info, _, section = self._unpack("IIIBBH", start + number * 16)
            yield info >> 4, section, name

    def _count(self, values: Dict[int, int]) -> int:
        """How many dynamic symbols there are: no header says it, the tables by which they are found do."""
        if _DT_HASH in values:
            count = self._unpack("II", self._offset(values[_DT_HASH]))[1]
        elif _DT_GNU_HASH in values:
            count = self._hashed(self._offset(values[_DT_GNU_HASH]))
        else:
            raise _NotElf
        if count > _MOST_SYMBOLS:
            raise _NotElf
        return count

    def _hashed(self, at: int) -> int:
        """The same by GNU's table: one more than the last symbol of the last chain."""
        buckets, first, blooms, _ = self._unpack("IIII", at)
        if buckets > _MOST_SYMBOLS:
            raise _NotElf
        at += 16 + blooms * (8 if self._class == 2 else 4)  # noqa: PLR2004
        last = max(self._unpack("%dI" % buckets, at), default=0)
        if last < first:
            return first
        for number in range(last, min(last + _MOST_SYMBOLS, first + _MOST_SYMBOLS)):
            (word,) = self._unpack("I", at + 4 * (buckets + number - first))
            if word & 1:
                return number + 1
        raise _NotElf

    def _ident(self) -> Tuple[int, int]:
        head = self._data[:6]
        if len(head) < 6 or head[4] not in (1, 2) or head[5] not in (1, 2):  # noqa: PLR2004 - EI_CLASS, EI_DATA
            raise _NotElf
        return head[4], head[5]

    def _unpack(self, form: str, at: int) -> Tuple[int, ...]:
        try:
            return struct.unpack_from(self._order + form, self._data, at)
        except (struct.error, OverflowError):
            raise _NotElf from None

    def _read_segments(self) -> None:
        wide = self._class == 2  # noqa: PLR2004 - ELFCLASS64
        (table,) = self._unpack("Q", 32) if wide else self._unpack("I", 28)
        size, count = self._unpack("HH", 54 if wide else 42)
        if count > _MOST_SEGMENTS:
            raise _NotElf
        for number in range(count):
            at = table + number * size
            if wide:
                kind, _, offset, address, _, length = self._unpack("IIQQQQ", at)
            else:
                kind, offset, address, _, length = self._unpack("IIIII", at)
            if kind == _PT_LOAD:
                self._segments.append((address, length, offset))
            elif kind == _PT_INTERP:
                self._starts = True
            elif kind == _PT_DYNAMIC:
                self._dynamic_at, self._dynamic_size = offset, length

    def _dynamic(self) -> Iterator[Tuple[int, int]]:
        form, size = ("QQ", 16) if self._class == 2 else ("II", 8)  # noqa: PLR2004
        for number in range(min(self._dynamic_size // size, _MOST_ENTRIES)):
            tag, value = self._unpack(form, self._dynamic_at + number * size)
            if tag == 0:
                return
            yield tag, value

    def _offset(self, address: int) -> int:
        for start, length, offset in self._segments:
            if start <= address < start + length:
                return address - start + offset
        raise _NotElf

    def _name(self, at: int) -> str:
        begin = self._strings + at
        if begin >= len(self._data):
            raise _NotElf
        end = self._data.find(b"\0", begin, begin + _LONGEST_NAME)
        self._letters -= end - begin
        if end < 0 or self._letters < 0:
            raise _NotElf
        return self._data[begin:end].decode("utf-8")

    def _chain(self, at: int, count: int, form: str) -> Iterator[Tuple[int, Tuple[int, ...]]]:
        """Records that are linked by their last word, the distance to the next one: offset and fields."""
        for _ in range(min(count, _MOST_VERSIONS)):
            fields = self._unpack(form, at)
            yield at, fields
            if not fields[-1]:
                return
            at += fields[-1]

    def _needs(self, values: Dict[int, int]) -> Iterator[Tuple[str, str]]:
        if _DT_VERNEED not in values:
            return
        left = _MOST_VERSIONS
        start = self._offset(values[_DT_VERNEED])
        for at, (_, count, file, aux, _) in self._chain(start, values.get(_DT_VERNEEDNUM, 0), "HHIII"):
            library = self._name(file)
            for _, (_, flags, _, name, _) in self._chain(at + aux, count, "IHHII"):
                left -= 1
                if left < 0:
                    raise _NotElf
                if not flags & _VER_FLG_WEAK:
                    yield library, self._name(name)

    def _definitions(self, values: Dict[int, int]) -> Iterator[str]:
        if _DT_VERDEF not in values:
            return
        start = self._offset(values[_DT_VERDEF])
        for at, fields in self._chain(start, values.get(_DT_VERDEFNUM, 0), "HHHHIII"):
            _, flags, _, _, _, aux, _ = fields
            if not flags & _VER_FLG_BASE:
                yield self._name(self._unpack("I", at + aux)[0])
