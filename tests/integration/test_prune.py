"""`parity cache prune` beside builds that run: it waits, or leaves what is in use, and no build notices."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import pytest
from tests.support.engine import IMAGES, ROOT
from tests.support.faults import User, finish
from tests.support.index import PackageIndex, tiny_wheel
from tests.support.second_engine import SecondEngine

from parity.images import image_tag
from parity.model import PinnedImage

pytestmark = pytest.mark.engine
BUILDS, SECONDS = 2, 600


def tagged(engine: SecondEngine, image: PinnedImage) -> None:
    there = docker.APIClient(engine.address)
    repository, _, version = image_tag(IMAGES / "debian11-py39").partition(":")
    there.tag(image.id, repository, version)
    there.close()


@pytest.mark.long
def test_builds_and_prunes_at_once(
    remote_engine: SecondEngine, debian11: PinnedImage, tmp_path: Path
) -> None:
    tagged(remote_engine, debian11)
    tiny_wheel(tmp_path / "wheels", "alpha", requires=["beta"], padding=100_000)
    tiny_wheel(tmp_path / "wheels", "beta")
    done = threading.Event()
    with PackageIndex(tmp_path / "wheels", host=remote_engine.gateway) as index:
        environment = {**remote_engine.environment, "PYTHONPATH": str(ROOT / "src")}
        # The pruner has the home of one builder; who clears everything has one of his own, for uv is in it.
        here, there, clearing = (
            User(tmp_path / name, index.url, "alpha", environment=environment)
            for name in ("here", "there", "clearing")
        )

        def build(user: User, number: int) -> tuple[int, str]:
            lock = str(tmp_path / f"pylock.{number}.toml")
            built = finish(user.start_build("--fresh", "--upgrade", "--lock", lock), SECONDS)
            return built.code, built.output

        def prune() -> list[tuple[int, str]]:
            found = []
            for words in (("--days", "0"), ("--all",)) * 20:
                if done.is_set():
                    break
                pruner = clearing if "--all" in words else here
                pruned = finish(pruner.start("cache", "prune", *words), SECONDS)
                found.append((pruned.code, pruned.output))
            return found

        for user in (here, there):  # makes the key
            assert build(user, BUILDS)[0] == 0
        with ThreadPoolExecutor(3) as pool:
            pruning = pool.submit(prune)
            users = [(each, number) for number in range(BUILDS) for each in (here, there)]
            builds = [pool.submit(build, *each) for each in users]
            ended = [each.result() for each in builds]
            done.set()
            prunes = pruning.result()

    assert [code for code, _ in ended] == [0] * len(ended), [text for code, text in ended if code]
    assert [code for code, _ in prunes] == [0] * len(prunes), [text for code, text in prunes if code]
    assert len(prunes) >= 2
