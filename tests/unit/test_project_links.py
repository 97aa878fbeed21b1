"""`project CHECKOUT` writes through no link of a checkout, and nothing before it knows what the bundle is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.unpacked import unpacked
from tests.support.wheels import make_wheel
from tests.unit.test_odd_files import limit as limit  # noqa: PLC0414 - a fixture that is used by itself
from tests.unit.test_project_farside import GOOD, bundle_with

from parity.farside.project.project import ProjectRequest, set_up, undo
from parity.portable.errors import InstallFailed

LOCK = "version = 1\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    path = tmp_path / "checkout"
    path.mkdir()
    (path / "pyproject.toml").write_text("[project]\nname = 'app'\n")
    (path / "uv.lock").write_text(LOCK)
    return path


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """What must stay as it is."""
    path = tmp_path / "outside"
    path.mkdir()
    (path / "file").write_text("precious\n")
    yield path
    assert (path / "file").read_text() == "precious\n"
    assert os.listdir(path) == ["file"]


def seen(path: Path) -> list[str]:
    return sorted(f"{each} {each.lstat()[:2]} {each.lstat().st_size}" for each in path.rglob("*"))


def refused(bundle: Path, checkout: Path) -> str:
    before = seen(checkout)
    with pytest.raises(InstallFailed) as caught:
        set_up(ProjectRequest(str(bundle), str(checkout), allow_other_os=True), lambda line: None)
    assert seen(checkout) == before
    return caught.value.message


Make = Callable[[Path, Path], None]


def store_is_a_link(checkout: Path, outside: Path) -> None:
    (checkout / ".parity").symlink_to(outside)


def store_leads_nowhere(checkout: Path, outside: Path) -> None:
    (checkout / ".parity").symlink_to(outside / "new")


def in_the_store(name: str, target: str) -> Make:
    def make(checkout: Path, outside: Path) -> None:
        (checkout / ".parity").mkdir()
        (checkout / ".parity" / name).symlink_to(outside / target)

    return make


def in_the_checkout(name: str) -> Make:
    def make(checkout: Path, outside: Path) -> None:
        (checkout / name).unlink(missing_ok=True)
        (outside.parent / "copy").write_text(LOCK)
        (checkout / name).symlink_to(outside.parent / "copy")

    return make


def pipe(name: str) -> Make:
    def make(checkout: Path, _outside: Path) -> None:
        (checkout / name).unlink(missing_ok=True)
        os.mkfifo(checkout / name)

    return make


MAKERS = [
    store_is_a_link,
    store_leads_nowhere,
    in_the_store(".gitignore", "file"),
    in_the_store(".gitignore", "new"),
    in_the_store("uv", "file"),
    in_the_store("cache", ""),
    in_the_checkout("uv.lock"),
    in_the_checkout("uv.lock.before-parity"),
    in_the_checkout("pyproject.toml"),
    pipe("uv.lock"),
    pipe("uv.lock.before-parity"),
    pipe("pyproject.toml"),
    pipe(".parity"),
]


@pytest.mark.parametrize("make", MAKERS)
def test_no_link_is_written_through(tmp_path: Path, checkout: Path, outside: Path, make: Make) -> None:
    bundle = bundle_with(tmp_path, GOOD)
    make(checkout, outside)
    assert "of its own" in refused(Path(bundle.path), checkout)


@pytest.mark.parametrize("make", [None, store_is_a_link, in_the_store(".gitignore", "file")])
def test_a_bundle_without_a_project_changes_nothing(
    tmp_path: Path, checkout: Path, outside: Path, make: Make | None
) -> None:
    bundle = unpacked(tmp_path / "bundle", [make_wheel(tmp_path, "dep", "1.0", {"dep.py": b""})])
    if make:
        make(checkout, outside)
    assert "carries no project" in refused(bundle, checkout)


def test_another_revision_leaves_no_store_behind(tmp_path: Path, checkout: Path) -> None:
    bundle = bundle_with(tmp_path, GOOD)
    (checkout / "uv.lock").write_text("version = 1\n# another\n")
    assert "is not the one" in refused(Path(bundle.path), checkout)


def test_undo_takes_back_nothing_through_a_link(checkout: Path, outside: Path) -> None:
    (checkout / "uv.lock.before-parity").symlink_to(outside / "file")
    with pytest.raises(InstallFailed):
        undo(str(checkout), lambda line: None)
    assert (checkout / "uv.lock").read_text() == LOCK
