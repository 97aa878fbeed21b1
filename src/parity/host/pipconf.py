"""What pip on this machine is configured to do: its files and its environment, merged by pip itself."""

from __future__ import annotations

import ast
import importlib
import os
import re
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from threading import Lock, Thread

from parity.errors import IndexFailed
from parity.host.processes import child_environment, run

_LINE = re.compile(r"(?P<section>:?[\w-]+:?)\.(?P<key>[\w-]+)=(?P<value>(['\"]).*\4)")
_ORDER = {"global": 0, "download": 1, "install": 2, ":env:": 3}
"""Sections that matter for downloading, the weakest first."""
_PASSED = ("PIP_", "XDG_")
_asking = Lock()


def begin(environ: Mapping[str, str]) -> None:
    """Begin to ask pip, in a thread, as `pip_settings` will do: what goes wrong shows there."""

    def ask() -> None:
        with suppress(Exception):
            pip_settings(environ)

    Thread(target=ask, name="pip-config", daemon=True).start()


def pip_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Pip's settings by name (`index-url`, `cert`, …); empty where this Python has no pip.

    `pip config list` merges the system's, the user's and the environment's settings.

    Raises:
        IndexFailed: pip cannot read its files, so which index is meant is not known.
    """
    passed = {key: value for key, value in environ.items() if key.startswith(_PASSED)}
    environment = {**child_environment(environ), **passed, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if named := environ.get("PIP_CONFIG_FILE"):  # pip is started in another folder
        environment["PIP_CONFIG_FILE"] = os.path.abspath(named)
    with _asking:  # whoever comes second gets the first one's answer
        lines = _listed(tuple(sorted(environment.items())))
    return parse_pip_config(lines)


# Half a second, and every profile of a run asks.
@cache
def _listed(environment: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    lines: list[str] = []
    # Asked and not read: where pip's files are differs by system, environment and version.
    code = run([sys.executable, "-I", "-m", "pip", "config", "list"], dict(environment), on_line=lines.append)
    if code and any("Configuration file " in line for line in lines):
        # To go on would ask the tools' default for names that another index may have.
        place = _place_in("\n".join(lines))
        raise IndexFailed(
            "pip cannot read its configuration, which may name an index",
            where=place,
            remedy=f"correct {place or 'that file'}: `pip config list` tells what is wrong with it",
        )
    return tuple(lines) if code == 0 else ()


def _place_in(said: str) -> str:
    """The file, and the line, that pip's complaint names; not the complaint: it may quote a password."""
    file = re.search(r"'(/[^']+)'|characters in (/.+?)\.?$", said, re.MULTILINE)
    line = re.search(r"\bline:? +(\d+)", said)
    return ":".join(filter(None, [file and (file[1] or file[2]), line and line[1]]))


def parse_pip_config(lines: Iterable[str]) -> dict[str, str]:
    """The settings in the output of `pip config list`: the environment beats `install`, that `global`."""
    found: dict[str, tuple[int, str]] = {}
    for line in lines:
        match = _LINE.fullmatch(line.strip())
        if match is None or match["section"] not in _ORDER:
            continue
        rank, key = _ORDER[match["section"]], match["key"]
        if key not in found or found[key][0] <= rank:
            # pip prints the value's repr().
            found[key] = (rank, str(ast.literal_eval(match["value"])))
    return {key: value for key, (_, value) in found.items()}


def default_index() -> str | None:
    """The index that pip asks where nobody says otherwise; None where this pip does not tell.

    No address of a registry stands in parity's own code: it is the tools' to know.
    """
    try:
        # A private module of pip's, so its absence is an answer, too.
        models = importlib.import_module("pip._internal.models.index")
        address: str = models.PyPI.simple_url
    except (ImportError, AttributeError):
        return None
    return address
