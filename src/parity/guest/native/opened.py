"""Libraries that Python files open by name: `ctypes`, `cffi`, asked of the target's own loader.

The files are parsed, never run, in a process of their own: what makes a parser crash ends that alone. A
name counts where it is a constant, or a variable, parameter or loop that only constants reach; what only
another platform executes does not.
"""

import ast
import json
import os
import re
import signal
from contextlib import suppress
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Sequence,
    Set,
    Tuple,
)

from ..environment import modules
from . import calls, linker, passing

if TYPE_CHECKING:
    from ...wire.opening import LibraryOpened

_HINTS = (b"find_library", b"LoadLibrary", b"dlopen", b"DLL")
"""One of these stands in whatever matches `_WORDS`; a search for plain bytes is five times as fast."""
_WORDS = re.compile(rb"find_library|LoadLibrary|dlopen|[CP]y?DLL")
_CALLS = re.compile(rb"(?<!def )\b(?:find_library|LoadLibrary|dlopen|CDLL|PyDLL)(?:[\s\\)]*[(#]|[\s\\]+as\b)")
"""One of them is called, or gets another name: few of the files that have the word are worth to be parsed."""
_LARGEST = 2 << 20  # bytes of one file; generated bindings have less
_MOST_FILES, _MOST_NAMES, _MOST_MODULES, _MOST_CALLERS = 4000, 400, 60, 200
_DEEPEST = 2  # folders above a file that a package as a whole may need: Django's GIS has more
_PATIENCE = 60  # seconds for the files of one package
_PLAIN = re.compile(r"[A-Za-z0-9_][\w.+-]{0,127}", re.ASCII)
_ELSEWHERE = re.compile(r"\.(?:dll|dylib|framework|pyd)\b|\\", re.IGNORECASE)
_APPLE = {"AppKit", "ApplicationServices", "Carbon", "Cocoa", "CoreFoundation", "CoreServices", "IOKit"}
"""A file that opens one of these frameworks serves macOS alone, with all else that it opens."""
_INNER = re.compile(r"_|(?:tests?|testing|conftest|setup|examples?|demos?|scripts|docs?)$")


class _Group(NamedTuple):
    """Names of which one is enough."""

    file: str
    names: List[str]
    hard: bool


def judge(site_packages: str, found: List[modules.Distribution]) -> "List[LibraryOpened]":
    """What the environment's Python files open by name, and this system lacks.

    Returns:
        for each library the package, the file, the names of which none is found, whether the file does
        without it (`optional`), the package's public modules that lead to that file (`modules`), and for
        each of them the modules of the package that import it (`importers`).
    """
    carried = {os.path.basename(path) for each in found for path in each.files if ".so" in path}
    spoken = [(each, _groups(site_packages, each)) for each in found]
    asked = {name for _, groups in spoken for group in groups for name in group.names}
    there = _there(sorted(asked)) | carried
    result: "List[LibraryOpened]" = []
    for each, groups in spoken:
        lacking = _lacking(groups, there)
        ways = _ways(site_packages, each) if lacking else _Ways({})
        for group in lacking:
            names = ways.to(group.file)
            result.append(
                {
                    "package": each.name,
                    "file": group.file,
                    "names": group.names,
                    "optional": not group.hard,
                    "modules": names,
                    "importers": ways.into(names),
                }
            )
    return result


def stem(name: str) -> str:
    """`zbar` of `libzbar.so.0`."""
    plain = name[3:] if name.startswith("lib") else name
    return plain.partition(".so")[0].rstrip("*")


# --- names that this system knows -----------------------------------------------------------------


def _there(names: Sequence[str]) -> Set[str]:
    """Those of the names under which the loader, or `find_library`, finds something."""
    plain, find = [name for name in names if not name.endswith("*")], _finder()
    found = set(linker.locate(linker.system_loader(), [name for name in plain if ".so" in name]))
    for name in plain:
        with suppress(OSError):  # as it raises where its helpers say what it does not understand
            if ".so" not in name and find(name):
                found.add(name)
    return found


def _finder() -> "Callable[[str], object]":
    """`find_library`; where this Python is built without ctypes, nothing can be opened so, nor be missing."""
    try:
        from ctypes.util import find_library  # noqa: PLC0415
    except ImportError:
        return lambda _name: True
    return find_library


def _lacking(groups: List[_Group], there: Set[str]) -> List[_Group]:
    """One group for each library of which no name is found, whatever the call that names it."""
    stems = {stem(name) for group in groups for name in group.names if name in there}
    found: Dict[Tuple[str, str], _Group] = {}
    for group in groups:
        if stems.intersection(map(stem, group.names)):
            continue
        key = (group.file, stem(group.names[0]))
        before = found.get(key, group)
        names = list(dict.fromkeys([*before.names, *group.names]))
        found[key] = _Group(group.file, names, before.hard or group.hard)
    return [found[key] for key in sorted(found)]


# --- the files, in a process of their own ---------------------------------------------------------


