"""Secrets of this machine reach the index and nothing else; its settings for pip and uv reach nothing."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.canary import (
    LOGIN,
    SEARCH_STORE,
    history,
    leaks,
    spellings,
    texts,
    watched,
    with_address,
    with_netrc,
)
from tests.support.cli import write_profile
from tests.support.faults import User, in_store
from tests.support.index import PackageIndex, basic, gateway, tiny_wheel

from parity.docker_engine import DockerEngine
from parity.model import PinnedImage

pytestmark = pytest.mark.engine


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PackageIndex]:
    """An index that demands a login, for pages and files."""
    tiny_wheel(tmp_path / "wheels", "alpha", requires=["beta"], padding=50_000)
    tiny_wheel(tmp_path / "wheels", "beta")
    with PackageIndex(tmp_path / "wheels", host=gateway(), login=LOGIN) as index:
        yield index


@pytest.mark.parametrize("told", [with_address, pytest.param(with_netrc, marks=pytest.mark.long)])
def test_a_token_for_the_index_gets_to_the_index_and_nowhere_else(
    told: object, index: PackageIndex, engine: DockerEngine, debian11: PinnedImage, tmp_path: Path
) -> None:
    assert callable(told)
    user: User = told(index, tmp_path / "user")
    done, watch = watched(user.start_build("--verbose", "--fresh"))
    index.fail(".whl", status=500)
    index.fail("/simple/alpha/", status=500)
    failed = user.build("--verbose", "--upgrade", "--json")
    assert (done.code, failed.code) == (0, 42), done.output + failed.output
    assert {seen.authorization for seen in index.seen} <= {basic(*LOGIN), ""}
    assert watch.containers >= {"workshop", "rehearsal"}
    places = {
        "output": done.output,
        "failure": failed.output,
        "engine": watch.seen,
        "image": history(debian11.id),
        **dict(texts(tmp_path / "user")),
    }
    assert str(user.bundle) in places
    assert leaks(places) == []
    assert in_store(engine, debian11.id, SEARCH_STORE, *spellings(*LOGIN)) == ""


TOKEN = f"canary-{secrets.token_hex(8)}"


@pytest.mark.long
def test_a_token_in_a_path_gets_to_its_server_and_nowhere_else(debian11: PinnedImage, tmp_path: Path) -> None:
    tiny_wheel(tmp_path / "wheels", "alpha", requires=["beta"])
    tiny_wheel(tmp_path / "wheels", "beta")
    named = tiny_wheel(tmp_path / "wheels", "gamma")
    with PackageIndex(tmp_path / "wheels", host=gateway(), prefix=f"/{TOKEN}") as index:
        user = User(tmp_path / "user", "http://elsewhere.invalid/simple/")
        told = index.root.replace(TOKEN, "${TOKEN}")
        (user.folder / "r.txt").write_text(
            f"--index-url {told}/simple/\nalpha\ngamma @ {told}/files/{named.name}\n"
        )
        install = {"requirements": [], "files": ["r.txt"]}
        write_profile(user.folder, "p0", product="demo", version="1", install=install)
        with_token = {"TOKEN": TOKEN}
        done, watch = watched(user.start_build("--verbose", "--fresh", **with_token))
        again = user.build("--locked", **with_token)
        missing = user.build("--locked")
        index.fail(".whl", status=500)
        index.fail("/simple/alpha/", status=500)
        failed = user.build("--verbose", "--upgrade", "--json", **with_token)
    assert (done.code, again.code, failed.code) == (0, 0, 42), done.output + again.output + failed.output
    assert "TOKEN" in missing.error
    assert f"{told}/files/" in user.lock.read_text()
    places = {
        "output": done.output + again.output,
        "failure": failed.output,
        "engine": watch.seen,
        "image": history(debian11.id),
        **dict(texts(tmp_path / "user")),
    }
    assert str(user.bundle) in places
    assert [place for place, text in places.items() if TOKEN in text] == []


NASTY = {
    "PIP_TARGET": "/tmp/parity-canary",
    "PIP_REQUIRE_VIRTUALENV": "1",
    "PIP_NO_BINARY": ":all:",
    "PIP_PRE": "1",
    "PIP_CONSTRAINT": "/nowhere",
    "PIP_REQUIREMENT": "/nowhere",
    "PIP_USER": "1",
    "UV_INDEX_STRATEGY": "unsafe-best-match",
    "UV_PYTHON": "3.12",
    "UV_SYSTEM_PYTHON": "1",
    "UV_PRERELEASE": "allow",
    "UV_RESOLUTION": "lowest",
    "UV_EXCLUDE_NEWER": "2001-01-01",
    "UV_NO_INDEX": "1",
    "UV_CONSTRAINT": "/nowhere",
    "UV_OVERRIDE": "/nowhere",
    "UV_CACHE_DIR": "/nowhere",
    "UV_OFFLINE": "1",
    "UV_REQUIRE_HASHES": "1",
    "UV_NO_BINARY": "1",
    "PYTHONPATH": "/nowhere",
    "PYTHONWARNINGS": "ignore",
    "PYTHONSTARTUP": "/nowhere",
    "VIRTUAL_ENV": "/nowhere",
    "CONDA_PREFIX": "/nowhere",
    "SETUPTOOLS_USE_DISTUTILS": "stdlib",
    "LC_ALL": "C",
    "TZ": "Asia/Kathmandu",
}


@pytest.mark.long
def test_settings_for_pip_and_uv_do_not_leak_into_a_build(debian11: PinnedImage, tmp_path: Path) -> None:
    wheels, trap = tmp_path / "wheels", tmp_path / "trap"
    tiny_wheel(wheels, "alpha", "1.0", requires=["beta"])
    tiny_wheel(wheels, "alpha", "0.9")
    tiny_wheel(wheels, "alpha", "1.1rc1")
    tiny_wheel(wheels, "beta", "1.0")
    tiny_wheel(trap, "beta", "99.0")
    with PackageIndex(wheels, host=gateway()) as index, PackageIndex(trap, host=gateway()) as other:
        user = User(tmp_path / "user", index.url, "alpha")
        assert user.build().code == 0
        plain, lock = user.bundle.read_bytes()[65536:], user.lock.read_bytes()
        user.lock.unlink()
        extra = {"PIP_EXTRA_INDEX_URL": other.url, "UV_INDEX": other.url, "UV_FIND_LINKS": str(trap)}
        done = user.build("--fresh", **{**NASTY, **extra})
    assert done.code == 0, done.output
    assert user.lock.read_bytes() == lock
    assert user.bundle.read_bytes()[65536:] == plain
    assert other.seen == []
    assert f"{other.url} (pip's extra-index-url) is not taken" in done.stderr
    assert not Path("/tmp/parity-canary").exists()
