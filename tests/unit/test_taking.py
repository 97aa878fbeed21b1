"""An environment's files out of a container: the script that gives them, and what is taken of that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.support.fake_engine import FakeEngine

from parity.engine import ContainerSpec, ImageInfo, Network
from parity.errors import EngineLost, HashMismatch, RehearsalFailed
from parity.export import taking

ROW = {"path": "a", "kind": "file", "mode": 0o644, "size": 3, "link": ""}


class Taken:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.files: list[taking.TakenFile] = []
        self.data = bytearray()

    def begin(self, files: Sequence[taking.TakenFile]) -> None:
        """Keep the list."""
        self.files = list(files)

    def feed(self, data: bytes) -> None:
        """Keep the bytes."""
        self.data += data


def given(folder: Path) -> bytes:
    """What the script gives of a folder, run by this Python."""
    words = [sys.executable, "-I", "-S", "-B", "-c", taking.GIVE, str(folder)]
    return subprocess.run(words, capture_output=True, check=True).stdout


def fed(data: bytes, step: int = 7, most: int = 1 << 30) -> Taken:
    taken = Taken()
    files = taking.GivenFiles(most, taken)
    for begin in range(0, len(data), step):
        files.feed(data[begin : begin + step])
    files.end()
    return taken


def listed(*rows: object, rest: bytes = b"") -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows) + b"\n" + rest


def test_files_come_out_as_they_are_whatever_they_are_called(tmp_path: Path) -> None:
    top = tmp_path / "app"
    (top / "bin").mkdir(parents=True)
    (top / "lib" / "__pycache__").mkdir(parents=True)
    (top / "lib" / "__pycache__" / "x.pyc").write_bytes(b"time")
    (top / "lib" / "new\nline é.py").write_bytes(b"x = 1\n")
    (top / "lib" / "none.py").write_bytes(b"")
    (top / "lib" / "large").write_bytes(os.urandom(3 << 20))
    with open(os.fsencode(top) + b"/lib/\xff", "wb") as file:
        file.write(b"odd")
    (top / "bin" / "tool").write_bytes(b"#!/bin/sh\n")
    (top / "bin" / "tool").chmod(0o750)
    (top / "bin" / "python").symlink_to("/usr/bin/python3")
    os.mkfifo(top / "pipe")
    taken = fed(given(top), 1 << 16)
    assert [each.path for each in taken.files] == sorted(each.path for each in taken.files)
    found = {each.path: each for each in taken.files}
    assert {path: each.kind for path, each in found.items()} == {
        "bin": "folder",
        "bin/python": "link",
        "bin/tool": "file",
        "lib": "folder",
        "lib/large": "file",
        "lib/new\nline é.py": "file",
        "lib/none.py": "file",
        "lib/\udcff": "file",
        "pipe": "other",
    }
    assert (found["bin/tool"].mode, found["bin/python"].link) == (0o750, "/usr/bin/python3")
    files = [path for path, each in found.items() if each.kind == "file"]
    assert taken.data == b"".join((top / path).read_bytes() for path in files)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense\n\n",
        b"[]\n\n",
        b"{" * 100000 + b"\n\n",
        b"x" * (2 << 20),
        listed(ROW)[:-1],
        listed(ROW, rest=b"ab"),
        listed(ROW, rest=b"abcd"),
        listed({**ROW, "size": -3}),
        listed({**ROW, "size": "3"}, rest=b"abc"),
        listed({**ROW, "kind": "device"}, rest=b"abc"),
        listed(ROW, ROW, rest=b"abcabc"),
        listed({**ROW, "path": "b"}, ROW, rest=b"abcabc"),
        listed({**ROW, "kind": "folder"}, rest=b"abc"),
        listed({**ROW, "path": "lib/a"}, rest=b"abc"),
        listed({**ROW, "kind": "link", "size": 0, "link": "b"}, {**ROW, "path": "a/c"}, rest=b"abc"),
        listed({**ROW, "path": "\ud800"}, rest=b"abc"),
        listed({**ROW, "kind": "link", "size": 0, "link": "\udfff"}),
    ],
    ids=range(18),
)
def test_what_breaks_off_or_is_no_such_list_is_no_environment(data: bytes) -> None:
    with pytest.raises(EngineLost, match="broke off, or is no list"):
        fed(data, 1 << 15)


ODD = ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/", "a\0b", "lib/__pycache__/a.pyc"]


@pytest.mark.parametrize("path", ODD)
def test_a_path_that_no_file_there_has_is_refused(path: str) -> None:
    with pytest.raises(HashMismatch, match="no file is called so"):
        fed(listed({**ROW, "path": path}, rest=b"abc"))


def test_a_link_with_a_nul_is_refused() -> None:
    with pytest.raises(HashMismatch, match="no file is called so"):
        fed(listed({**ROW, "kind": "link", "size": 0, "link": "lib\0/etc"}))


def test_a_file_that_becomes_shorter_while_it_is_read_ends_the_script(tmp_path: Path) -> None:
    (tmp_path / "grown").write_bytes(b"x" * 10)
    between = '\nout.write(b"\\n")\n'
    assert between in taking.GIVE
    cut = f"os.truncate({str(tmp_path / 'grown')!r}, 4)\n"
    text = taking.GIVE.replace(between, between + cut)
    words = [sys.executable, "-I", "-S", "-B", "-c", text, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, check=False)
    assert (done.returncode, b"became shorter" in done.stderr) == (1, True)


def test_more_than_an_environment_may_have_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "large").write_bytes(bytes(3 << 20))
    engine = FakeEngine(tmp_path / "engine")
    engine.images["one"] = ImageInfo("sha256:" + "1" * 64, (), "linux/amd64", 1)
    spec = ContainerSpec(image="one", network=Network.NONE, purpose="test")
    taken = Taken()
    with engine.container(spec) as container:
        container.start()
        with pytest.raises(RehearsalFailed, match="more than 1 MiB"):
            taking.take(container, sys.executable, "", str(tmp_path / "app"), 1 << 20, taken)
    assert len(taken.data) <= 1 << 20