def _groups(site_packages: str, package: modules.Distribution) -> List[_Group]:
    paths = [path for path in package.files if path.endswith(".py") and not _is_test(path)][:_MOST_FILES]
    telling = [path for path in paths if _tells(_bytes(site_packages, path))]
    if not any(_CALLS.search(_bytes(site_packages, path)) for path in telling):
        return []
    said = _apart(lambda: [list(row) for row in _read(site_packages, telling, paths)])
    apple = {file for file, names, _ in said if _APPLE.intersection(names)}
    groups: List[_Group] = []
    for file, names, hard in said:
        if file in apple:
            continue
        wanted = [
            name for name in names if _PLAIN.fullmatch(name.rstrip("*")) and not _ELSEWHERE.search(name)
        ]
        if wanted:
            groups.append(_Group(file, wanted, hard and _is_central(file)))
    return _few(groups)


def _few(groups: List[_Group]) -> List[_Group]:
    """As many as are asked for; of what is not asked nothing is said, and each package has its own share."""
    names: Set[str] = set()
    for number, group in enumerate(groups):
        names.update(group.names)
        if len(names) > _MOST_NAMES:
            return groups[:number]
    return groups


def _tells(data: bytes) -> bool:
    return any(hint in data for hint in _HINTS) and _WORDS.search(data) is not None


def _is_central(file: str) -> bool:
    """Whether a file serves the whole package: neither private nor deep, as an optional part's are."""
    return file.count("/") <= _DEEPEST and not os.path.basename(file).startswith("_")


def _is_name(text: str) -> bool:
    return _PLAIN.fullmatch(text.rstrip("*")) is not None and not _ELSEWHERE.search(text)


def _read(site_packages: str, telling: List[str], paths: List[str]) -> Iterator[Tuple[str, List[str], bool]]:
    calling = [path for path in telling if _CALLS.search(_bytes(site_packages, path))]
    sources = _sources(site_packages, calling)
    wrappers = passing.wrappers(sources.values())
    if wrappers:  # a file may call one that another has
        names = re.compile(rb"\b(?:%s)\s*\(" % "|".join(sorted(wrappers)).encode())
        others = [path for path in paths if path not in sources and names.search(_bytes(site_packages, path))]
        sources.update(_sources(site_packages, others[:_MOST_CALLERS]))
        wrappers = passing.wrappers(sources.values())
    for path in filter(sources.__contains__, paths):
        for call in calls.opened(sources[path], wrappers):
            yield path, call.names, call.hard


def _sources(site_packages: str, paths: Iterable[str]) -> Dict[str, passing.SyntaxOfFile]:
    return {path: passing.source_of(tree) for path, tree in _trees(site_packages, paths)}


def _trees(site_packages: str, paths: Iterable[str]) -> Iterator[Tuple[str, ast.Module]]:
    for path in paths:
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            yield path, ast.parse(_bytes(site_packages, path))


def _bytes(site_packages: str, path: str) -> bytes:
    try:
        with open(os.path.join(site_packages, path), "rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError:
        return b""
    return data if len(data) <= _LARGEST else b""


def _is_test(path: str) -> bool:
    return any(part in ("test", "tests", "testing") for part in path.split("/")[:-1])


def _apart(work: "Callable[[], List[Any]]") -> "List[Any]":
    """What `work` returns, computed in a child; an empty list where that does not end well."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        with suppress(BaseException):
            os.close(reader)
            signal.alarm(_PATIENCE)
            with os.fdopen(writer, "w", encoding="ascii") as out:
                json.dump(work(), out)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding="ascii", errors="replace") as said:
        text = said.read()
    os.waitpid(pid, 0)
    try:
        found: List[Any] = json.loads(text)
    except ValueError:
        return []
    return found


# --- which modules lead there ---------------------------------------------------------------------


class _Ways(NamedTuple):
    """Which files import which, within one package."""

    importers: Dict[str, Set[str]]

    def to(self, goal: str) -> List[str]:
        """The public modules whose import comes to a file, the shallowest first."""
        seen, todo = {goal}, [goal]
        while todo:
            new = self.importers.get(todo.pop(), set()) - seen
            seen |= new
            todo += new
        names = sorted(_dotted(path) for path in seen if _is_public(path))
        return sorted(names, key=lambda name: name.count("."))[:_MOST_MODULES]

    def into(self, names: Iterable[str]) -> Dict[str, List[str]]:
        """For each of these modules, those that import it."""
        wanted = set(names)
        return {
            _dotted(path): sorted(map(_dotted, found))
            for path, found in sorted(self.importers.items())
            if _dotted(path) in wanted
        }


def _ways(site_packages: str, package: modules.Distribution) -> _Ways:
    paths = [path for path in package.files if path.endswith(".py") and not _is_test(path)][:_MOST_FILES]
    by_name = {_dotted(path): path for path in paths if _dotted(path)}
    said = _apart(
        lambda: [
            [path, sorted(calls.imported(tree, _dotted(path), path.endswith("__init__.py")))]
            for path, tree in _trees(site_packages, paths)
        ]
    )
    importers: Dict[str, Set[str]] = {}
    for path, names in said:
        for name in names:
            if by_name.get(name, path) != path:
                importers.setdefault(by_name[name], set()).add(path)
    return _Ways(importers)


def _is_public(path: str) -> bool:
    top, *inner = _dotted(path).split(".")
    return bool(top) and not top.startswith("_") and not any(map(_INNER.match, inner))


def _dotted(path: str) -> str:
    parts = path[:-3].split("/")
    if parts[-1] == "__init__":
        parts = parts[:-1]
    return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else ""
