"""Which modules a distribution installs: read from its RECORD, so that nothing has to be imported."""

import csv
import os
from typing import List, NamedTuple, Set

# Folders that wheels leave at the top by accident; they are not the package's interface.
_STRAY = {
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
}
_DEEPEST_NAMESPACE = 4


class Distribution(NamedTuple):
    """An installed distribution: normalised name, version, importable modules, all its files."""

    name: str
    version: str
    modules: List[str]
    files: List[str]


def distributions(site_packages: str) -> List[Distribution]:
    """Every distribution in a site-packages folder, sorted by name."""
    found = []
    for entry in sorted(os.listdir(site_packages)):
        if entry.endswith(".dist-info"):
            files = _recorded(os.path.join(site_packages, entry, "RECORD"))
            name, _, version = entry[: -len(".dist-info")].partition("-")
            found.append(Distribution(normalised(name), version, top_modules(files), files))
    return sorted(found)


def normalised(name: str) -> str:
    """A project name as PEP 503 compares it."""
    return "-".join(part for part in name.lower().replace("_", "-").replace(".", "-").split("-") if part)


def top_modules(files: List[str]) -> List[str]:
    """The modules that these recorded paths make importable, the shallowest packages only.

    A folder without `__init__` is a namespace (PEP 420): the first real packages below it count.
    """
    packages = {os.path.dirname(path) for path in files if os.path.basename(path) == "__init__.py"}
    packages |= {os.path.dirname(path) for path in files if _is_extension(path, "__init__")}
    modules: Set[str] = set()
    for path in files:
        parts = path.split("/")
        if _outside(parts):
            continue
        modules.add(_module_of(parts, packages))
    return sorted(module for module in modules if module and module.split(".")[0] not in _STRAY)


def _module_of(parts: List[str], packages: Set[str]) -> str:
    for depth in range(1, min(len(parts), _DEEPEST_NAMESPACE)):
        if "/".join(parts[:depth]) in packages:
            return _dotted(parts[:depth])
    stem = parts[-1].split(".")[0]
    if len(parts) == 1 and (parts[0].endswith(".py") or _is_extension(parts[0], stem)):
        return _dotted([stem])
    return ""


def _dotted(parts: List[str]) -> str:
    return ".".join(parts) if all(part.isidentifier() for part in parts) else ""


def _is_extension(path: str, stem: str) -> bool:
    name = os.path.basename(path)
    return name.startswith(stem + ".") and name.endswith(".so")


def _outside(parts: List[str]) -> bool:
    first = parts[0]
    return first in ("..", "", "__pycache__") or first.endswith((".dist-info", ".data", ".libs"))


def _recorded(path: str) -> List[str]:
    if not os.path.exists(path):
        return []
    with open(path, newline="", encoding="utf-8") as lines:
        return sorted(row[0] for row in csv.reader(lines) if row)
