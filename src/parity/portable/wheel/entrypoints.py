"""entry_points.txt read as every installer reads it, or not at all. Standard library only, Python 3.6+.

pip reads it with importlib.metadata or pkg_resources and then takes each script apart with distlib's
pattern, which searches; uv has a reader of its own; Python 3.6 to 3.9 use configparser. They differ in
indented lines, brackets, `[DEFAULT]`, repeated groups, `;` and `:`, and in names that hold blanks. What is
read here is what all of them read alike. Follows the entry points specification.
"""

import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from . import layout
from .zipcheck import WheelFault, name_fault

_GROUPS = ("console_scripts", "gui_scripts")
_WORD = r"[A-Za-z0-9_.:/+-]+"
_HEADER = re.compile(rf"\[({_WORD}(?: {_WORD})*)\]")
_SCRIPT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_OBJECT = re.compile(rf"{_DOTTED}:{_DOTTED} *(?:\[[\w ,.-]*\])?")
_COMMENT, _DEFAULT = "#", "default"


class Launcher(NamedTuple):
    """A script that an installer would make: its name in `bin`, and `module:object`."""

    name: str
    target: str


def read_launchers(raw: bytes) -> List[Launcher]:
    """The scripts that entry_points.txt asks for.

    Raises:
        ValueError: installers would read it in different ways, or not at all; the message is printable.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("it is no UTF-8") from None
    found: Dict[str, Dict[str, str]] = {}
    group, depth = "", -1
    for number, line in _lines(text):
        indent, words = len(line) - len(line.lstrip()), line.strip()
        if depth >= 0 and indent > depth:  # to configparser it goes on with the entry before
            raise ValueError(f"line {number} is indented deeper than the entry before it")
        if words.startswith("["):
            group, depth = _group(number, words, found), -1
        else:
            _add(number, words, found.get(group))
            depth = indent
    return _scripts(found)


def _lines(text: str) -> Iterator[Tuple[int, str]]:
    """The lines that are neither blank nor comments, with their numbers."""
    # Not `splitlines`, which also cuts at form feeds and others that no reader of such files takes for an
    # end.
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not line.replace("\t", " ").isprintable():
            raise ValueError(f"line {number} holds a control character")
        if line.strip() and not line.strip().startswith(_COMMENT):
            yield number, line


def _group(number: int, words: str, found: Dict[str, Dict[str, str]]) -> str:
    match = _HEADER.fullmatch(words)
    name = match.group(1) if match else ""
    if not name or name.lower() == _DEFAULT:
        raise ValueError(f"line {number} is no plain group: {words[:80]}")
    if name in found:
        raise ValueError(f"line {number} begins the group {name} again")
    found[name] = {}
    return name


def _add(number: int, words: str, entries: Optional[Dict[str, str]]) -> None:
    name, sign, target = (part.strip() for part in words.partition("="))
    if entries is None or not sign or not name or name.startswith(";"):
        raise ValueError(f"line {number} is no entry of a group: {words[:80]}")
    if name in entries:
        raise ValueError(f"line {number} names {name[:80]} again")
    entries[name] = target


def _scripts(found: Dict[str, Dict[str, str]]) -> List[Launcher]:
    scripts: Dict[str, str] = {}
    for group in _GROUPS:
        for name, target in found.get(group, {}).items():
            # Both groups write into `bin` on Linux.
            if scripts.setdefault(name, target) != target:
                raise ValueError(f"{name[:80]} is two different scripts")
    return [Launcher(name, target) for name, target in scripts.items()]


def is_launchable(launcher: Launcher) -> bool:
    """Whether its script can be written at all: a plain name, and `module:object` as the target."""
    return bool(_SCRIPT.fullmatch(launcher.name) and _OBJECT.fullmatch(launcher.target))


def check_launcher(launcher: Launcher, package: str) -> Iterator[WheelFault]:
    """A launcher's name must stay in `bin`, its target must be nothing but `module:object`."""
    name = launcher.name
    if "/" in name or name_fault(name):
        yield WheelFault("entry-point-path", f"the entry point {name!r} would leave the scripts' folder")
    elif not _SCRIPT.fullmatch(name):
        yield WheelFault(
            "entry-point-invalid", f"installers read the entry point's name {name!r} differently"
        )
    if not _OBJECT.fullmatch(launcher.target):
        yield WheelFault("entry-point-code", f"the entry point {name!r} is no module:object")
    yield from layout.check_script(name, package)
