"""Folders that somebody else may change while they are read: no link is followed, nothing is waited for."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.recorder import Recorder

from parity.errors import InputFileError, SourceUnavailable
from parity.files import open_below
from parity.images.folder import build_context, folder_digest
from parity.model import OtherFile
from parity.other_files import files_on_disk
from parity.project import tree as trees
from parity.project import tree_digest, tree_tar

SECRET = b"of root alone"
Exchange = Callable[[Path, Path], None]


@contextmanager
def seconds(limit: int) -> Iterator[None]:
    """What takes longer fails."""

    def late(*_: Any) -> None:
        pytest.fail("it hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(limit)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    place = tmp_path / "elsewhere" / "data"
    place.write_bytes(SECRET)
    return place


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inner = tmp_path / "folder" / "inner"
    inner.mkdir(parents=True)
    (inner / "data").write_bytes(b"x" * len(SECRET))
    return tmp_path / "folder"


def file_to_link(folder: Path, secret: Path) -> None:
    (folder / "inner" / "data").unlink()
    (folder / "inner" / "data").symlink_to(secret)


def folder_to_link(folder: Path, secret: Path) -> None:
    (folder / "inner").rename(folder.parent / "away")
    (folder / "inner").symlink_to(secret.parent)


def file_to_pipe(folder: Path, secret: Path) -> None:
    (folder / "inner" / "data").unlink()
    os.mkfifo(folder / "inner" / "data")


EXCHANGES = pytest.mark.parametrize("exchange", [file_to_link, folder_to_link, file_to_pipe])


@EXCHANGES
def test_a_projects_files_are_its_own_whatever_comes_in_their_place(
    exchange: Exchange, folder: Path, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = trees.tree_files(folder)
    exchange(folder, secret)
    monkeypatch.setattr(trees, "tree_files", lambda place: listed)
    monkeypatch.setattr(Path, "is_symlink", lambda path: False)  # as it was when it was looked at
    for read in (lambda: tree_digest(folder), lambda: b"".join(tree_tar(folder, "source"))):
        with seconds(5), pytest.raises(SourceUnavailable, match="inner/data"):
            read()


@EXCHANGES
def test_other_files_are_what_was_seen_whatever_comes_in_their_place(
    exchange: Exchange, folder: Path, secret: Path
) -> None:
    (file,) = files_on_disk([OtherFile(folder)], Recorder())
    exchange(folder, secret)
    assert file.open is not None
    chunks = file.open()
    with seconds(5), pytest.raises(InputFileError, match="cannot be read"):
        next(iter(chunks))


def test_a_file_that_never_ends_is_no_other_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(tmp_path / "socket"))
        for path in (Path("/dev/zero"), tmp_path / "pipe", tmp_path / "socket"):
            with seconds(5), pytest.raises(InputFileError, match="is neither a file nor a folder"):
                files_on_disk([OtherFile(path)], Recorder())


def test_an_images_folder_holds_no_file_of_elsewhere(folder: Path, secret: Path) -> None:
    (folder / "key").symlink_to(secret)
    for read in (build_context, folder_digest):
        with pytest.raises(InputFileError, match=r"key.*leads out"):
            read(folder)


def test_a_link_inside_an_images_folder_is_the_file_that_it_leads_to(folder: Path) -> None:
    (folder / "again").symlink_to("inner/data")
    assert b"again" in build_context(folder)


def test_what_is_opened_below_a_folder_lies_there(folder: Path) -> None:
    with open_below(folder, folder / "inner" / "data") as file:
        assert file.read() == b"x" * len(SECRET)
