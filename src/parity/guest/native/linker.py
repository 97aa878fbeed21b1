"""What the ELF files of an environment need, and what of it this system lacks.

The files say what they need; the dynamic loader says where it finds a library of that name. It is asked
about names alone, never about a file of a package: whatever it maps can take it over (CVE-2019-1010023),
and audit libraries that a file names (DT_AUDIT) run even in its trace mode.
"""

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from ...portable.machine.platformtags import measure_libc, numbers_of
from ..environment import modules
from . import elf

if TYPE_CHECKING:
    from ...wire.rehearsing import LinkerSaid, NativeNeed, NativePackage

_LOCATED = re.compile(r"^\s*(\S+) => (/.*) \(0x[0-9a-f]+\)$", re.MULTILINE)
_PLAIN = re.compile(r"[\w.+-]{1,255}", re.ASCII)
_CLIMB = re.compile(r"^(?:\.\./)+")
_AT_ONCE = 200  # names in one variable of the environment, whose length has a limit
_NUMBERED = re.compile(r"(GLIBC|GLIBCXX|CXXABI)_(\d+(?:\.\d+)+)")
# A file with packed relocations asks for this instead of a number; glibc knows it from 2.36 on.
_RELR, _RELR_SINCE = "GLIBC_ABI_DT_RELR", (2, 36)
# musl has no symbol versions: its loader passes over them, and what needs them ends by a signal.
_MUSL_RELR_SINCE = (1, 2, 4)
# Most files of an environment are these, and no ELF file is called so.
_TEXTS = {
    *("py", "pyc", "pyi", "pyx", "pxd", "js", "mjs", "cjs", "ts", "css", "scss", "html", "map", "json"),
    *("h", "hpp", "c", "cc", "cpp", "txt", "md", "rst", "csv", "gz", "npz", "npy", "svg", "png", "ttf"),
    *("woff", "woff2", "afm", "mo", "po", "xml", "xsl", "yaml", "yml", "toml", "typed", "dat", "pkl"),
}
_NO_SUFFIX = {"RECORD", "WHEEL", "METADATA", "INSTALLER", "REQUESTED", "LICENSE"}


class MissingLibrary(NamedTuple):
    """A shared library that a file of a package needs and this system does not have."""

    package: str
    file: str
    library: str


class MissingVersion(NamedTuple):
    """A symbol version that a file of a package needs and this system's library does not define."""

    package: str
    file: str
    library: str
    version: str


class _File(NamedTuple):
    package: str
    name: str  # its recorded path, without the way up out of site-packages
    path: str
    elf: Optional[elf.Elf]  # None where it cannot be read


def judge(site_packages: str, found: List[modules.Distribution]) -> "LinkerSaid":
    """Judge every ELF file that the environment's distributions installed.

    Returns:
        `missing_libraries` and `missing_versions`: what the loader does not find. A library that lies
        anywhere in the environment is not missing: another wheel provides it, and the import order
        decides whether it is found (the imports are tried as well).
        `natives`: for each package with ELF files its platform tags and the highest versions it needs.
    """
    files = list(_own_files(site_packages, found))
    carried = {os.path.basename(each.path) for each in files}
    carried |= {each.elf.soname for each in files if each.elf}
    system = _System(files, carried)
    libraries: List[MissingLibrary] = []
    versions: List[MissingVersion] = []
    for package, name, _, read in files:
        if read is not None:
            outer = {library for library in read.needed if library not in carried}
            lacking = {library for library in outer if not system.has(read, library)}
            libraries += [MissingLibrary(package, name, library) for library in lacking]
            versions += [
                MissingVersion(package, name, library, version)
                for library, version in set(read.versions)
                if library not in carried and not system.defines(library, version)
            ]
            if read.packed and not system.unpacks:
                versions.append(MissingVersion(package, name, system.loader, "musl 1.2.4 (DT_RELR)"))
    return {
        "missing_libraries": [
            {"package": each.package, "file": each.file, "library": each.library}
            for each in sorted(libraries)
        ],
        "missing_versions": [
            {"package": each.package, "file": each.file, "library": each.library, "version": each.version}
            for each in sorted(versions)
        ],
        "natives": _natives(site_packages, found, files, carried),
    }


# --- the files ------------------------------------------------------------------------------------


def _own_files(site_packages: str, found: List[modules.Distribution]) -> Iterator[_File]:
    """The ELF files of this machine's kind, by their package; others can never be loaded here."""
    us = elf.read_elf(os.path.realpath(sys.executable))
    for each in found:
        for path in each.files:
            name = os.path.basename(path)
            if name in _NO_SUFFIX or name.rpartition(".")[2].lower() in _TEXTS:
                continue
            full = os.path.join(site_packages, path)
            if not elf.is_elf(full):
                continue
            read = elf.read_elf(full)
            if read is None or us is None or read.kind == us.kind:
                yield _File(each.name, _CLIMB.sub("", path), full, read)


