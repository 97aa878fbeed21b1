"""What runs on targets works where a Python was built without the headers of some C library.

Whoever compiles Python without libffi's, bzip2's, xz's, OpenSSL's or SQLite's headers gets one without these
modules, and hears of it when something imports them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "parity"
OPTIONAL = (
    "_bz2",
    "_ctypes",
    "_curses",
    "_dbm",
    "_gdbm",
    "_lzma",
    "_sqlite3",
    "_ssl",
    "readline",
    "_tkinter",
)
_IMPORT = """
import importlib, sys
sys.modules.update(dict.fromkeys(sys.argv[1].split(",")))  # None: importing it raises
for name in sys.stdin.read().split():
    importlib.import_module(name)
"""
_WITHOUT_ALL = """
import sys
sys.modules.update(dict.fromkeys(sys.argv[1].split(",")))
"""


def carried() -> list[str]:
    """Every module of what runs inside images and on targets."""
    rooms = (path for room in ("guest", "portable", "farside") for path in (SOURCE / room).rglob("*.py"))
    names = (".".join(("parity", *path.relative_to(SOURCE).with_suffix("").parts)) for path in rooms)
    own = (name.removesuffix(".__init__") for name in names if not name.endswith("__main__"))
    return sorted(name for name in own if ".stubs" not in name)


def run(program: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, ",".join(OPTIONAL)],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def test_everything_that_is_carried_can_be_imported() -> None:
    names = carried()
    assert len(names) > 100
    done = run(_IMPORT, "\n".join(names))
    assert done.returncode == 0, done.stderr[-2000:]


_FETCH = """
from parity.guest.net.reach import settings
from parity.guest.net.web import Browser, WebProblem
try:
    list(Browser(settings({})).get("https://127.0.0.1:1/"))
except WebProblem as error:
    print(error.kind, error.message)
"""
_SERVE = """
from parity.portable.errors import ServeFailed
from parity.farside.index.bind import tls_context
try:
    tls_context("a", "b")
except ServeFailed as error:
    print(error, error.remedy)
"""
_EXCHANGE = """
from parity.portable.exchange import CANNOT, exchange
try:
    exchange("a", "b")
except OSError as error:
    print("told as not possible:", error.errno in CANNOT)
"""
_OPENED = "from parity.guest.native.opened import _there; print('zbar' in _there(['zbar']))"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (_FETCH, "no-tls the image's Python is built without ssl"),
        (_SERVE, "has no ssl module"),
        (_EXCHANGE, "told as not possible: True"),
        (_OPENED, "True"),
    ],
)
def test_what_needs_more_says_so(lines: str, told: str) -> None:
    done = run(_WITHOUT_ALL + lines)
    assert told in done.stdout, done.stdout + done.stderr
