"""The dynamic linker's own answer: which libraries are missing, all of them at once."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, List, NamedTuple, Set

_GLIBC = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)
_MUSL = re.compile(r"Error loading shared library ([^:]+): No such file")


class MissingLibrary(NamedTuple):
    """A shared library that a file of a package needs and this system does not have."""

    package: str
    file: str
    library: str


def missing_libraries(site_packages: str, owners: Dict[str, str]) -> List[MissingLibrary]:
    """Ask the loader about every ELF file of an environment.

    A library that lies anywhere in the environment is not missing: another wheel provides it, and
    the import order decides whether it is found (the imports are tried as well).

    Args:
        site_packages: the folder to search.
        owners: path relative to it → name of the package.
    """
    loader = system_loader()
    files = _elf_files(site_packages)
    provided = {os.path.basename(path) for path in files}

    def ask(path: str) -> Set[str]:
        return loader_missing(loader, path) - provided

    with ThreadPoolExecutor(max_workers=4) as pool:
        answers = list(pool.map(ask, files))
    found: List[MissingLibrary] = []
    for path, libraries in zip(files, answers):
        relative = os.path.relpath(path, site_packages)
        package = owners.get(relative, "")
        found.extend(MissingLibrary(package, relative, library) for library in sorted(libraries))
    return sorted(found)


def loader_missing(loader: str, path: str) -> Set[str]:
    """The libraries that the loader does not find for one ELF file, asked as ldd asks."""
    # glibc's --list ends at the first missing library; its trace mode tells all and runs nothing.
    # musl knows no trace mode; its --list tells all.
    musl = os.path.basename(loader).startswith("ld-musl")
    done = subprocess.run(
        [loader, "--list", path] if musl else [loader, path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"LC_ALL": "C", "LD_TRACE_LOADED_OBJECTS": "1"},
        check=False,
    )
    text = done.stdout.decode("utf-8", "replace")
    return set(_GLIBC.findall(text)) | set(_MUSL.findall(text))


def system_loader() -> str:
    """The dynamic linker that runs this interpreter, from its own memory map."""
    with open("/proc/self/maps") as lines:
        for line in lines:
            path = line.rstrip("\n").split(" ")[-1]
            name = os.path.basename(path)
            if name.startswith(("ld-linux", "ld-musl", "ld64", "ld.so", "ld-2")):
                return path
    raise RuntimeError("no dynamic linker in /proc/self/maps: is this interpreter linked statically?")


def _elf_files(folder: str) -> List[str]:
    found = []
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            if (".so" in name or "." not in name) and not os.path.islink(path) and _is_elf(path):
                found.append(path)
    return sorted(found)


def _is_elf(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"