class _System:
    """The system's libraries that files need by name."""

    def __init__(self, files: List[_File], carried: Set[str]) -> None:
        wanted = {name for each in files if each.elf for name in each.elf.needed} - carried
        path = system_loader()
        self.loader = os.path.basename(path)
        self.unpacks = _unpacks(self.loader)
        self._places = locate(path, wanted)
        self._defined: Dict[str, Set[str]] = {}
        for name, place in self._places.items():
            read = elf.read_elf(place)
            self._defined[name] = set(read.defined) if read else set()

    def has(self, file: elf.Elf, library: str) -> bool:
        """Whether the loader would find it for that file."""
        if "/" in library:  # a path, which is not searched for
            return os.path.exists(library)
        folders = [folder for folder in file.paths if folder.startswith("/")]
        return library in self._places or any(
            os.path.isfile(os.path.join(folder, library)) for folder in folders
        )

    def defines(self, library: str, version: str) -> bool:
        """Whether a symbol version is there; a library that knows no versions has them all (ld.so(8))."""
        defined = self._defined.get(library)
        return not defined or version in defined


# --- the loader -----------------------------------------------------------------------------------


def locate(loader: str, names: Iterable[str]) -> Dict[str, str]:
    """Where the loader finds libraries that are named without a path; those it does not find are left out.

    They are preloaded, in its trace mode, into this interpreter's program.
    """
    program = os.path.realpath(sys.executable)
    plain = sorted(name for name in names if _PLAIN.fullmatch(name))
    itself = elf.read_elf(loader)
    found = {itself.soname: loader} if itself else {}
    for begin in range(0, len(plain), _AT_ONCE):
        text = _trace(loader, program, {"LD_PRELOAD": " ".join(plain[begin : begin + _AT_ONCE])})
        found.update(_LOCATED.findall(text))
    return found


def _unpacks(loader: str) -> bool:
    """Whether the loader applies packed relocations; glibc's says it by a symbol version."""
    libc = measure_libc() if loader.startswith("ld-musl") else None
    return libc is None or numbers_of(libc.text) >= _MUSL_RELR_SINCE


def _trace(loader: str, path: str, more: Dict[str, str]) -> str:
    """What the loader finds for a program of the system; nothing runs."""
    # glibc's --list ends at the first missing library; its trace mode tells all.
    # musl knows no trace mode; its --list tells all.
    musl = os.path.basename(loader).startswith("ld-musl")
    done = subprocess.run(
        [loader, "--list", path] if musl else [loader, path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"LC_ALL": "C", "LD_TRACE_LOADED_OBJECTS": "1", **more},
        check=False,
    )
    return done.stdout.decode("utf-8", "replace")


def system_loader() -> str:
    """The dynamic linker that runs this interpreter, from its own memory map."""
    with open("/proc/self/maps") as lines:
        for line in lines:
            path = line.rstrip("\n").split(" ")[-1]
            name = os.path.basename(path)
            if name.startswith(("ld-linux", "ld-musl", "ld64", "ld.so", "ld-2")):
                return path
    raise RuntimeError("no dynamic linker in /proc/self/maps: is this interpreter linked statically?")


# --- what the wheels need -------------------------------------------------------------------------


def _natives(
    site_packages: str, found: List[modules.Distribution], files: List[_File], carried: Set[str]
) -> List["NativePackage"]:
    """For each package with ELF files: `package`, `platforms` of its WHEEL, `needs`.

    Each of `needs` is the highest version of one family that the system must have: `family`, `version`,
    `file`, and `module`: whether such a file is a Python extension module (only looked for where no
    platform is promised; True otherwise).
    """
    result: List["NativePackage"] = []
    by_package: Dict[str, List[_File]] = {}
    for file in files:
        by_package.setdefault(file.package, []).append(file)
    for each in found:
        own = by_package.get(each.name, [])
        if own:
            platforms = _platforms(site_packages, each)
            tagged = "any" not in platforms
            needs = _highest(own, carried, tagged)
            result.append({"package": each.name, "platforms": platforms, "needs": needs})
    return result


def _highest(files: List[_File], carried: Set[str], tagged: bool) -> List["NativeNeed"]:
    top: Dict[Tuple[str, bool], Tuple[Tuple[int, ...], str]] = {}
    for file in files:
        needs = {need for library, need in file.elf.versions if library not in carried} if file.elf else set()
        module = bool(needs) and (tagged or _is_module(file.path))
        for family, number in filter(None, map(_numbered, needs)):
            if number > top.get((family, module), ((), ""))[0]:
                top[family, module] = (number, file.name)
    return [
        {"family": family, "version": ".".join(map(str, number)), "file": path, "module": module}
        for (family, module), (number, path) in sorted(top.items())
    ]


def _numbered(version: str) -> Optional[Tuple[str, Tuple[int, ...]]]:
    if version == _RELR:
        return "GLIBC", _RELR_SINCE
    match = _NUMBERED.fullmatch(version)
    return (match.group(1), tuple(map(int, match.group(2).split(".")))) if match else None


def _is_module(path: str) -> bool:
    """Whether a file says `PyInit_` anywhere: every extension module of Python 3 exports that."""
    return elf.holds(path, b"PyInit_")


def _platforms(site_packages: str, distribution: modules.Distribution) -> List[str]:
    """The platforms in the tags of a distribution's WHEEL file, sorted."""
    for path in distribution.files:
        if path.endswith(".dist-info/WHEEL") and path.count("/") == 1:
            with open(os.path.join(site_packages, path), encoding="utf-8", errors="replace") as lines:
                tags = [line.partition(":")[2].strip() for line in lines if line.startswith("Tag:")]
            return sorted({part for tag in tags for part in tag.rpartition("-")[2].split(".")})
    return []
