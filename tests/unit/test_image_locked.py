"""The image that a lock holds: found again, missed, and looked for anew. On the fake engine."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from tests.support.fake_engine import FakeEngine
from tests.support.recorder import Recorder
from tests.unit.test_images import FakeMachine

from parity.engine import ImageInfo
from parity.errors import ImageUnavailable, LockInvalid, LockOutdated
from parity.images import ImageMaker, image_by_lock
from parity.model import ImageSource, Lock, LockedImage, LockedWheel, PinnedImage, chain_id
from parity.resolve import parse_lock, write_lock

ONE, TWO = ("sha256:" + "1" * 64,), ("sha256:" + "1" * 64, "sha256:" + "2" * 64)
OLD = ImageInfo("sha256:" + "a" * 64, (), "linux/amd64", 5, ONE)
NEW = ImageInfo("sha256:" + "b" * 64, (), "linux/amd64", 5, TWO)
TAG = "host:5000/team/base:1"


WHEEL = LockedWheel(
    "alpha",
    "1.0",
    "alpha-1.0-py3-none-any.whl",
    "https://x.example/alpha-1.0-py3-none-any.whl",
    "a" * 64,
    1,
    True,
)


def digest(info: ImageInfo) -> str:
    return "sha256:" + hashlib.sha256(info.id.encode()).hexdigest()


def by_digest(info: ImageInfo) -> str:
    return f"host:5000/team/base@{digest(info)}"


class Place:
    """An engine and a registry, and what a lock held last."""

    def __init__(self, folder: Path) -> None:
        self.engine = FakeEngine(folder / "engine")
        self.machine = FakeMachine(folder)
        self.recorder = Recorder()
        self.held: LockedImage | None = None

    def push(self, info: ImageInfo) -> None:
        """Give the tag to an image; earlier ones stay there under their digests."""
        self.engine.registry |= {TAG: info, by_digest(info): info}

    def get(
        self, reference: str = TAG, arch: str = "x86_64", *, locked: bool = False, upgrade: bool = False
    ) -> PinnedImage:
        maker = ImageMaker(self.engine, self.machine, self.recorder)
        source = ImageSource(reference=reference)
        found, self.held = image_by_lock(source, arch, maker, self.held, locked=locked, upgrade=upgrade)
        return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.push(OLD)
    made.get()
    return made


def test_a_lock_holds_the_platforms_own_digest_and_content(place: Place) -> None:
    assert place.held == LockedImage(TAG, "linux/amd64", chain_id(ONE), digest(OLD))


@pytest.mark.parametrize("locked", [False, True])
def test_a_tag_that_moved_does_not_move_the_build(place: Place, locked: bool) -> None:
    place.push(NEW)
    place.engine.images[TAG] = NEW
    found = place.get(locked=locked)
    assert (found.id, found.pin) == (OLD.id, by_digest(OLD))


def test_upgrade_looks_for_a_newer_one(place: Place) -> None:
    place.push(NEW)
    assert place.get(upgrade=True).id == NEW.id
    assert place.held is not None
    assert place.held.digest == digest(NEW)
    assert place.get(locked=True).id == NEW.id


@pytest.mark.parametrize("locked", [False, True])
def test_an_image_that_is_gone_by_its_digest_is_an_error(place: Place, locked: bool) -> None:
    place.engine.images.clear()
    place.engine.registry = {TAG: NEW}
    with pytest.raises(ImageUnavailable, match=by_digest(OLD)) as caught:
        place.get(locked=locked)
    assert "--upgrade" in str(caught.value.remedy)
    assert any("no such host" in line for line in caught.value.details)


def test_an_image_that_no_registry_has_is_held_by_what_is_in_it(tmp_path: Path) -> None:
    place = Place(tmp_path / "alone")
    place.engine.images = {TAG: OLD}
    place.get()
    assert place.held == LockedImage(TAG, "linux/amd64", chain_id(ONE), "")
    place.engine.images = {TAG: NEW}
    with pytest.raises(ImageUnavailable, match="the lock holds"):
        place.get(locked=True)
    assert place.get().id == NEW.id  # built here again: told, and no error
    assert "another image than the lock held" in str(place.recorder.lines)
    assert place.held.content == chain_id(TWO)


def test_a_lock_of_another_image_or_platform_is_out_of_date(place: Place) -> None:
    place.engine.registry["other:1"] = NEW
    for reference, arch in (("other:1", "x86_64"), (TAG, "aarch64")):
        with pytest.raises(LockOutdated, match=r"it holds the image host:5000/team/base:1 for linux/amd64"):
            place.get(reference, arch, locked=True)
    assert place.get("other:1").id == NEW.id


def test_a_lock_is_read_as_it_was_written(place: Place) -> None:
    lock = Lock((WHEEL,), "==3.9.*", "x", "uv", image=place.held)
    assert parse_lock(write_lock(lock), "x") == lock
    bare = Lock((WHEEL,), "==3.9.*", "x", "uv")
    assert "image" not in write_lock(bare)


@pytest.mark.parametrize(
    "said",
    [
        "3",
        '{ reference = "a:1" }',
        '{ reference = "a:1", platform = "linux/amd64", content = "sha256:1" }',
        '{ reference = "-v/:/x", platform = "linux/amd64", content = "sha256:CHAIN" }',
        '{ reference = "a:1", platform = "../../x", content = "sha256:CHAIN" }',
        '{ reference = "a:1", platform = "linux/amd64", content = "sha256:CHAIN", digest = "latest" }',
        '{ reference = "a:1", platform = "linux/amd64", content = "sha256:CHAIN", more = "" }',
    ],
)
def test_an_image_in_a_lock_that_is_none_is_refused(said: str) -> None:
    text = write_lock(Lock((WHEEL,), "==3.9.*", "x", "uv")) + f"image = {said.replace('CHAIN', 'a' * 64)}\n"
    with pytest.raises(LockInvalid, match=r"tool\.parity\.image"):
        parse_lock(text, "x")
