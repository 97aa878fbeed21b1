"""What the ELF files of an environment need, and what of it this system lacks.

The files say what they need; the dynamic loader's own answer is the truth about what is missing. It is
asked once about every library by name, and about a file only where that leaves a doubt.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from ..environment import modules
from . import elf

if TYPE_CHECKING:
    from ...wire.rehearsing import LinkerSaid, NativeNeed, NativePackage

_GLIBC = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)
_MUSL = re.compile(r"Error loading shared library ([^:]+): No such file")
_LOCATED = re.compile(r"^\s*(\S+) => (/.*) \(0x[0-9a-f]+\)$", re.MULTILINE)
_VERSION = re.compile(r": version [`']([^`']+)' not found \(required by (.+)\)$")
_PLAIN = re.compile(r"[\w.+-]{1,255}", re.ASCII)
_CLIMB = re.compile(r"^(?:\.\./)+")
_AT_ONCE = 200  # names in one variable of the environment, whose length has a limit
_NUMBERED = re.compile(r"(GLIBC|GLIBCXX|CXXABI)_(\d+(?:\.\d+)+)")
# A file with packed relocations asks for this instead of a number; glibc knows it from 2.36 on.
_RELR, _RELR_SINCE = "GLIBC_ABI_DT_RELR", (2, 36)
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
    loader = system_loader()
    doubtful = _doubtful(loader, files, carried)
    libraries: List[MissingLibrary] = []
    versions: List[MissingVersion] = []
    with ThreadPoolExecutor(max_workers=4) as pool:
        answers = pool.map(lambda each: ask_loader(loader, each.path), doubtful)
        for file, answer in zip(doubtful, answers):
            lacking = answer.missing - carried
            if file.elf:  # what a library of the environment lacks is said once, of that library
                lacking &= set(file.elf.needed)
            libraries += [MissingLibrary(file.package, file.name, name) for name in lacking]
            versions += [
                MissingVersion(file.package, file.name, name, version)
                for name, version in answer.versions
                if name not in carried
            ]
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


def _doubtful(loader: str, files: List[_File], carried: Set[str]) -> List[_File]:
    """Files of which the loader must be asked: a library or a symbol version may be missing."""
    wanted = {name for each in files if each.elf for name in each.elf.needed} - carried
    places = locate(loader, wanted)
    defined: Dict[str, Set[str]] = {}
    for name, place in places.items():
        read = elf.read_elf(place)
        defined[name] = set(read.defined) if read else set()

    def in_doubt(read: elf.Elf) -> bool:
        if any(name not in carried and name not in places for name in read.needed):
            return True
        return any(version not in defined[name] for name, version in read.versions if name in defined)

    return [each for each in files if each.elf is None or in_doubt(each.elf)]


# --- the loader -----------------------------------------------------------------------------------


class Answer(NamedTuple):
    """What the loader misses for one file: libraries, and (library, symbol version)."""

    missing: Set[str]
    versions: Set[Tuple[str, str]]


def ask_loader(loader: str, path: str) -> Answer:
    """What the loader does not find for one ELF file, asked as ldd asks: nothing of it runs."""
    text = _trace(loader, path, {})
    versions = set()
    for line in text.splitlines():
        match = _VERSION.search(line)
        if match and match.group(2) == path:
            library = line[: match.start()].rpartition(": ")[2]
            versions.add((os.path.basename(library), match.group(1)))
    return Answer(set(_GLIBC.findall(text)) | set(_MUSL.findall(text)), versions)


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


def _trace(loader: str, path: str, more: Dict[str, str]) -> str:
    # glibc's --list ends at the first missing library; its trace mode tells all and runs nothing.
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
