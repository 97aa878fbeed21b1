"""Libraries that Python files open by name: which calls count, and what the rehearsal makes of them."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from parity.guest.environment.modules import distributions
from parity.guest.native import calls, opened, passing
from parity.native import capability, module_apart, soname

NOWHERE = "libnothing-like-this.so.9"


def said(source: str) -> list[tuple[list[str], bool]]:
    file = passing.source_of(ast.parse(source))
    return [(each.names, each.hard) for each in calls.opened(file, passing.wrappers([file]))]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import ctypes\nctypes.CDLL('libx.so.1')", [(["libx.so.1"], True)]),
        ("ctypes.cdll.LoadLibrary('libx.so.1')", [(["libx.so.1"], True)]),
        ("from ctypes import CDLL as Load\nLoad('libx.so.1')", [(["libx.so.1"], True)]),
        ("from ctypes.util import find_library as _f\n_f('x')", [(["x"], False)]),
        ("p = find_library('x')\nif not p:\n    raise ImportError('x')", [(["x"], True)]),
        ("NAME = 'libx.so.1'\ndef load():\n    return CDLL(NAME)", [(["libx.so.1"], True)]),
        ("for n in ('libx.so.2', 'libx.so.1'):\n    CDLL(n)", [(["libx.so.2", "libx.so.1"], True)]),
        ("ffi.dlopen('x' if a else 'y')", [(["x", "y"], True)]),
        ("def load(name):\n    return CDLL(find_library(name))\nload('x')", [(["x"], True)]),
        ("def load(a, names):\n    for n in names:\n        CDLL(n)\nload(1, ['x'])", [(["x"], True)]),
        # the package's own function has the name of an opener, as in cairocffi
        (
            "def dlopen(ffi, names):\n    for n in names:\n        ffi.dlopen(n)\ndlopen(ffi, ('x', 'y'))",
            [(["x", "y"], True)],
        ),
        # handed on from function to function, as in pyusb
        (
            """
def one(n):
    CDLL(n)
def two(a, m):
    if sys.platform == 'cygwin':
        one(a)
    one(m)
def three(k):
    two('y.dll', k)
three(['x'])
""",
            [(["y.dll"], True), (["x"], True)],
        ),
        # and by a class, with more beside it, as in pysdl2
        (
            """
def find(ns):
    every = ns + [n + 'd' for n in ns]
    for n in every:
        find_library(n)
class DLL:
    def __init__(self, info, names):
        find(names)
DLL('X', ['x', 'x-2'])
""",
            [(["x", "x-2"], True)],
        ),
        ("for n in 'x y'.split():\n    CDLL(find_library(n))", [(["x", "y"], False)]),
        # what a function gives back, as in pyacoustid
        (
            """
def names():
    if sys.platform == 'darwin':
        return ('libx.dylib',)
    return ('libx.so.1',)
for n in names():
    CDLL(n)
