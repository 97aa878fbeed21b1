"""Hostile packages on an index: refused by name while building, and no code of theirs ever runs."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.support.evil_wheel import Hostile
from tests.support.faults import Done, User, side_by_side
from tests.support.hostile import hostile_wheels
from tests.support.index import PackageIndex, gateway, tiny_wheel

from parity.model import PinnedImage

pytestmark = pytest.mark.engine

# One of each of the judge's ways: paths, the archive, RECORD, entry points, and what starts with Python.
# The whole corpus is judged in tests/unit/test_wheel.py, and refused by the installer in test_install.py.
ATTACKS = [
    "path '../canary'",
    "local header: another size",
    "RECORD: a file not listed",
    "entry point python3 = evil:main",
    "file sitecustomize.py",
]
TELLTALE = """
import urllib.request
urllib.request.urlopen({address!r})
from setuptools import setup
setup(name="evil", version={version!r}, py_modules=[])
"""


def attempt(attack: Hostile, folder: Path) -> tuple[User, Done]:
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    (wheels / attack.filename).write_bytes(attack.data)
    tiny_wheel(wheels, "alpha", requires=["evil"])
    with PackageIndex(wheels, host=gateway()) as index:
        user = User(folder / "user", index.url, "alpha")
        return user, user.build()


def test_hostile_wheels_are_refused_by_name(debian11: PinnedImage, tmp_path: Path) -> None:
    attacks = {attack.what: attack for attack in hostile_wheels() if attack.what in ATTACKS}
    assert sorted(attacks) == sorted(ATTACKS)
    ended = side_by_side(
        {what: partial(attempt, attacks[what], tmp_path / str(n)) for n, what in enumerate(ATTACKS)}
    )
    for what, (user, done) in ended.items():
        assert done.code == 50, (what, done.output)
        assert "evil" in done.error
        assert attacks[what].kind in done.output, (what, done.output)
        assert user.leftovers(done.pid) == []
        assert not list(user.out.iterdir())


def source_distribution(folder: Path, version: str, address: str) -> None:
    """An sdist whose setup.py tells the address that it ran."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"evil-{version}"
    files = {
        f"{name}/setup.py": TELLTALE.format(address=address, version=version),
        f"{name}/PKG-INFO": f"Metadata-Version: 1.0\nName: evil\nVersion: {version}\n",
    }
    with tarfile.open(folder / f"{name}.tar.gz", "w:gz") as archive:
        for path, text in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PackageIndex]:
    """An index that is told when evil's setup.py has run."""
    (tmp_path / "wheels").mkdir()
    with PackageIndex(tmp_path / "wheels", host=gateway()) as index:
        source_distribution(index.wheels, "2.0", f"{index.root}/canary")
        yield index


def test_a_source_distribution_never_runs(debian11: PinnedImage, index: PackageIndex, tmp_path: Path) -> None:
    user = User(tmp_path / "user", index.url, "evil")
    done = user.build()
    assert done.code == 41, done.output
    assert "evil" in done.error
    assert "evil 2.0: it has no wheel that fits the target, only a source distribution" in done.error
    assert any(seen.path == "/simple/evil/" for seen in index.seen)
    assert all(seen.path != "/canary" for seen in index.seen)


def test_an_older_wheel_is_taken_instead_of_a_newer_source_distribution(
    debian11: PinnedImage, index: PackageIndex, tmp_path: Path
) -> None:
    tiny_wheel(index.wheels, "evil", "1.0")
    user = User(tmp_path / "user", index.url, "evil")
    done = user.build()
    assert done.code == 0, done.output
    assert 'version = "1.0"' in user.lock.read_text()
    assert all(seen.path != "/canary" for seen in index.seen)
