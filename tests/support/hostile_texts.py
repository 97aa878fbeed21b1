"""Hostile wheels by what stands in their texts: entry_points.txt, RECORD, METADATA and WHEEL."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.support.evil_wheel import MODULE, Hostile, evil
from tests.support.wheels import Row, record_hash

_GROUP = "[console_scripts]\n"
# Read differently by configparser, importlib.metadata, pkg_resources, distlib or uv, or by none of them.
_READ_DIFFERENTLY = {
    "two brackets": "[console_scripts]]\npython3.11 = evil:main\n",
    "two brackets before": "[[console_scripts]\npython3.11 = evil:main\n",
    "an indented group": "[other]\nx = y\n  [console_scripts]\n  pip = evil:main\n",
    "an indented group after a tab": "[other]\nx = y\n\t[console_scripts]\n\tactivate = evil:main\n",
    "an indented entry": _GROUP + "tool = evil:main\n  python3 = evil:main\n",
    "an indented way out": _GROUP + "tool = evil:main\n  ../../../canary = evil:main\n",
    "a group with a blank": "[console_scripts ]\npip = evil:main\n",
    "a group with a blank before": "[ console_scripts]\npip = evil:main\n",
    "a group and a comment": "[console_scripts] # x\npip = evil:main\n",
    "a group and an entry in one line": "[console_scripts] pip = evil:main\n",
    "a default group": "[DEFAULT]\npip = evil:main\n[console_scripts]\ntool = evil:main\n",
    "a small default group": "[default]\npip = evil:main\n[console_scripts]\ntool = evil:main\n",
    "a group twice": _GROUP + "tool = evil:main\n" + _GROUP + "pip = evil:main\n",
    "a name twice": _GROUP + "tool = evil:main\ntool = evil:other\n",
    "two groups, one name": _GROUP + "tool = evil:main\n[gui_scripts]\ntool = evil:other\n",
    "a comment of configparser's": _GROUP + "; pip = evil:main\n",
    "a comment of configparser's before a group": ";[other]\n" + _GROUP + "tool = evil:main\n",
    "a colon for the sign": _GROUP + "pip: evil = main:x\n",
    "an entry without a sign": _GROUP + "pip\n",
    "an entry without a name": _GROUP + "= evil:main\n",
    "an entry before any group": "pip = evil:main\n" + _GROUP,
    "a vertical tab": "[other]\nx = y\x0b[console_scripts]\x0bpip = evil:main\n",
    "a form feed": "[other]\nx = y\x0c[console_scripts]\x0cpip = evil:main\n",
    "a record separator": "[other]\nx = y\x1e[console_scripts]\x1epip = evil:main\n",
    "a next line": "[other]\nx = y\x85[console_scripts]\x85pip = evil:main\n",
    "a line separator": "[other]\nx = y\u2028[console_scripts]\u2028pip = evil:main\n",
    "a return": "[other]\nx = y\r[console_scripts]\rpip = evil:main\n",
    "a zero": _GROUP + "tool = evil:main\0\n",
    "a mark before": "\ufeff[console_scripts]\npip = evil:main\n",
    "a hard blank": "\xa0[console_scripts]\n\xa0pip = evil:main\n",
    "an empty group": "[]\npip = evil:main\n",
    "a group that stays open": "[console_scripts\npip = evil:main\n",
    # distlib searches its pattern in `name = target`: what stands before a blank is passed over.
    "a name with a blank": _GROUP + "tool python3 = evil:main\n",
    "a name with a way out behind a blank": _GROUP + "tool ..canary = evil:main\n",
    "a name in quotes": _GROUP + '"pip" = evil:main\n',
    "a name with a bracket": _GROUP + "tool[pip = evil:main\n",
    "a name with a comma": _GROUP + "tool,pip = evil:main\n",
    "a name with a hash": _GROUP + "tool#pip = evil:main\n",
    "a name with a dollar": _GROUP + "$(pip) = evil:main\n",
    "a name in other letters": _GROUP + "p\u0456p = evil:main\n",
    "a name of a dash": _GROUP + "-rf = evil:main\n",
    "a name of a dot": _GROUP + ".bashrc = evil:main\n",
}
_TARGETS = {
    "a comment": "evil:main # x",
    "two statements": "evil:main\\nimport os",
    "a call": "evil:main()",
    "an import from elsewhere": "evil import os, sys #:x",
    "no module": ":main",
    "no object": "evil:",
    "two colons": "evil:a:b",
    "blanks": "evil : main",
    "a number": "evil:1",
    "an index": "evil:x[0][1]",
    "a path": "../evil:main",
    "a lambda": "evil:(lambda: 0)",
}
_SHADOWS = ("python3.11", "python3.13t", "pypy3", "PIP", "pip3", "pip3.11", "Activate.ps1", "activate.csh")
_FILES = ("pyvenv.cfg", "python._pth", "python3.11._pth", "pybuilddir.txt")
_WAYS_OUT = ("../pyvenv.cfg", "../../x", "sub/python", "./python", "~/x/y", "C:\\x", "a\\..\\python")


def hostile_texts() -> list[Hostile]:
    """Every attack of this sort."""
    return [*_entry_points(), *_records(), *_metadata()]


def _entry_points() -> list[Hostile]:
    def points(what: str, kind: str, text: str) -> Hostile:
        return Hostile(f"entry points: {what}", kind, evil(entry_points=text).data())

    return [
        *(points(what, "entry-point-invalid", text) for what, text in _READ_DIFFERENTLY.items()),
        *(
            points(f"target {what}", "entry-point-code", f"{_GROUP}tool = {text}\n")
            for what, text in _TARGETS.items()
        ),
        *(points(name, "entry-point-shadow", f"{_GROUP}{name} = evil:main\n") for name in _SHADOWS),
        *(points(name, "environment-file", f"{_GROUP}{name} = evil:main\n") for name in _FILES),
        *(points(name, "entry-point-path", f"{_GROUP}{name} = evil:main\n") for name in _WAYS_OUT),
    ]


def _records() -> list[Hostile]:
    def edit(what: str, kind: str, change: Callable[[list[Row]], Sequence[Row]]) -> Hostile:
        return Hostile(f"RECORD: {what}", kind, evil(record=change).data())

    first, data = "evil/__init__.py", MODULE["evil/__init__.py"]
    row = (record_hash(data), str(len(data)))
    return [
        edit("./ before", "record-absent", lambda rows: [("./" + first, *row), *rows[1:]]),
        edit("/ before", "record-absent", lambda rows: [("/" + first, *row), *rows[1:]]),
        edit("two slashes", "record-absent", lambda rows: [("evil//__init__.py", *row), *rows[1:]]),
        edit("a backslash", "record-absent", lambda rows: [("evil\\__init__.py", *row), *rows[1:]]),
        edit("a way round", "record-absent", lambda rows: [("evil/../" + first, *row), *rows[1:]]),
        edit("capitals", "record-absent", lambda rows: [("Evil/__init__.py", *row), *rows[1:]]),
        edit("a blank before", "record-absent", lambda rows: [(" " + first, *row), *rows[1:]]),
        edit("more of the system", "record-absent", lambda rows: [*rows, ("/etc/passwd", *row)]),
        edit("the interpreter", "record-absent", lambda rows: [*rows, ("../../../bin/python", *row)]),
        edit("an absent signature of others", "record-absent", lambda rows: [*rows, ("RECORD.jws", *row)]),
        edit(
            "sha1", "record-invalid", lambda rows: [(first, "sha1=2jmj7l5rSw0yVb_vlWAYkK_YBwk", "6"), *rows]
        ),
        edit("an empty hash", "record-mismatch", lambda rows: [(first, "sha256=", row[1]), *rows[1:]]),
        edit("capitals in the hash", "record-invalid", lambda rows: [(first, "SHA256=x", "6"), *rows[1:]]),
        edit("a negative size", "record-invalid", lambda rows: [(first, row[0], "-6"), *rows[1:]]),
        edit(
            "a size of twenty digits", "record-invalid", lambda rows: [(first, row[0], "0" * 20), *rows[1:]]
        ),
        edit("four columns", "record-invalid", lambda rows: [(first, *row, "x"), *rows[1:]]),  # type: ignore[list-item]
        edit(
            "the other algorithm",
            "record-mismatch",
            lambda rows: [(first, "sha512=" + row[0][7:], "6"), *rows[1:]],
        ),
    ]


def _metadata() -> list[Hostile]:
    head = "Metadata-Version: 2.1\n"
    wheel = "Wheel-Version: 1.0\nRoot-Is-Purelib: {}\nTag: {}\n"

    def told(what: str, text: str) -> Hostile:
        return Hostile(f"METADATA: {what}", "metadata-mismatch", evil(metadata=head + text).data())

    return [
        told("nothing", "\n"),
        told("two Versions", "Name: evil\nVersion: 1.0\nVersion: 2.0\n"),
        told("the Name in the body", "\nName: evil\nVersion: 1.0\n"),
        told("a Name with more", "Name: evil other\nVersion: 1.0\n"),
        told("a folded Name", "Name: evil\n other\nVersion: 1.0\n"),
        told("an empty Version", "Name: evil\nVersion:\n"),
        Hostile(
            "WHEEL: no tags", "tag-mismatch", evil(wheel="Wheel-Version: 1.0\nRoot-Is-Purelib: true\n").data()
        ),
        Hostile("WHEEL: no root", "dist-info", evil(wheel=wheel.format("maybe", "py3-none-any")).data()),
        Hostile(
            "WHEEL: one tag more", "tag-mismatch", evil(wheel=wheel.format("true", "py2.py3-none-any")).data()
        ),
        Hostile(
            "WHEEL: no version", "wheel-version", evil(wheel=wheel.format("true", "py3-none-any")[20:]).data()
        ),
        Hostile("a .DIST-INFO", "dist-info", evil(info="evil-1.0.DIST-INFO").data()),
        Hostile("a second .DIST-INFO", "dist-info", evil({"other-1.DIST-INFO/METADATA": b""}).data()),
    ]
