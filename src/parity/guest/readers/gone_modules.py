"""Which standard modules that this Python has no more packages import when they are used.

Files are read and parsed, nothing of them runs. What stands in a `try` or behind an `if` is passed over.

Result:
    {"rows": [{"package", "file", "module"}], sorted, one for each module of a package}
"""

import ast
import importlib.util
import os
import re
from typing import TYPE_CHECKING, Dict, Iterator, List, Set

from ..environment import modules

if TYPE_CHECKING:
    from ...wire.rehearsing import ReadJob, ReadResult

# Left out of Python 3.10 to 3.13 (PEP 594, PEP 632 and "What's New"), and what setuptools 82 leaves out.
GONE = [
    "aifc",
    "asynchat",
    "asyncore",
    "audioop",
    "binhex",
    "cgi",
    "cgitb",
    "chunk",
    "crypt",
    "distutils",
    "formatter",
    "imghdr",
    "imp",
    "lib2to3",
    "mailcap",
    "nis",
    "nntplib",
    "ossaudiodev",
    "parser",
    "pipes",
    "pkg_resources",
    "smtpd",
    "sndhdr",
    "spwd",
    "sunau",
    "symbol",
    "telnetlib",
    "uu",
    "xdrlib",
]
_LARGEST = 1024 * 1024  # bytes of a file
_MOST = 20000  # files of a package


def read(job: "ReadJob", found: List[modules.Distribution]) -> "ReadResult":
    """Read the job's packages; see the module's docstring."""
    asked = [each for each in found if each.name in job["packages"]]
    lacking = {name for name in GONE if not _is_there(name, job["site_packages"])}
    rows = [row for each in asked for row in rows_of(each, job["site_packages"], lacking)]
    return {"rows": sorted(rows, key=lambda row: (row["package"], row["module"]))}


def _is_there(name: str, site_packages: str) -> bool:
    brought = [
        name,
        name + ".py",
        *(["setuptools"] if name == "distutils" else []),
    ]  # its own, by a .pth file
    if any(os.path.exists(os.path.join(site_packages, each)) for each in brought):
        return True
    return name != "pkg_resources" and importlib.util.find_spec(name) is not None


def rows_of(found: modules.Distribution, site_packages: str, lacking: Set[str]) -> Iterator[Dict[str, str]]:
    """The first file for each of these modules; tests and the like do not count."""
    names = b"|".join(name.encode() for name in sorted(lacking))
    words = re.compile(rb"(?:import|from|,)[ \t]+(?:%s)\b" % names)  # few files are worth to be parsed
    told: Set[str] = set()
    for path in [each for each in found.files if each.endswith(".py")][:_MOST] if lacking else []:
        parts = path.split("/")
        if parts[0] == ".." or modules.STRAY & set(parts):
            continue
        for name in sorted(_imported(os.path.join(site_packages, path), words) & lacking - told):
            told.add(name)
            yield {"package": found.name, "file": path, "module": name}


def _imported(path: str, words: "re.Pattern[bytes]") -> Set[str]:
    """The modules that a file imports without asking whether they are there."""
    try:
        with open(path, "rb") as file:
            source = file.read(_LARGEST)
        tree = ast.parse(source) if words.search(source) else None
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return set()
    names: Set[str] = set()
    ahead: List[ast.AST] = [tree] if tree else []
    while ahead:
        node = ahead.pop()
        if isinstance(node, ast.Import):
            names.update(each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
        elif not isinstance(node, (ast.Try, ast.If)):
            ahead.extend(ast.iter_child_nodes(node))
    return names
