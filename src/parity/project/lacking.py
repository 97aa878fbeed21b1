"""What a failing build lacks of the distribution, as its output says it. Pure; the output is a stranger's."""

from __future__ import annotations

import re
from collections.abc import Iterable

from parity.errors import Missing
from parity.model import SUCCESSORS, WITHOUT_SUCCESSOR
from parity.portable.names import normalize_name
from parity.project.develtable import DEBIAN

_MOST = 12
_NAME = r"[A-Za-z0-9][A-Za-z0-9+_.-]{0,63}"
_FILE = rf"(?:{_NAME}/){{0,4}}{_NAME}"
_QUOTE = "['\"`\u2018\u2019]?"
_SAID = {
    # As gcc, clang, and setup scripts say it.
    "header": (
        rf"fatal error: '?({_FILE})'?(?:: No such file or directory| file not found)",
        rf"error: .*?\b({_NAME}\.h)\b.*(?:not found|missing|required|could not be found)",
        rf"[Cc]ould not (?:find|locate) {_QUOTE}({_NAME}\.h)\b",
    ),
    # As shells, make, Python, Go, meson, autoconf and setup scripts say it.
    "program": (
        rf"\bsh: (?:line )?\d*:? ?({_NAME}): (?:command )?not found",
        rf"make(?:\[\d+\])?: ({_NAME}): (?:No such file or directory|Command not found)",
        rf"No such file or directory: '({_NAME})'",
        rf"\b({_NAME}) executable not found",
        rf"command '({_NAME})' failed: No such file",
        rf"unable to execute '({_NAME})'",
        rf"exec: \"({_NAME})\": executable file not found",
        rf"Program\(?s?\)? \[?'({_NAME})'\]?.* not found",
        rf"Did not find ({_NAME})\b",
        rf"Unknown compiler\(s\): \[\['({_NAME})'",
        rf"which: no ({_NAME}) in ",
        rf"[Cc]ould not (?:find|run|execute) (?:the )?{_QUOTE}({_NAME}-config)\b",
        rf"'({_NAME}) --[^']*' returned non-zero exit status 127",
        rf"({_NAME}), version \S+ not found",
    ),
    # As pkg-config, meson, Rust's pkg-config and setup scripts say it.
    "pkg-config": (
        rf"No package '({_NAME})' found",
        rf"Package {_QUOTE}({_NAME}?){_QUOTE},? (?:was not found in|required by)",
        rf"directory containing {_QUOTE}({_NAME})\.pc",
        rf"(?:ERROR: Dependency|Dependency lookup for) {_QUOTE}({_NAME}){_QUOTE}.*(?:not found|failed)",
        rf"The system library `({_NAME})` required by crate",
        rf"'pkg-config [^']*?({_NAME})' returned non-zero exit status",
        rf"headers or library files could not be found for ({_NAME}),",
        rf"Could (?:NOT|not) find ({_NAME}) \(missing",
        rf"package configuration file provided by \"({_NAME})\"",
    ),
    # As the linkers and loaders say it.
    "library": (
        rf"cannot find -l({_NAME}?)(?::|$)",
        rf"unable to find library -l({_NAME})",
        rf"lib({_NAME}?)\.so: cannot open shared object",
    ),
}
_PATTERNS = {kind: tuple(re.compile(each) for each in patterns) for kind, patterns in _SAID.items()}
_IN_WORDS = re.compile(
    rf"make sure (?:that )?(?:the )?({_NAME})(?:,? and ({_NAME}))? development packages? (?:is|are)"
)
_MODULE = re.compile(
    r"ModuleNotFoundError: No module named '([A-Za-z_]\w{0,63})(?:\.[\w.]{0,200})?'", re.ASCII
)
_BROUGHT = {
    **SUCCESSORS,
    "Crypto": "pycryptodome",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "distutils": "setuptools",
    "git": "gitpython",
    "skbuild": "scikit-build",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""The package of the public index that brings a module of another name."""
_NEVER = re.compile(r"pip3?|uv|python[\d.]*|a\.out|conftest.*|.*\.(?:py|txt|cfg|toml|json)")
_RUST = re.compile(r"can't find Rust compiler|cargo, the Rust package manager, is not installed")


def missing(lines: Iterable[str]) -> tuple[Missing, ...]:
    """Programs, headers, pkg-config names and libraries that these lines of a log miss, in their order.

    Only names that could be one are taken, and not more than a dozen.
    """
    found: dict[Missing, None] = {}
    for line in lines:
        for kind, patterns in _PATTERNS.items():
            for name in (each for pattern in patterns for each in pattern.findall(line[:2000])):
                if ".." not in name and not _NEVER.fullmatch(name):
                    found[Missing(kind, name)] = None
        if words := _IN_WORDS.search(line[:2000]):
            found.update(dict.fromkeys(Missing("pkg-config", name) for name in words.groups() if name))
        if _RUST.search(line):
            found[Missing("program", "cargo")] = None
    return tuple(found)[:_MOST]


def missing_module(reason: str) -> str:
    """The module, its topmost name, that a build imports and does not have; empty for any other reason."""
    found = _MODULE.match(reason)
    return found[1] if found else ""


def bringing_module(module: str, name: str) -> str:
    """What to write in the profile so that the build of a package has a module.

    Args:
        module: its topmost name.
        name: of the package that is built.
    """
    if module == "pkg_resources":
        limit = f"`builder: {{build-constraints: {{{name}: ['setuptools<82']}}}}`"
        return f"hold its build to the last setuptools that have pkg_resources: {limit}"
    if module in WITHOUT_SUCCESSOR:
        return f"this Python has no {module} any more: pin another version of {name}, as in NAME>=VERSION"
    brings = _BROUGHT.get(module, normalize_name(module))
    return (
        f"name what brings the module {module}, often the package of that name, as a build requirement: "
        f"`builder: {{build-requirements: {{{name}: [{brings}]}}}}`"
    )


def likely(lacking: Missing) -> tuple[str, ...]:
    """The packages of Debian and those that follow it that usually have it, best first."""
    return DEBIAN.get(lacking.kind, {}).get(lacking.name, ())
