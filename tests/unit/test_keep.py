"""What two builds bring into the store at the same time is kept, and what is not what it should be is not."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

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
