"""Where a wheel's files go inside an environment, and which of those places are not its to take.

Places are written relative to the environment: `/SITE/…` stands for site-packages, `/HEADERS/PROJECT/…` for
a project's own folder of C headers, `bin/…` for the scripts. Standard library only, Python 3.6 and later.
"""

import configparser
import re
from typing import Iterator, List, NamedTuple, Optional

from . import pth
from .names import normalize_name, normalize_version
from .zipcheck import Finding, name_fault

SITE, HEADERS = "/SITE/", "/HEADERS/"  # no wheel can say that: no path in it begins with a slash
SCHEMES = ("purelib", "platlib", "scripts", "headers", "data")

_SITE_PACKAGES = re.compile(r"lib(?:64)?/python\d[^/]*/site-packages/")
_PYPYS = re.compile(r"(?:lib(?:64)?/pypy\d[^/]*/)?site-packages/")
_INTERPRETER = re.compile(
    r"(?:python|pypy)[0-9.]*[a-z]?(?:-config)?|pip[0-9.]*|(?:de)?activate(?:\.\w+)?|activate_this\.py"
)
_OWN_FILES = ("pyvenv.cfg", "parity-receipt.json")
_STARTUP_MODULES = re.compile(r"(?:sitecustomize|usercustomize)(?:\.\w+)*(?:/.*)?", re.IGNORECASE)
_SCRIPT_GROUPS = ("console_scripts", "gui_scripts")
_OBJECT = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*\s*:\s*[^\W\d]\w*(?:\.[^\W\d]\w*)*\s*(?:\[[\w\s.,-]*\])?")


class Launcher(NamedTuple):
    """A script that an installer would make: its name in `bin`, and `module:object`."""

    name: str
    target: str


def place_of(path: str, data_folder: str) -> Optional[str]:
    """Where the archive's `path` is installed; None where it has no place.

    `data_folder` is the wheel's own `NAME-VERSION.data`.
    """
    top, _, rest = path.partition("/")
    if not top.lower().endswith(".data"):
        return SITE + path
    scheme, _, rest = rest.partition("/")
    if not _same_project(top, data_folder) or scheme not in SCHEMES or not rest:
        return None
    if scheme in ("purelib", "platlib"):
        return SITE + rest
    if scheme == "scripts":
        return "bin/" + rest
    if scheme == "headers":
        return f"{HEADERS}{normalize_name(top.partition('-')[0])}/{rest}"
    return _place_of_data(rest)


def _place_of_data(rest: str) -> Optional[str]:
    if _PYPYS.match(rest):  # a site-packages for one interpreter, a folder like any other for the rest
        return None
    return _SITE_PACKAGES.sub(SITE, rest, count=1) if _SITE_PACKAGES.match(rest) else rest


def _same_project(folder: str, other: str) -> bool:
    def key(text: str) -> List[str]:
        name, _, version = text[: -len(".data")].partition("-")
        return [normalize_name(name), normalize_version(version)]

    return key(folder) == key(other)


def check_place(place: str, package: str) -> Iterator[Finding]:
    """Findings about a place that belongs to the interpreter or is read at its every start."""
    if place.lower().startswith(("bin/", "scripts/")):
        yield from check_script_name(place.partition("/")[2], package)
    elif place.lower() in _OWN_FILES:
        yield Finding("entry-point-shadow", f"{place} belongs to the environment itself")
    elif place.startswith(SITE) and _STARTUP_MODULES.fullmatch(place[len(SITE) :]):
        yield Finding("startup-module", f"{place[len(SITE) :]} runs at every start of the interpreter")


def check_script_name(name: str, package: str) -> Iterator[Finding]:
    """A script must not be called as the interpreter, its pip or the activation scripts are."""
    plain = name.lower()[:-4] if name.lower().endswith(".exe") else name.lower()
    if _INTERPRETER.fullmatch(plain) and not (package == "pip" and plain.startswith("pip")):
        yield Finding("entry-point-shadow", f"the script {name!r} would replace the environment's own")


def is_pth(place: str) -> bool:
    """Whether the interpreter reads this file at its start (`site`): a `.pth` right in site-packages."""
    rest = place[len(SITE) :]
    return place.startswith(SITE) and "/" not in rest and rest.lower().endswith(".pth")


def check_pth(place: str, raw: bytes, package: str) -> Iterator[Finding]:
    """A `.pth` file may run code at every start: only known, harmless lines pass."""
    if not pth.is_known(raw, package):
        yield Finding("pth-file", f"{place[len(SITE) :]} is read, and may run code, at every start of Python")


def read_launchers(raw: bytes) -> List[Launcher]:
    """The scripts that entry_points.txt asks for.

    Raises:
        ValueError: it cannot be read as the entry points specification says.
    """
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(raw.decode("utf-8"))
    except (UnicodeDecodeError, configparser.Error) as error:
        raise ValueError(str(error).splitlines()[0]) from error
    groups = [group for group in _SCRIPT_GROUPS if parser.has_section(group)]
    pairs = [pair for group in groups for pair in parser.items(group)]
    return [Launcher(name.strip(), target.strip()) for name, target in pairs]


def is_launchable(launcher: Launcher) -> bool:
    """Whether its script can be written at all: a plain name, and `module:object` as the target."""
    return _has_plain_name(launcher) and _OBJECT.fullmatch(launcher.target) is not None


def _has_plain_name(launcher: Launcher) -> bool:
    return "/" not in launcher.name and not name_fault(launcher.name)


def check_launcher(launcher: Launcher, package: str) -> Iterator[Finding]:
    """A launcher's name must stay in `bin`, its target must be nothing but `module:object`."""
    name = launcher.name
    if not _has_plain_name(launcher):
        yield Finding("entry-point-path", f"the entry point {name!r} would leave the scripts' folder")
    if not _OBJECT.fullmatch(launcher.target):
        yield Finding("entry-point-code", f"the entry point {name!r} is no module:object")
    yield from check_script_name(name, package)
