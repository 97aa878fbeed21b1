"""Which modules a distribution installs: read from its RECORD, so that nothing has to be imported."""

import csv
import os
from typing import List, NamedTuple, Set

from . import metadata

# Folders that wheels leave at the top by accident; they are not the package's interface.
STRAY = frozenset(
    (
        "test",
        "tests",
        "testing",
        "doc",
        "docs",
        "example",
        "examples",
        "benchmark",
        "benchmarks",
        "scripts",
    )
)
# Deeper namespaces are data that happens to hold Python files, as a rule.
_DEEPEST_NAMESPACE = 4
_DEEPEST_LOOSE = 4


class Distribution(NamedTuple):
    """An installed distribution: normalised name, version, importable modules, all its files.

    `said` is what its METADATA says of it.
    """

    name: str
    version: str
    modules: List[str]
    files: List[str]
    said: metadata.Said = metadata.NOTHING


def distributions(site_packages: str) -> List[Distribution]:
    """Every distribution in a site-packages folder, sorted by name."""
    found = []
    for entry in sorted(os.listdir(site_packages)):
        name, _, version = entry[: -len(".dist-info")].partition("-")
        if entry.endswith(".dist-info"):
            files = _recorded(os.path.join(site_packages, entry, "RECORD"))
            said = metadata.of_installed(os.path.join(site_packages, entry))
            found.append(Distribution(normalised(name), version, top_modules(files), files, said))
    return sorted(found)


def normalised(name: str) -> str:
    """A project name as PEP 503 compares it."""
    return "-".join(part for part in name.lower().replace("_", "-").replace(".", "-").split("-") if part)


def top_modules(files: List[str]) -> List[str]:
    """The modules that these recorded paths make importable, the shallowest packages only.

    A folder without `__init__` is a namespace (PEP 420): the first real packages below it count.
    """
    packages = _packages(files)
    rows = _rows(files)
    found = {_package_of(parts[:_DEEPEST_NAMESPACE], packages) or _loose(parts, 1) for parts in rows}
    return sorted(module for module in found if module and module.split(".")[0] not in STRAY)


def deep_modules(files: List[str]) -> List[str]:
    """The same where that finds none: packages at any depth, else namespaces' modules; stray ones at last."""
    packages, rows = _packages(files), _rows(files)
    ways = [{_package_of(parts, packages) for parts in rows}]
    ways += [{_loose(parts, depth) for parts in rows} for depth in range(1, _DEEPEST_LOOSE + 1)]
    for strays in (STRAY, frozenset()):
        for way in ways:
            found = sorted(module for module in way if module and module.split(".")[0] not in strays)
            if found:
                return found
    return []


def _packages(files: List[str]) -> Set[str]:
    """The folders that are packages."""
    found = {os.path.dirname(path) for path in files if ("/" + path).endswith("/__init__.py")}
    return found | {os.path.dirname(path) for path in files if _is_extension(path, "__init__")}


def _rows(files: List[str]) -> List[List[str]]:
    return [parts for parts in (path.split("/") for path in files) if not _outside(parts)]


def _package_of(parts: List[str], packages: Set[str]) -> str:
    for depth in range(1, len(parts)):
        if "/".join(parts[:depth]) in packages:
            return _dotted(parts[:depth])
    return ""


def _loose(parts: List[str], depth: int) -> str:
    """The module that is no package, so many levels deep."""
    stem = parts[-1].split(".")[0]
    if len(parts) == depth and (parts[-1].endswith(".py") or _is_extension(parts[-1], stem)):
        return _dotted([*parts[:-1], stem])
    return ""


def _dotted(parts: List[str]) -> str:
    return ".".join(parts) if all(part.isidentifier() for part in parts) else ""


def _is_extension(path: str, stem: str) -> bool:
    return path.endswith(".so") and os.path.basename(path).startswith(stem + ".")


def _outside(parts: List[str]) -> bool:
    first = parts[0]
    return first in ("..", "", "__pycache__") or first.endswith((".dist-info", ".data", ".libs"))


def _recorded(path: str) -> List[str]:
    if not os.path.exists(path):
        return []
    with open(path, newline="", encoding="utf-8") as lines:
        return sorted(row[0] for row in csv.reader(lines) if row)
