"""Where a build's own files lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.cli.shared.places import base_folder, lock_folder
from parity.profile import is_paritys, shipped_root

SHIPPED = shipped_root() / "profiles" / "debian11-py39.yaml"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that one stands in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_a_lock_lies_with_the_user(tmp_path: Path, here: Path) -> None:
    own, asked, out = tmp_path / "fleet" / "ours.yaml", tmp_path / "app" / "web.txt", tmp_path / "dist"
    assert lock_folder(own, [asked], out) == own.parent
    assert lock_folder(SHIPPED, [asked], out) == asked.parent
    assert lock_folder(SHIPPED, [Path("web.txt")], out) == here
    assert lock_folder(SHIPPED, [], out) == here


def test_a_shipped_set_is_no_place_for_a_lock(here: Path, tmp_path: Path) -> None:
    asked = SHIPPED.parent / "requirements" / "web.txt"
    assert lock_folder(SHIPPED, [asked], tmp_path) == here


@pytest.mark.parametrize("inside", ["", "profiles", "profiles/requirements", "images", "src/parity/cli"])
def test_whoever_stands_in_a_checkout_has_the_lock_with_the_bundles(
    inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2] / inside)
    assert lock_folder(SHIPPED, [], Path("dist")) == Path("dist").absolute()


def test_an_installed_parity_and_another_checkout_are_paritys_too(tmp_path: Path) -> None:
    installed = tmp_path / "site-packages" / "parity"
    checkout = tmp_path / "work" / "their-name"
    for package in (installed, checkout / "src" / "parity"):
        (package / "profile").mkdir(parents=True)
        (package / "portable").mkdir()
        (package / "profile" / "schema.json").write_text("{}")
    (installed / "shipped" / "profiles").mkdir(parents=True)
    (tmp_path / "link").symlink_to(installed / "shipped" / "profiles")
    mine = checkout / "mine"
    mine.mkdir()
    for each in (installed / "shipped" / "profiles", tmp_path / "link", checkout, checkout / "profiles"):
        assert is_paritys(each), each
    for each in (mine, tmp_path, tmp_path / "site-packages"):
        assert not is_paritys(each), each


def test_paths_start_at_what_is_asked_for(tmp_path: Path, here: Path) -> None:
    own, asked = tmp_path / "fleet" / "ours.yaml", tmp_path / "app" / "web.txt"
    assert base_folder(own, [asked]) == asked.parent
    assert base_folder(own, []) == own.parent
    assert base_folder(SHIPPED, [asked]) == asked.parent
    assert base_folder(SHIPPED, []) == here
