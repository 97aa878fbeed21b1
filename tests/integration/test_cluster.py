"""Builds by a real scheduler of dask: two workers, bound to two engines; dying, cancelled and lying ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.test_fleet import named_image, user_with_index
from tests.support.faults import User
from tests.support.scheduler import Workers, builds_of, workers
from tests.support.second_engine import SecondEngine

from parity.model import PinnedImage

pytestmark = pytest.mark.engine


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    with user_with_index(tmp_path) as found:
        yield found


def surroundings(user: User, name: str, **more: str) -> dict[str, str]:
    """What a worker has: a home and an index of its own, no key."""
    home = user.folder / f"home-{name}"
    (home / "cache").mkdir(parents=True)
    (home / "cache" / "tools").symlink_to(user.folder / "parity" / "cache" / "tools")
    kept = {key: value for key, value in user.environment.items() if key in ("PIP_INDEX_URL", "DOCKER_HOST")}
    return {**kept, "PARITY_HOME": str(home), "HOME": str(user.home), **more}


@pytest.fixture
def cluster(
    user: User, remote_engine: SecondEngine, debian11: PinnedImage, tmp_path: Path
) -> Iterator[Workers]:
    named_image(remote_engine.address, debian11)
    engines = {
        "near": surroundings(user, "near"),
        "far": surroundings(user, "far", DOCKER_HOST=remote_engine.address),
    }
    with workers(tmp_path / "workers", engines) as started:
        yield started


def test_bundles_are_built_by_workers_and_signed_with_the_callers_key(
    user: User, cluster: Workers, remote_engine: SecondEngine
) -> None:
    done = user.build("--scheduler", cluster.address, "--json")
    assert done.code == 0, done.output
    bundles = json.loads(done.stdout)["bundles"]
    assert sorted(each["engine"] for each in bundles) == ["far", "near"]
    assert {Path(each["bundle"]).name for each in bundles} == {path.name for path in user.out.iterdir()}
    # The caller's key signed, and no worker has one.
    assert not list(user.folder.glob("home-*/config/keys/*"))
    verified = user.run("verify", str(user.bundle), "--rehearse")
    assert verified.code == 0, verified.output
    assert user.lock.exists()
    assert "p0: rehearse" in done.stderr
    assert builds_of(cluster.folder) == []
    assert list(cluster.folder.rglob("parity-*")) == []
    again = user.build("--scheduler", cluster.address, "--json", "--locked")
    assert again.code == 0, again.output
    digests = [
        {each["payload_sha256"] for each in bundles},
        {each["payload_sha256"] for each in json.loads(again.stdout)["bundles"]},
    ]
    assert digests[0] == digests[1]
