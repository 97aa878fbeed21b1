"""Damaged locks: an error with the line and a remedy that works, or replaced without losing anything."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.pylock import Pylock
from tests.support.odd_documents import anywhere
from tests.unit.test_lock import LOCK
from tests.unit.test_project_shapes import written

from parity.errors import LockInvalid
from parity.model import SystemPackage, SystemSet
from parity.model.toml import parse
from parity.pipeline.context.lockfiles import put_lock, read_existing
from parity.pipeline.context.values import BuildRequest
from parity.progress import Silent
from parity.resolve import read_lock, write_lock
from parity.resolve.lockfile import preferences
from parity.system import SYSTEM_LOCK, SystemLock, write_system_lock

SYSTEM = SystemLock(
    "0" * 64, SystemSet("deb", (SystemPackage("a", "1", "amd64", "a_1.deb", "0" * 64, 3, True),), ("lib.so",))
)
KINDS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "pylock.x.toml": (read_lock, write_lock(LOCK)),
    "pylock.x.system.toml": (SYSTEM_LOCK.read, write_system_lock(SYSTEM)),
}
DAMAGE: dict[str, Callable[[str], bytes]] = {
    "a conflict": lambda text: b"<<<<<<< ours\n" + text.encode(),
    "cut": lambda text: text.encode()[:-40],
    "empty": lambda text: b"",
    "zeros of a power cut": lambda text: bytes(4096),
    "not text": lambda text: b"\xff\xfe" + text.encode(),
    "another shape": lambda text: text.replace("inputs", "outputs").encode(),
    "deep": lambda text: b"a = " + b"[" * 100_000,
}


class Heard(Silent):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str, kind: str = "") -> None:
        self.warnings.append(text)


class Request:
    def __init__(self, upgrade: bool = False, locked: bool = False) -> None:
        self.upgrade, self.locked = upgrade, locked


def existing(read: Callable[[Path], Any], path: Path, **said: bool) -> Any:
    return read_existing(read, path, cast(BuildRequest, Request(**said)))


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", KINDS)
def test_the_remedy_for_a_damaged_lock_works(tmp_path: Path, name: str, damage: str) -> None:
    (read, good), path, heard = KINDS[name], tmp_path / name, Heard()
    data = DAMAGE[damage](good)
    path.write_bytes(data)
    for locked in (False, True):
        with pytest.raises(LockInvalid) as caught:
            existing(read, path, locked=locked)
        assert caught.value.where.startswith(str(path))
        assert "--upgrade" in caught.value.remedy
        assert f"{name}.damaged" in caught.value.remedy
    assert existing(read, path, upgrade=True) is None
    put_lock(read, path, good, heard)
    assert read(path) == read_good(read, tmp_path, good)
    assert (tmp_path / f"{name}.damaged").read_bytes() == data
    assert f"{name}.damaged" in heard.warnings[0]


def read_good(read: Callable[[Path], Any], folder: Path, good: str) -> Any:
    (folder / "good.toml").write_text(good)
    return read(folder / "good.toml")


def test_an_older_damaged_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "pylock.x.toml"
    for number in range(3):
        path.write_text(f"<<<<<<< {number}\n")
        put_lock(read_lock, path, write_lock(LOCK), Heard())
    kept = sorted(each.name for each in tmp_path.iterdir())
    assert kept == [path.name, *(path.name + more for more in (".damaged", ".damaged-2", ".damaged-3"))]


def test_a_sound_lock_is_replaced_without_a_word(tmp_path: Path) -> None:
    path, heard = tmp_path / "pylock.x.toml", Heard()
    for requires in ("==3.9.*", "==3.10.*"):
        put_lock(read_lock, path, write_lock(replace(LOCK, requires_python=requires)), heard)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert not heard.warnings


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "idna==3.4\n"),
        ("pyproject.toml", '[project]\nname = "x"\n'),
        ("pylock.toml", "lock-version = '1.0'\ncreated-by = 'pip'\npackages = []\n"),
    ],
)
def test_a_file_that_is_not_ours_is_never_overwritten(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    for upgrade in (False, True):
        with pytest.raises(LockInvalid) as caught:
            existing(read_lock, path, upgrade=upgrade)
        assert "--lock" in caught.value.remedy
    with pytest.raises(LockInvalid):
        put_lock(read_lock, path, "new", Heard())
    assert path.read_text() == text


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_what_is_no_plain_file(tmp_path: Path, name: str, make: Callable[[Path], None]) -> None:
    make(tmp_path / name)
    for upgrade in (False, True):
        with pytest.raises(LockInvalid, match="not a regular file"):
            existing(KINDS[name][0], tmp_path / name, upgrade=upgrade)


def test_the_line_of_the_damage(tmp_path: Path) -> None:
    path, text = tmp_path / "pylock.x.toml", write_lock(LOCK)
    lines = text.splitlines()
    second = [number for number, line in enumerate(lines, 1) if line == "[[packages]]"][1]
    for broken, line in (
        (text.replace("[tool.parity]", "[tool.parity"), lines.index("[tool.parity]") + 1),
        (text.replace('name = "c"', "name = 3"), second),
        (text.replace("b" * 64, "b" * 63), second + 1),
    ):
        path.write_text(broken)
        with pytest.raises(LockInvalid) as caught:
            read_lock(path)
        assert caught.value.where == f"{path}:{line}"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(list(KINDS)).flatmap(
        lambda name: st.tuples(st.just(name), anywhere(parse(KINDS[name][1])))
    )
)
def test_a_lock_of_any_shape(tmp_path: Path, odd: tuple[str, Any]) -> None:
    name, document = odd
    path = tmp_path / name
    path.write_text(written(document))
    existing_or_told(KINDS[name][0], path)


def existing_or_told(read: Callable[[Path], Any], path: Path) -> None:
    where = str(path)
    try:
        existing(read, path)
    except LockInvalid as error:
        where = error.where
    assert where.startswith(str(path))


def test_the_lock_of_a_project_that_requires_nothing_is_read_again(tmp_path: Path) -> None:
    empty = replace(LOCK, wheels=())
    (tmp_path / "pylock.toml").write_text(write_lock(empty))
    assert read_lock(tmp_path / "pylock.toml") == empty
    Pylock.from_dict(parse(preferences({})))