""",
            [(["libx.so.1"], True)],
        ),
        ("find_library('Wand' + suffix)", [(["Wand*"], False)]),
        ("find_library(f'Wand{suffix}')", [(["Wand*"], False)]),
    ],
)
def test_constant_names_are_found_however_they_reach_the_call(source: str, found: Any) -> None:
    assert said(source) == found


@pytest.mark.parametrize(
    "source",
    [
        "import sys\nif sys.platform == 'win32':\n    CDLL('libx.so.1')",
        "if sys.platform.startswith(('win', 'cygwin')):\n    CDLL('libx.so.1')",
        "if os.name == 'nt':\n    pass\nelif platform.system() == 'Darwin':\n    CDLL('libx.so.1')",
        "if platform.system().lower() != 'linux':\n    CDLL('libx.so.1')",
        "ctypes.windll.LoadLibrary('libx.so.1')",
        "ctypes.WinDLL('libx.so.1')",
        "CDLL(path)",
        "CDLL(None)",
        "CDLL('libx.1.dylib')",
        "'CDLL(\"libx.so.1\")'",
    ],
)
def test_what_only_others_run_and_what_is_no_constant_does_not_count(source: str) -> None:
    assert said(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    CDLL('libx.so.1')\nexcept OSError:\n    x = None",
        "try:\n    CDLL('libx.so.1')\nexcept:\n    pass",
        "with suppress(OSError):\n    CDLL('libx.so.1')",
    ],
)
def test_what_is_caught_is_optional_and_what_is_raised_again_is_not(source: str) -> None:
    assert said(source) == [(["libx.so.1"], False)]
    again = source.replace("    x = None", "    raise").replace("    pass", "    raise ImportError('x')")
    if again != source:
        assert said(again) == [(["libx.so.1"], True)]


def laid_out(site: Path, **files: str) -> list[Any]:
    info = site / "demo-1.0.dist-info"
    info.mkdir(parents=True)
    for name, text in files.items():
        path = site / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    paths = [str(path.relative_to(site)) for path in site.rglob("*.py")]
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in paths))
    return opened.judge(str(site), distributions(str(site)))


def test_a_missing_library_is_told_with_the_public_modules_that_lead_to_it(tmp_path: Path) -> None:
    (row,) = laid_out(
        tmp_path,
        demo__loader=f"from ctypes import CDLL\ndef load():\n    return CDLL('{NOWHERE}')\n",
        demo__api="from .loader import load\n",
        demo___hidden="from demo import loader\n",
        demo__other="import os\n",
        demo__tests__check="from demo.loader import load\n",
    )
    assert row == {
        "package": "demo",
        "file": "demo/loader.py",
        "names": [NOWHERE],
        "optional": False,
        "modules": ["demo.api", "demo.loader"],
        "importers": {"demo.loader": ["demo._hidden", "demo.api"]},
    }


def test_a_library_that_is_there_under_one_of_its_names_is_not_missing(tmp_path: Path) -> None:
    assert laid_out(tmp_path, demo="for n in ('libc.so.999', 'libc.so.6'):\n    CDLL(n)\n") == []
    assert laid_out(tmp_path / "2", demo="a = find_library('c')\nCDLL('libc.so.999')\n") == []


@pytest.mark.parametrize(
    "source",
    [
        f"ctypes.CDLL \\\n ('{NOWHERE}')\n",
        f"(CDLL)  # the loader\n('{NOWHERE}')\n".replace("(CDLL)", "x = ((CDLL)") + ")",
        f"from ctypes import CDLL \\\n as load\nload('{NOWHERE}')\n",
        f"def find_library(a): pass\ndef dlopen (b): return CDLL(b)\ndlopen('{NOWHERE}')\n",
    ],
)
def test_a_call_is_found_however_it_is_laid_out(tmp_path: Path, source: str) -> None:
    assert [row["names"] for row in laid_out(tmp_path, demo=source)] == [[NOWHERE]]


def test_a_packages_own_opener_is_known_in_its_files_that_open_nothing_themselves(tmp_path: Path) -> None:
    rows = laid_out(
        tmp_path,
        demo__loader="def fetch_it(name):\n    return CDLL(name)\n",
        demo__api=f"from ctypes import CDLL\nhandle: CDLL = fetch_it('{NOWHERE}')\n",
    )
    assert [(row["file"], row["names"]) for row in rows] == [("demo/api.py", [NOWHERE])]


def test_it_is_known_where_nothing_else_tells_of_libraries(tmp_path: Path) -> None:
    """As in pyudev: one file has the function, another the name, and no word of ctypes."""
    rows = laid_out(
        tmp_path,
        demo__tools="def locate(names):\n    for n in names:\n        CDLL(n)\n",
        demo__more="from . import tools\ndef fetch(names):\n    return tools.locate(names)\n",
        demo__api=f"from .tools import locate\nhandle = locate(['{NOWHERE}'])\n",
    )
    assert [(row["file"], row["names"]) for row in rows] == [("demo/api.py", [NOWHERE])]


def test_a_file_that_no_parser_takes_says_nothing_and_ends_nothing(tmp_path: Path) -> None:
    deep = "CDLL(" + "(" * 100_000 + "'libx.so.1'" + ")" * 100_000 + ")"
    assert laid_out(tmp_path, demo=deep, second="CDLL('libx.so.1'") == []


@pytest.mark.parametrize(
    ("names", "os_version", "library"),
    [
        (["zbar"], "11", "libzbar.so.0"),
        (["libpq.so"], "11", "libpq.so.5"),
        (["nothing", "pq"], "11", "libpq.so.5"),
        (["MagickWand*"], "12", "libMagickWand-6.Q16.so.6"),
        (["libMagickWand*"], "13", "libMagickWand-7.Q16.so.10"),
        (["tkinter"], "11", ""),
        (["user32"], "11", ""),
    ],
)
def test_names_lead_to_the_library_that_the_system_has_a_package_for(
    names: list[str], os_version: str, library: str
) -> None:
    assert soname(names, "debian", os_version, "x86_64") == library


@pytest.mark.parametrize(
    ("name", "os_version", "module"),
    [
        ("tkinter", "11", "tkinter"),
        ("distutils.core", "11", "distutils"),
        ("distutils.core", "13", ""),
        ("zbar", "11", ""),
        ("libzbar.so.0", "11", ""),
    ],
)
def test_modules_of_pythons_own_that_lie_apart_are_known(name: str, os_version: str, module: str) -> None:
    assert module_apart(name, "debian", os_version) == module


def test_a_module_is_not_asked_for_as_a_library() -> None:
    assert capability("tkinter", "rhel", "x86_64") == ""


def test_a_package_that_opens_very_much_changes_nothing_for_another(tmp_path: Path) -> None:
    """Nothing is said of what was not asked for: it may be there."""
    loud = "\n".join(f"CDLL('liba{number}.so.1')" for number in range(3000))
    for name, source in (("loud", loud), ("quiet", "CDLL('libc.so.6')\nCDLL('" + NOWHERE + "')")):
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "RECORD").write_text(f"{name}.py,,\n")
        (tmp_path / f"{name}.py").write_text(f"from ctypes import CDLL\n{source}\n")
    rows = opened.judge(str(tmp_path), distributions(str(tmp_path)))
    assert [row["names"] for row in rows if row["package"] == "quiet"] == [[NOWHERE]]
    assert len(rows) < 500
