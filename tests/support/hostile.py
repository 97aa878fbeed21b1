"""A corpus of hostile wheels, each with the kind of finding it must give."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from functools import cache

from tests.support.evil_wheel import MODULE, Hostile, evil
from tests.support.hostile_places import hostile_places
from tests.support.hostile_texts import hostile_texts
from tests.support.wheels import STORED, Raw, Row, raw_zip


@cache
def hostile_wheels() -> Sequence[Hostile]:
    """Every attack that the design notes name, and some more; made once in a process."""
    own = [*_names(), *_headers(), *_structure(), *_contents(), *_records(), *_metadata(), *_places()]
    return (*own, *hostile_places(), *hostile_texts())


def _names() -> list[Hostile]:
    paths = {
        "../canary": "unsafe-path",
        "evil/../../../../../../canary": "unsafe-path",
        "/tmp/canary": "unsafe-path",
        "C:/canary": "unsafe-path",
        "evil\\..\\canary": "unsafe-path",
        "evil/can\nary": "unsafe-path",
        "evil/can\0ary": "unsafe-path",
        "evil/\x1b[2Jcanary": "unsafe-path",
        "evil/\x9b2Jcanary": "unsafe-path",
        "evil/./canary": "unsafe-path",
        "evil/" + "a/" * 100 + "canary": "unsafe-path",
        "evil/" + "a/" * 2000 + "canary": "unsafe-path",
        "evil//canary": "unsafe-path",
        "evil/" + "a" * 300: "unsafe-path",
        "Evil/__INIT__.py": "case-collision",
        "evil/data.txt/more": "duplicate-path",
        "evil-1.0.data/elsewhere/canary": "data-path",
        "evil-1.0.data/canary": "data-path",
        "evil-1.0.data/data/site-packages/canary.pth": "data-path",
        "evil-1.0.data/data/lib/pypy3.10/site-packages/canary.pth": "data-path",
        "other-1.0.data/data/canary": "data-path",
        "evil-1.0.data/purelib/evil/data.txt": "duplicate-path",
    }
    good = evil().entries()
    latin = Raw(b"evil/nam\xe9", b"")
    return [
        *(
            Hostile(f"path {path[:40]!r}", kind, evil({path: b"canary\n"}).data())
            for path, kind in paths.items()
        ),
        Hostile("one path twice", "duplicate-path", raw_zip([good[0], *good])),
        Hostile(
            "two spellings of one letter",
            "case-collision",
            evil({"evil/\u00e9": b"", "evil/e\u0301": b""}).data(),
        ),
        Hostile("a name in no encoding", "unsafe-path", raw_zip([*good, latin])),
    ]


def _twist(what: str, kind: str, change: Callable[[Raw], object]) -> Hostile:
    """The good wheel with its first entry changed in place."""
    entries = evil().entries()
    change(entries[0])
    return Hostile(what, kind, raw_zip(entries))


def _headers() -> list[Hostile]:
    def local(what: str, **fields: object) -> Hostile:
        return _twist(f"local header: {what}", "zip-headers-differ", lambda e: e.local.update(fields))

    unicode_path = struct.pack("<HHBL", 0x7075, 5 + 6, 1, zlib.crc32(b"evil/__init__.py")) + b"canary"
    size, crc = len(MODULE["evil/__init__.py"]), zlib.crc32(MODULE["evil/__init__.py"])
    return [
        local("another name", name=b"evil/__main__.py"),
        local("another size", size=size + 1),
        local("another CRC", crc=crc ^ 1),
        local("another method", method=STORED),
        local("another flag", flags=0x800),
        _twist(
            "a second name in an extra field",
            "zip-headers-differ",
            lambda e: e.central.update(extra=unicode_path),
        ),
        _twist(
            "a second name in a local extra field",
            "zip-headers-differ",
            lambda e: e.local.update(extra=unicode_path),
        ),
        _described("a data descriptor that lies", struct.pack("<4sLLL", b"PK\7\x08", crc ^ 1, 8, size)),
        _described("a data descriptor that is not there", b""),
        _described("a data descriptor of another size", b"PK\7\x08" + bytes(9)),
        _twist("encrypted", "encrypted", lambda e: setattr(e, "flags", 1)),
        _twist("an odd method", "compression-method", lambda e: setattr(e, "method", 14)),
        _twist("a symlink", "special-file", lambda e: setattr(e, "mode", 0o120777)),
        _twist("a device", "special-file", lambda e: setattr(e, "mode", 0o020666)),
        _twist("set-user-id", "special-file", lambda e: setattr(e, "mode", 0o104755)),
    ]


def _described(what: str, descriptor: bytes) -> Hostile:
    def change(entry: Raw) -> None:
        entry.flags, entry.after = 8, descriptor
        entry.local.update(crc=0, packed=0, size=0)

    return _twist(what, "zip-headers-differ", change)


def _structure() -> list[Hostile]:
    good = evil().entries()
    shared = evil().entries()
    shared[1].central["offset"] = 0
    data = raw_zip(good)
    return [
        Hostile("no zip", "zip-garbage", b"#!/bin/sh\n" * 40),
        Hostile("nothing", "not-a-zip", b""),
        Hostile("cut off", "zip-garbage", data[:-10]),
        Hostile("cut in the middle", "zip-garbage", data[: len(data) // 2]),
        Hostile("bytes before", "zip-garbage", raw_zip(good, before=b"#!/bin/sh\n")),
        Hostile("bytes before, unannounced", "zip-garbage", b"#!/bin/sh\n" + data),
        Hostile("bytes before the directory", "zip-garbage", raw_zip(good, between=b"hidden")),
        Hostile("a hidden entry", "zip-garbage", raw_zip(good, between=raw_zip([Raw(b"x", b"x")])[:34])),
        Hostile("bytes after", "zip-garbage", raw_zip(good, after=b"more")),
        Hostile("a comment", "zip-garbage", raw_zip(good, comment=b"PK\5\6")),
        Hostile("two end records that differ", "zip-headers-differ", raw_zip(good, wide=2)),
        Hostile(
            "a 64-bit end record elsewhere",
            "zip-damaged",
            raw_zip(good, wide=0xFFFF).replace(b"PK\6\6", b"PK\6\5"),
        ),
        Hostile("two archives", "zip-garbage", data + data),
        Hostile("overlapping entries", "zip-overlap", raw_zip(shared)),
        Hostile("another wheel's name", "dist-info", data, "good-1.0-py3-none-any.whl"),
        Hostile("a name that is no wheel's", "not-a-wheel", data, "evil.whl"),
    ]


def _contents() -> list[Hostile]:
    zeros = bytes(20 << 20)
    lie = {"size": 6, "crc": zlib.crc32(b"X = 1\n")}

    def lying(entry: Raw) -> None:
        entry.data = zeros
        entry.local.update(lie)
        entry.central.update(lie)

    return [
        Hostile("a bomb", "zip-bomb", evil({"evil/zeros": zeros}).data()),
        _twist("a bomb that declares six bytes", "zip-bomb", lying),
        _twist("no deflate stream", "zip-damaged", lambda e: setattr(e, "stored", b"\xff" * 9)),
        _twist("a deflate stream cut off", "zip-damaged", lambda e: setattr(e, "stored", e.packed()[:-2])),
        _twist(
            "bytes after the deflate stream", "zip-damaged", lambda e: setattr(e, "stored", e.packed() + b"x")
        ),
        _twist(
            "other contents, same size",
            "zip-damaged",
            lambda e: setattr(e, "stored", Raw(b"", b"X = 2\n").packed()),
        ),
    ]


def _records() -> list[Hostile]:
    def edit(what: str, kind: str, change: Callable[[list[Row]], Sequence[Row]]) -> Hostile:
        return Hostile(f"RECORD: {what}", kind, evil(record=change).data())

    first = "evil/__init__.py"
    return [
        Hostile("no RECORD", "record-missing", evil(leave_out=["evil-1.0.dist-info/RECORD"]).data()),
        edit("another hash", "record-mismatch", lambda rows: [(first, rows[1][1], rows[0][2]), *rows[1:]]),
        edit("another size", "record-mismatch", lambda rows: [(first, rows[0][1], "7"), *rows[1:]]),
        edit("a file not listed", "record-unlisted", lambda rows: rows[1:]),
        edit(
            "a file that is not there", "record-absent", lambda rows: [*rows, ("evil/gone.py", *rows[0][1:])]
        ),
        edit("a file elsewhere", "record-absent", lambda rows: [*rows, ("../../canary", *rows[0][1:])]),
        edit("no hash", "record-invalid", lambda rows: [(first, "", ""), *rows[1:]]),
        edit("a weak hash", "record-invalid", lambda rows: [(first, "md5=abc", "6"), *rows[1:]]),
        edit("one path twice", "record-invalid", lambda rows: [(first, *rows[1][1:]), *rows]),
        edit("two columns", "record-invalid", lambda rows: [(first, "x"), *rows]),  # type: ignore[list-item]
    ]


def _metadata() -> list[Hostile]:
    two = {"other-1.0.dist-info/METADATA": b"Name: other\nVersion: 1.0\n"}
    head = "Metadata-Version: 2.1\n"
    wheel = "Wheel-Version: {}\nRoot-Is-Purelib: true\nTag: {}\n"
    return [
        Hostile("two .dist-info", "dist-info", evil(two).data()),
        Hostile("another .dist-info", "dist-info", evil(info="other-1.0.dist-info").data()),
        Hostile("no METADATA", "dist-info", evil(leave_out=["evil-1.0.dist-info/METADATA"]).data()),
        Hostile("no WHEEL", "dist-info", evil(leave_out=["evil-1.0.dist-info/WHEEL"]).data()),
        Hostile(
            "another Name", "metadata-mismatch", evil(metadata=head + "Name: numpy\nVersion: 1.0\n").data()
        ),
        Hostile(
            "another Version", "metadata-mismatch", evil(metadata=head + "Name: evil\nVersion: 2\n").data()
        ),
        Hostile(
            "two Names",
            "metadata-mismatch",
            evil(metadata=head + "Name: evil\nName: numpy\nVersion: 1.0\n").data(),
        ),
        Hostile(
            "a wheel of the future", "wheel-version", evil(wheel=wheel.format("2.0", "py3-none-any")).data()
        ),
        Hostile(
            "other tags", "tag-mismatch", evil(wheel=wheel.format("1.0", "cp39-cp39-linux_x86_64")).data()
        ),
    ]


def _places() -> list[Hostile]:
    def script(name: str, kind: str, target: str = "evil:main", group: str = "console_scripts") -> Hostile:
        text = f"[{group}]\n{name} = {target}\n"
        return Hostile(f"entry point {name} = {target[:20]}", kind, evil(entry_points=text).data())

    def placed(path: str, kind: str, data: bytes = b"x") -> Hostile:
        return Hostile(f"file {path}", kind, evil({path: data}).data())

    return [
        *(
            script(name, "entry-point-shadow")
            for name in ("python", "python3", "Python3.9", "pip", "pip3.9", "activate")
        ),
        script("pythonw", "entry-point-shadow", group="gui_scripts"),
        *(
            script(name, "entry-point-path")
            for name in ("../../../canary", "/tmp/canary", "a/b", "..", "a\\b")
        ),
        script("tool", "entry-point-code", "evil:main; import os"),
        script("tool", "entry-point-code", "evil"),
        Hostile(
            "unreadable entry points", "entry-point-invalid", evil(entry_points="tool = evil:main\n").data()
        ),
        placed("evil-1.0.data/scripts/python3", "entry-point-shadow"),
        placed("evil-1.0.data/data/bin/python", "entry-point-shadow"),
        placed("evil-1.0.data/data/bin/activate", "entry-point-shadow"),
        placed("evil.pth", "pth-file", b"import subprocess\n"),
        placed(
            "distutils-precedence.pth", "pth-file", b"import os; __import__('_distutils_hack').add_shim();\n"
        ),
        placed("evil-1.0.data/purelib/evil.pth", "pth-file", b"/tmp\n"),
        placed("evil-1.0.data/data/lib/python3.9/site-packages/evil.pth", "pth-file", b"import subprocess\n"),
        placed("sitecustomize.py", "startup-module"),
        placed("usercustomize/__init__.py", "startup-module"),
    ]
