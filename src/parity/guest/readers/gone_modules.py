"""Which standard modules that this Python has no more packages import when they are used.

Files are read and parsed, nothing of them runs. What stands in a `try` or behind an `if` is passed over, and
what a function comes to where an `if` before has not returned.

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
LARGEST = 1024 * 1024  # bytes of a file
MOST = 20000  # files of a package


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
    # This Python may have a setuptools of its own, which the new environment does not see.
    return name != "pkg_resources" and importlib.util.find_spec(name) is not None


def rows_of(found: modules.Distribution, site_packages: str, lacking: Set[str]) -> Iterator[Dict[str, str]]:
    """The first file for each of these modules; tests and the like do not count."""
    words = words_of(lacking)
    told: Set[str] = set()
    for path in [each for each in found.files if each.endswith(".py")][:MOST] if lacking else []:
        parts = path.split("/")
        if parts[0] == ".." or modules.STRAY & set(parts):
            continue
        for name in sorted(imported(_source(os.path.join(site_packages, path)), words) & lacking - told):
            told.add(name)
            yield {"package": found.name, "file": path, "module": name}


def words_of(names: Set[str]) -> "re.Pattern[bytes]":
    """What a source has that imports one of these modules: few are worth to be parsed."""
    either = b"|".join(name.encode() for name in sorted(names))
    return re.compile(rb"(?:import|from|,)[ \t]+(?:%s)\b" % either)


def _source(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(LARGEST)
    except OSError:
        return b""


def imported(source: bytes, words: "re.Pattern[bytes]") -> Set[str]:
    """The modules that a source which has such words imports without asking whether they are there."""
    try:
        tree = ast.parse(source) if words.search(source) else None
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return set()
    names: Set[str] = set()
    ahead: List[ast.AST] = [tree] if tree else []
    while ahead:
        node = ahead.pop()
        if isinstance(node, ast.Import):
            names.update(each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            ahead.extend(_always(node.body))
        elif not isinstance(node, (ast.Try, ast.If)):
            ahead.extend(ast.iter_child_nodes(node))
    return names


def _always(body: "List[ast.stmt]") -> "Iterator[ast.stmt]":
    """The statements of a function up to where it may have had its answer: what follows is another way."""
    for each in body:
        yield each
        if isinstance(each, ast.If) and isinstance(each.body[-1], ast.Return):
            return
