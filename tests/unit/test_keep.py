"""What two builds bring into the store at the same time is kept, and what is not what it should be is not."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from tests.support.index import tiny_wheel

from parity.guest.store.store import Store
from parity.guest.tasks import keep


def test_the_same_bytes_from_two_builds_are_kept_once(tmp_path: Path) -> None:
    wheel = tiny_wheel(tmp_path, "demo", requires=["six"]).read_bytes()
    store = Store(str(tmp_path / "store"))
    digest = hashlib.sha256(wheel).hexdigest()
    names = ["built-a", "built-b"]
    for name in names:  # both are there before either is taken
        Path(store.partial_path(name)).write_bytes(wheel)
    file = {"filename": "demo-1.0-py3-none-any.whl", "sha256": digest}
    job: Any = {"store": store.root, "files": [{**file, "incoming": name} for name in names]}
    found = keep.main(job, lambda event: None)["files"]
    assert [(each["held"], each["requires"]) for each in found] == [(True, ["six"])] * 2
    assert Path(store.content(digest)).read_bytes() == wheel
    assert not list((tmp_path / "store" / "partial").iterdir())


def test_other_bytes_are_not_kept(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    Path(store.partial_path("built-a")).write_bytes(b"something else")
    file: Any = {"filename": "demo-1.0-py3-none-any.whl", "sha256": "0" * 64, "incoming": "built-a"}
    (found,) = keep.main({"store": store.root, "files": [file]}, lambda event: None)["files"]
    assert not found["held"]
    assert not list((tmp_path / "partial").iterdir())


def test_a_wheel_that_cannot_be_read_is_kept_and_says_nothing(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    whole = tiny_wheel(tmp_path, "demo", requires=["six"]).read_bytes()
    holed = bytearray(whole)
    at = holed.index(b"METADATA") + len("METADATA")
    holed[at : at + 20] = b"\xff" * 20
    for number, content in enumerate((b"no zip", bytes(holed))):
        name, digest = f"built-{number}", hashlib.sha256(content).hexdigest()
        Path(store.partial_path(name)).write_bytes(content)
        file: Any = {"filename": "demo-1.0-py3-none-any.whl", "sha256": digest, "incoming": name}
        (found,) = keep.main({"store": store.root, "files": [file]}, lambda event: None)["files"]
        assert (found["held"], found["requires"]) == (True, [])


def a_set(folder: Path) -> tuple[Store, Path, list[tuple[str, str]]]:
    """A store that holds one content, and a set with another file in that content's place."""
    store, digest = Store(str(folder / "store")), hashlib.sha256(b"right").hexdigest()
    Path(store.partial_path("one")).write_bytes(b"right")
    store.keep("one", digest)
    members = [("demo-1.0-py3-none-any.whl", digest)]
    link = Path(store.make_set("0" * 64, members)) / members[0][0]
    link.unlink()
    link.write_bytes(b"wrong")
    return store, link, members


def test_two_builds_that_mend_one_set_leave_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rename(2) does nothing where both names are one file already."""
    store, link, members = a_set(tmp_path)
    real = os.link

    def other_is_faster(content: str, fresh: str) -> None:
        monkeypatch.undo()
        real(content, fresh)
        store.make_set("0" * 64, members)

    monkeypatch.setattr(os, "link", other_is_faster)
    store.make_set("0" * 64, members)
    assert link.read_bytes() == b"right"
    assert not list((tmp_path / "store" / "partial").iterdir())


def test_a_set_that_cannot_be_mended_leaves_nothing_half_done(tmp_path: Path) -> None:
    store, link, members = a_set(tmp_path)
    link.unlink()
    link.mkdir()
    with pytest.raises(OSError, match="directory"):
        store.make_set("0" * 64, members)
    assert not list((tmp_path / "store" / "partial").iterdir())
