"""The lock file: PEP 751, written and read back, and nothing else accepted."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.pylock import Pylock, is_valid_pylock_path

from parity.errors import LockInvalid, LockOutdated
from parity.model import Lock, LockedWheel, Origin
from parity.model.toml import parse
from parity.resolve import lock_path, lock_state, parse_lock, read_lock, require_fresh, write_lock

WHEELS = (
    LockedWheel(
        name="a-b",
        version="1.0+local.1",
        filename="a_b-1.0+local.1-py3-none-any.whl",
        url="https://index.example/files/a_b-1.0%2Blocal.1-py3-none-any.whl",
        sha256="a" * 64,
        size=None,
        requested=True,
        index="https://index.example/simple",
    ),
    LockedWheel(
        name="c",
        version="2!1.0",
        filename="c-2!1.0-cp39-cp39-manylinux_2_17_x86_64.whl",
        url="http://index.example/c-2!1.0-cp39-cp39-manylinux_2_17_x86_64.whl",
        sha256="b" * 64,
        size=12345,
        requested=False,
    ),
)
LOCK = Lock(WHEELS, "==3.9.*", "f" * 64, "uv 0.13.8")


def test_a_lock_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = lock_path(tmp_path, "debian11.9-py39")
    assert is_valid_pylock_path(path)
    assert read_lock(path) is None
    path.write_text(write_lock(LOCK))
    assert read_lock(path) == LOCK
    assert write_lock(parse_lock(write_lock(LOCK), "x")) == write_lock(LOCK)


def test_it_is_valid_pep_751_and_selects_by_itself() -> None:
    pylock = Pylock.from_dict(parse(write_lock(LOCK)))
    assert [str(package.name) for package in pylock.packages] == ["a-b", "c"]
    assert pylock.packages[1].wheels[0].size == 12345  # type: ignore[index]


def test_the_index_is_recorded_by_its_name() -> None:
    for index in ("team-a", "direct", "default", "https://index.example/simple"):
        lock = replace(LOCK, wheels=(replace(WHEELS[0], index=index), WHEELS[1]))
        text = write_lock(lock)
        assert parse_lock(text, "x") == lock
        Pylock.from_dict(parse(text))
    named = replace(LOCK, wheels=(replace(WHEELS[0], index="team-a"), replace(WHEELS[1], index="team-b")))
    assert named.told() == "2 packages, 1 from team-a, 1 from team-b"
    assert LOCK.told() == "2 packages"
    for wrong in ('"Team A"', "7", "[]"):
        with pytest.raises(LockInvalid, match=r"tool\.parity\.index"):
            parse_lock(write_lock(named).replace('"team-a"', wrong), "x")


def test_fresh_outdated_missing(tmp_path: Path) -> None:
    assert lock_state(LOCK, "f" * 64) == "fresh"
    assert lock_state(LOCK, "e" * 64) == "outdated"
    assert lock_state(None, "e" * 64) == "missing"
    assert require_fresh(LOCK, "f" * 64, tmp_path) is LOCK
    for existing in (LOCK, None):
        with pytest.raises(LockOutdated) as caught:
            require_fresh(existing, "e" * 64, tmp_path)
        assert caught.value.where.startswith(str(tmp_path))


SHA = "a" * 64
TAMPERED: dict[str, Callable[[str], str]] = {
    "no TOML": lambda text: text[:-20],
    "empty": lambda text: "",
    "other version": lambda text: text.replace('"1.0"', '"2.0"', 1),
    "weak hash": lambda text: text.replace("sha256", "md5"),
    "short hash": lambda text: text.replace("a" * 64, "a" * 63),
    "upper-case hash": lambda text: text.replace("a" * 64, "A" * 64),
    "file address": lambda text: text.replace("http://index.example", "file:///etc"),
    "credentials": lambda text: text.replace("http://index", "http://u:p@index"),
    "query": lambda text: text.replace('x86_64.whl", size', 'x86_64.whl?token=1", size'),
    "other project's file": lambda text: text.replace('name = "c"', 'name = "d"'),
    "path in the file name": lambda text: text.replace('name = "c-2!1.0', 'name = "../../c-2!1.0'),
    "other version's file": lambda text: text.replace('version = "2!1.0"', 'version = "3"'),
    "no parity table": lambda text: text.replace("[tool.parity]", "[tool.other]"),
    "odd requested": lambda text: text.replace('requested = ["a-b"]', "requested = [1]"),
    "tool is no table": lambda text: text.replace("[tool.parity]", "tool = 1\n[x]"),
    "marker": lambda text: text.replace('name = "c"\n', 'name = "c"\nmarker = "os_name == \'nt\'"\n'),
    "twice": lambda text: text.replace('name = "a-b"', 'name = "c"').replace(
        "a_b-1.0+local.1", "c-1.0+local.1"
    ),
    "directory": lambda text: text.replace(
        'wheels = [{ name = "c', 'directory = { path = "." }\nx = [{ name = "c'
    ),
    "negative size": lambda text: text.replace("size = 12345", "size = -1"),
    "sdist too": lambda text: text.replace(
        'version = "2!1.0"',
        f'version = "2!1.0"\nsdist = {{ url = "https://i/c-1.tar.gz", hashes = {{ sha256 = "{SHA}" }} }}',
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_tampered_lock_is_refused(what: str, tmp_path: Path) -> None:
    path = tmp_path / "pylock.toml"
    path.write_text(TAMPERED[what](write_lock(LOCK)))
    assert path.read_text() != write_lock(LOCK)
    with pytest.raises(LockInvalid) as caught:
        read_lock(path)
    assert caught.value.where.startswith(str(path))
    assert caught.value.message


SOURCES = tuple(
    LockedWheel(
        name,
        "1.0",
        f"{name}-1.0-py3-none-any.whl",
        "",
        "c" * 64,
        5,
        requested=True,
        index=index,
        origin=origin,
    )
    for name, index, origin in (
        ("a", "default", Origin("sdist", "https://i.example/a-1.0.tar.gz", "", "d" * 64)),
        ("b", "team-a", Origin("sdist", "https://t.example/b-1.0.zip", "", "d" * 64)),
        ("c", "https://i.example/simple", Origin("sdist", "https://i.example/c-1.0.tar.gz", "", "d" * 64)),
        ("d", "built", Origin("url", "https://f.example/d.zip", "", "d" * 64, "inside")),
        ("e", "built", Origin("git", "https://g.example/e.git", "e" * 40, "d" * 64, revision="main")),
        ("f", "built", Origin("path", "../f", "", "d" * 64)),
        ("g", "built", Origin("path", "g-1.0.tar.gz", "", "d" * 64)),
    )
)


def test_what_is_built_from_source_is_read_back_with_its_source() -> None:
    lock = replace(LOCK, wheels=SOURCES)
    text = write_lock(lock)
    assert parse_lock(text, "x") == lock
    packages = Pylock.from_dict(parse(text)).packages
    assert [bool(package.sdist) for package in packages] == [True, True, True, *[False] * 4]
    assert packages[4].vcs is not None
    assert packages[4].vcs.requested_revision == "main"
    assert [bool(package.archive) for package in packages[3:]] == [True, False, False, True]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://i.example/a-1.0.tar.gz", "file:///etc/passwd"),
        ("https://i.example/a-1.0.tar.gz", "https://u:p@i.example/a-1.0.tar.gz"),
        ("https://f.example/d.zip", "https://f.example/d.zip?token=1"),
        ("d" * 64, "d" * 63),
        ('kind = "sdist"', 'kind = "magic"'),
        ('wheel = "a-1.0-py3-none-any.whl"', 'wheel = "../a-1.0-py3-none-any.whl"'),
    ],
)
def test_a_source_that_is_no_plain_one_is_refused(old: str, new: str) -> None:
    text = write_lock(replace(LOCK, wheels=SOURCES))
    assert old in text
    with pytest.raises(LockInvalid):
        parse_lock(text.replace(old, new), "x")


@given(st.binary(max_size=200), st.integers(min_value=0, max_value=1200))
def test_garbage_never_gives_another_error(garbage: bytes, place: int) -> None:
    text = write_lock(LOCK).encode()
    mixed = (text[:place] + garbage + text[place + len(garbage) :]).decode("latin-1")
    with suppress(LockInvalid):
        parse_lock(mixed, "x")


def test_bytes_that_are_no_text_and_folders_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "pylock.toml"
    path.write_bytes(b"\xff\xfe")
    for bad in (path, tmp_path):
        with pytest.raises(LockInvalid):
            read_lock(bad)


def test_deep_nesting_is_refused_not_a_crash() -> None:
    with pytest.raises(LockInvalid):
        parse_lock("a = " + "[" * 100_000, "x")


def test_the_text_never_depends_on_anything_but_the_lock() -> None:
    same = replace(LOCK, wheels=tuple(replace(wheel) for wheel in WHEELS))
    assert write_lock(same) == write_lock(LOCK)
    assert json.dumps(write_lock(LOCK)).isascii()
