"""A whole build by an engine that shares no file system with us, reached over TCP alone."""

from __future__ import annotations

from pathlib import Path

import docker
import pytest
from tests.support.engine import IMAGES
from tests.support.faults import User, owned_by
from tests.support.index import PackageIndex, tiny_wheel
from tests.support.second_engine import SecondEngine

from parity.images import image_tag
from parity.model import PinnedImage

pytestmark = pytest.mark.engine


def test_a_build_and_a_second_rehearsal_at_an_engine_elsewhere(
    remote_engine: SecondEngine, debian11: PinnedImage, tmp_path: Path
) -> None:
    there = docker.APIClient(remote_engine.address)
    repository, _, version = image_tag(IMAGES / "debian11-py39").partition(":")
    there.tag(debian11.id, repository, version)
    # Of its own: what another test has brought into that engine's store is not fetched again.
    tiny_wheel(tmp_path / "wheels", "aleph", requires=["beth"], padding=100_000)
    tiny_wheel(tmp_path / "wheels", "beth")
    with PackageIndex(tmp_path / "wheels", host=remote_engine.gateway) as index:
        user = User(tmp_path / "user", index.url, "aleph", environment=remote_engine.environment)
        built = user.build("--verbose")
    verified = user.run("verify", str(user.bundle), "--rehearse")
    volumes = {volume["Name"] for volume in there.volumes()["Volumes"]}
    there.close()

    assert built.code == 0, built.output
    assert {seen.path for seen in index.seen if seen.path.endswith(".whl")} >= {
        f"/files/{name}-1.0-py3-none-any.whl" for name in ("aleph", "beth")
    }
    assert verified.code == 0, verified.output
    assert "2 installed" in verified.output or "2 packages installed" in verified.output
    assert volumes == {"parity-store"}
    for done in (built, verified):
        assert user.leftovers(done.pid) == []
        assert owned_by(done.pid) == []  # nor at this machine's own engine
