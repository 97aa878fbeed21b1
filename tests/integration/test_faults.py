"""Indexes that misbehave, networks that are cut, disks that are full, a store that was altered."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.support.faults import Done, User, finish, in_store, owned_by, side_by_side, wait_for
from tests.support.index import PackageIndex, gateway, tiny_wheel

from parity.docker_engine import DockerEngine
from parity.model import PinnedImage

pytestmark = pytest.mark.engine

FORGET = "cd /store && for each; do rm -f ??*/??/$each partial/$each; done"
FLIP = 'cd /store/sha256 && printf X | dd of="$1" bs=1 seek=100 conv=notrunc 2>/dev/null'
PAGE, FILE = "/simple/alpha/", ".whl"
EMPTY = b"<html><body>Welcome to our company</body></html>"


@dataclass(frozen=True)
class Case:
    """What the index does, when (before there is a lock, or after), and how the build must end."""

    faults: tuple[dict[str, Any], ...]
    code: int
    says: str = ""
    remedy: str = ""
    locked: bool = False
    login: tuple[str, str] | None = None


def fault(ending: str, **what: Any) -> tuple[dict[str, Any], ...]:
    return ({"ending": ending, **what},)


# One of each kind, as a user meets it; the others of the kind are asked of the stages themselves, in
# test_resolve.py and test_fetch.py, in one container.
CASES = {
    # while resolving
    "401": Case((), 42, "answered 401", "credentials", login=("me", "secret")),
    "500 once": Case(fault(PAGE, status=500, times=1), 0),
    "a web page": Case(fault(PAGE, body=EMPTY), 40, "alpha"),
    # while fetching
    "a file is gone": Case(fault(FILE, status=404), 45, "alpha-1.0.*404 Not Found", "--upgrade", locked=True),
    "429 with a time": Case(fault(FILE, status=429, times=1, headers={"Retry-After": "2"}), 0, locked=True),
    "other bytes": Case(fault(FILE, flip=True), 46, "SHA-256", "other bytes", locked=True),
    "cut once": Case(fault(FILE, cut_after=70_000, times=1), 0, locked=True),
}


@dataclass
class Played:
    """A case that was played."""

    user: User
    done: Done
    index: PackageIndex
    seen: list[Any] = field(default_factory=list)


def play(name: str, folder: Path, forget: Callable[[Path], None], memory: Path) -> Played:
    case = CASES[name]
    wheels = folder / "wheels"
    tiny_wheel(wheels, "alpha", padding=100_000 + len(name) * 7 + sum(map(ord, name)))
    with PackageIndex(wheels, host=gateway(), login=case.login) as index:
        user = User(folder / "user", index.url, "alpha")
        shutil.copytree(memory, user.folder / "parity/cache/memory")
        if case.locked:
            assert user.build().code == 0
            user.bundle.unlink()
        forget(wheels)
        index.seen.clear()
        for each in case.faults:
            index.fail(**each)
        done = user.build()
    return Played(user, done, index)


@pytest.fixture(scope="module")
def forget(engine: DockerEngine, debian11: PinnedImage) -> Callable[[Path], None]:
    """Removes a folder's wheels from the engine's store, where earlier runs may have left them."""

    def remove(wheels: Path) -> None:
        digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in wheels.iterdir()]
        in_store(engine, debian11.id, FORGET, *digests)

    return remove


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory, debian11: PinnedImage) -> Path:
    """What a build has learned of the image, so that not every user has to measure it."""
    folder = tmp_path_factory.mktemp("memory")
    tiny_wheel(folder / "wheels", "alpha")
    with PackageIndex(folder / "wheels", host=gateway()) as index:
        user = User(folder / "user", index.url, "alpha")
        assert user.build().code == 0
    return user.folder / "parity/cache/memory"


@pytest.fixture(scope="module")
def played(
    forget: Callable[[Path], None], memory: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Played]:
    """All cases, several at a time: most of them wait before they try again."""
    folder = tmp_path_factory.mktemp("cases")
    return side_by_side(
        {name: partial(play, name, folder / str(n), forget, memory) for n, name in enumerate(CASES)}
    )


@pytest.mark.parametrize("name", CASES)
def test_an_index_that_misbehaves(name: str, played: dict[str, Played]) -> None:
    case, user, done = CASES[name], played[name].user, played[name].done
    assert done.code == case.code, done.output
    assert user.leftovers(done.pid) == []
    assert user.bundle.exists() == (case.code == 0)
    if case.code:
        assert re.search(case.says, done.error), done.output
        assert case.remedy in done.line("do"), done.output
        assert "alpha" in done.error or played[name].index.root in done.line("at")
        assert done.seconds < 60


def test_retry_after_is_heeded(played: dict[str, Played]) -> None:
    done = played["429 with a time"].done
    assert 2 < done.seconds < 60


def test_a_download_that_was_cut_goes_on_where_it_ended(played: dict[str, Played]) -> None:
    ranges = [seen.range for seen in played["cut once"].index.seen if seen.path.endswith(".whl")]
    assert ranges == ["", "bytes=70000-"]


@pytest.fixture
def user(tmp_path: Path, index: PackageIndex, forget: Callable[[Path], None], memory: Path) -> User:
    """Somebody who has a lock and a bundle, of wheels that the store has lost."""
    tiny_wheel(index.wheels, "alpha", padding=300_000)
    user = User(tmp_path / "user", index.url, "alpha")
    shutil.copytree(memory, user.folder / "parity/cache/memory")
    assert user.build().code == 0
    forget(index.wheels)
    index.seen.clear()
    return user


def asked(index: PackageIndex, process: subprocess.Popen[str]) -> str:
    """Wait until the fetch has asked for a file; gives what the command said."""
    said = wait_for(process, ": fetch")
    deadline = time.monotonic() + 30
    while not index.seen:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.2)
    return said


def assert_fetch_failed(user: User, done: Done, old: bytes, index: PackageIndex) -> None:
    assert done.code == 45, done.output
    assert "alpha-1.0-py3-none-any.whl" in done.error
    assert index.root in done.line("at")
    assert "resumed" in done.line("do")
    assert done.seconds < 45
    assert user.leftovers(done.pid) == []
    assert user.bundle.read_bytes() == old


def test_an_index_that_dies_in_the_middle_of_a_download(user: User, index: PackageIndex) -> None:
    old = user.bundle.read_bytes()
    with PackageIndex(index.wheels, host=gateway()) as dying:
        index.fail(".whl", status=302, headers={"Location": f"{dying.root}/files/alpha-1.0-py3-none-any.whl"})
        dying.fail(".whl", cut_after=100_000, stall=1)
        process = user.start_build()
        said = asked(dying, process)
    done = finish(process, said=said)
    assert_fetch_failed(user, done, old, index)
    index.heal()
    index.seen.clear()
    assert user.build().code == 0
    assert [seen.range for seen in index.seen] == ["bytes=100000-"]


@pytest.mark.long
def test_a_network_that_is_cut_in_the_middle_of_the_fetch(user: User, index: PackageIndex) -> None:
    old = user.bundle.read_bytes()
    index.fail(".whl", status=503, headers={"Retry-After": "2"})
    process = user.start_build()
    said = asked(index, process)
    workshop = next(name for name in owned_by(process.pid) if "workshop" in name)
    cut = ["docker", "network", "disconnect", "--force", "bridge", workshop.lstrip("/")]
    subprocess.run(cut, check=True, capture_output=True)
    assert_fetch_failed(user, finish(process, said=said), old, index)


def test_a_flipped_byte_in_the_store_is_found_and_fetched_again(
    user: User, index: PackageIndex, engine: DockerEngine, debian11: PinnedImage
) -> None:
    assert user.build().code == 0
    old, before = user.bundle.read_bytes()[65536:], len(index.seen)
    digest = hashlib.sha256(next(index.wheels.iterdir()).read_bytes()).hexdigest()
    in_store(engine, debian11.id, FLIP, f"{digest[:2]}/{digest}")
    done = user.build()
    assert done.code == 0, done.output
    assert "the store held other bytes for alpha-1.0-py3-none-any.whl; fetched again" in done.stderr
    assert len(index.seen) > before
    assert user.bundle.read_bytes()[65536:] == old
    assert (
        in_store(engine, debian11.id, 'sha256sum < "/store/sha256/$1"', f"{digest[:2]}/{digest}")[:64]
        == digest
    )


@pytest.fixture
def small_disk(user: User) -> Iterator[Path]:
    """The user's output folder, on a disk that holds one bundle and a bit."""
    bundle = user.bundle.read_bytes()
    size = len(bundle) * 3 // 2
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(user.out)], check=True)
    user.bundle.write_bytes(bundle)
    yield user.out
    subprocess.run(["umount", str(user.out)], check=True)


def test_a_disk_that_fills_while_packing_leaves_the_old_bundle(user: User, small_disk: Path) -> None:
    old = user.bundle.read_bytes()
    done = user.build()
    assert (done.code, done.error) == (82, "the disk is full")
    assert done.line("at") == str(user.bundle)
    assert "another folder" in done.line("do")
    assert user.leftovers(done.pid) == []
    assert list(small_disk.iterdir()) == [user.bundle]
    assert user.bundle.read_bytes() == old


def test_a_lock_that_cannot_be_written_is_said_and_stays_as_it_was(user: User, small_disk: Path) -> None:
    lock = small_disk / "pylock.toml"
    lock.write_bytes(user.lock.read_bytes())
    with contextlib.suppress(OSError), (small_disk / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))
    done = user.build("--upgrade", "--lock", str(lock))
    assert (done.code, done.error, done.line("at")) == (82, "the disk is full", str(lock))
    assert lock.read_bytes() == user.lock.read_bytes()
    assert user.leftovers(done.pid) == []
