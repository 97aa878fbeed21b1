"""Folders of wheels for real: --find-links, and a folder beside the profile as an index by name."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import write_profile
from tests.support.faults import User
from tests.support.index import PackageIndex, gateway, tiny_wheel
from tests.support.sources import make_sdist

from parity.model import PinnedImage
from parity.resolve import read_lock

pytestmark = pytest.mark.engine

PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
# A source's own backend, since the index here has none: it gives the wheel that it has within.
BACKEND = """
import base64
def build_wheel(folder, config_settings=None, metadata_directory=None):
    with open(folder + "/tiny-1.0-py3-none-any.whl", "wb") as wheel:
        wheel.write(base64.b64decode("%s"))
    return "tiny-1.0-py3-none-any.whl"
"""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PackageIndex]:
    for name in ("lib", "both"):
        tiny_wheel(tmp_path / "index", name)
    tiny_wheel(tmp_path / "index", "both", "2.0")
    with PackageIndex(tmp_path / "index", host=gateway()) as served:
        yield served


def write(folder: Path, *lines: str, **more: Any) -> None:
    (folder / "req.txt").write_text("\n".join(lines) + "\n")
    install = {"files": ["req.txt"], "requirements": [], **more.pop("install", {})}
    write_profile(folder, "p0", product="demo", version="1", install=install, **more)


def test_a_folder_beside_the_file_is_chosen_from_as_pip_means_it_and_bound_by_hash(
    index: PackageIndex, debian11: PinnedImage, tmp_path: Path
) -> None:
    user = User(tmp_path / "one", index.url)
    wheels = user.folder / "wheels"
    tiny_wheel(wheels, "acme", requires=["lib"])
    shutil.copy(tmp_path / "index" / "both-1.0-py3-none-any.whl", wheels)
    write(user.folder, "--find-links ./wheels", "acme", "both")
    done = user.build("--fresh")
    assert done.code == 0, done.output
    lock = read_lock(user.lock)
    assert lock is not None
    assert {w.name: (w.version, w.path or w.index) for w in lock.wheels} == {
        "acme": ("1.0", "wheels/acme-1.0-py3-none-any.whl"),
        "both": ("2.0", index.url),
        "lib": ("1.0", index.url),
    }
    assert "1 from wheels" in done.output
    assert not [seen for seen in index.seen if seen.path.endswith("acme-1.0-py3-none-any.whl")]
    text, payload = user.lock.read_text(), user.bundle.read_bytes()
    assert str(tmp_path) not in text
    assert str(tmp_path).encode() not in payload
    moved = User(tmp_path / "elsewhere" / "two", index.url)
    for name in ("req.txt", "p0.yaml", "wheels", user.lock.name):
        copy = shutil.copytree if (user.folder / name).is_dir() else shutil.copy
        copy(user.folder / name, moved.folder / name)
    assert moved.build("--fresh", "--locked").code == 0
    assert moved.bundle.read_bytes()[65536:] == payload[65536:]
    moved.lock.write_text(text.replace(lock.wheels[0].sha256, "a" * 64))
    refused = moved.build("--locked")
    assert refused.code == 46, refused.output


def test_a_newer_release_on_the_index_of_what_the_folder_has_must_be_bound(
    index: PackageIndex, debian11: PinnedImage, tmp_path: Path
) -> None:
    user = User(tmp_path / "one", index.url)
    tiny_wheel(user.folder / "wheels", "both", "1.5")
    write(user.folder, "-f wheels", "both")
    done = user.build()
    assert "both 2.0 of the index fits best, and the folder wheels has other files of that name" in done.error
    bound = [{"name": "wheels", "path": "wheels", "packages": ["both"]}]
    assert str(bound[0]["packages"]).replace("'", "") in done.line("do")
    write(user.folder, "-f wheels", "both", indexes=bound)
    done = user.build()
    assert done.code == 0, done.output
    assert "both-1.5" in user.lock.read_text()


@pytest.mark.long
def test_without_an_index_all_comes_from_the_folder_and_sources_are_built(
    index: PackageIndex, debian11: PinnedImage, tmp_path: Path
) -> None:
    user = User(tmp_path / "one", index.url)
    wheels = user.folder / "wheels"
    tiny_wheel(wheels, "both", "0.5")
    inside = base64.b64encode(tiny_wheel(tmp_path / "inside", "tiny").read_bytes()).decode()
    make_sdist(wheels, "tiny", "1.0", "", pyproject__toml=PYPROJECT, backend__py=BACKEND % inside)
    write(user.folder, "-f wheels", "both<1", "tiny", install={"build-from-source": "auto"})
    done = user.build()
    assert done.code == 0, done.output
    text = user.lock.read_text()
    assert 'path = "wheels/tiny-1.0.tar.gz"' in text
    again = user.build("--locked")
    assert again.code == 0, again.output
    tiny_wheel(user.folder / "more", "both", "0.4")
    tiny_wheel(user.folder / "more", "last", "1.0", requires=["both"])
    write(user.folder, "--no-index", "-f wheels", "-f more", "last")
    done = user.build("--lock", str(tmp_path / "pylock.other.toml"))
    assert done.code == 0, done.output
    text = (tmp_path / "pylock.other.toml").read_text()
    assert ("wheels/both-0.5-py3" in text, "more/last-1.0-py3" in text) == (True, True)


def test_a_page_of_links_gives_what_no_index_has_and_what_is_bound_to_it(
    index: PackageIndex, debian11: PinnedImage, tmp_path: Path
) -> None:
    """As vendors publish wheels of many projects: `-f https://…/torch.html`."""
    user = User(tmp_path / "one", index.url)
    with PackageIndex(tmp_path / "vendor", host=gateway()) as vendor:
        wheels = [
            tiny_wheel(vendor.wheels, "acme", requires=["both"]),
            tiny_wheel(vendor.wheels, "both", "9.0"),
        ]
        links = "".join(f'<a href="files/{each.name}">{each.name}</a>' for each in wheels)
        vendor.fail("/links.html", body=f"<html><body>{links}</body></html>".encode())
        page = f"{vendor.root}/links.html"
        write(user.folder, f"--find-links {page}", "acme")
        done = user.build("--fresh")
        assert done.code == 54, done.output
        assert f"url: {page}, format: flat, packages: [both]" in done.output
        bound = [{"name": "vendor", "url": page, "format": "flat", "packages": ["both"]}]
        write(user.folder, f"--find-links {page}", "acme", indexes=bound)
        done = user.build("--fresh")
        assert done.code == 0, done.output
    lock = read_lock(user.lock)
    assert lock is not None
    assert {w.name: (w.version, w.index) for w in lock.wheels} == {
        "acme": ("1.0", "vendor"),
        "both": ("9.0", "vendor"),
    }
