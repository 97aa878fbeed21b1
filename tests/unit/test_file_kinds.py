"""What is written takes the place of plain files alone: never of a device, a FIFO or a folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.errors import WriteFailed
from parity.files import write_atomic
from parity.portable.atomic import new_file
from parity.portable.errors import FileNotWritten


def device(path: Path) -> None:
    """A device like /dev/null; without the right to make one, a socket's worth of the same: a FIFO."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:
        os.mkfifo(path)


def linked(path: Path) -> None:
    device(path.with_name("behind"))
    path.symlink_to("behind")


def near(path: Path) -> None:
    write_atomic(path, b"x")


def far(path: Path) -> None:
    with new_file(str(path)) as file:
        file.write(b"x")


@pytest.mark.parametrize("write", [near, far])
@pytest.mark.parametrize("make", [device, linked, os.mkfifo, os.mkdir])
def test_another_kind_of_file_stays(
    tmp_path: Path, make: Callable[[Path], None], write: Callable[[Path], None]
) -> None:
    path = tmp_path / "there"
    make(path)
    before = path.lstat().st_mode, sorted(each.name for each in tmp_path.iterdir())
    with pytest.raises((WriteFailed, FileNotWritten)):
        write(path)
    assert (path.lstat().st_mode, sorted(each.name for each in tmp_path.iterdir())) == before


@pytest.mark.parametrize("write", [near, far])
def test_a_plain_file_is_replaced(tmp_path: Path, write: Callable[[Path], None]) -> None:
    (tmp_path / "there").write_text("old")
    write(tmp_path / "there")
    assert (tmp_path / "there").read_text() == "x"


def test_a_name_with_a_nul_is_no_fault_of_ours(tmp_path: Path) -> None:
    with pytest.raises(WriteFailed, match="no name of a file"):
        near(tmp_path / "a\0b")
