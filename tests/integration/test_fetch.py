"""Fetching inside the real image into a real volume."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.index import PackageIndex, gateway, tiny_wheel
from tests.support.recorder import Recorder
from tests.support.workshops import Shop, shop

from parity.docker_engine import DockerEngine
from parity.errors import FetchFailed, HashMismatch, IndexFailed, ParityError
from parity.fetch import fetch_wheels, prune_store, set_digest, store_info
from parity.model import Lock, LockedWheel, PinnedImage
from parity.model.network import HostNetwork

pytestmark = pytest.mark.engine
NETWORK = HostNetwork()


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    for name in ("alpha", "beta"):
        tiny_wheel(folder, name, padding=300_000)
    return folder


@pytest.fixture
def index(wheels: Path) -> Iterator[PackageIndex]:
    with PackageIndex(wheels, host=gateway()) as index:
        yield index


def lock_of(index: PackageIndex) -> Lock:
    wheels = tuple(
        LockedWheel(
            name=path.name.split("-")[0],
            version="1.0",
            filename=path.name,
            url=f"{index.root}/files/{path.name}",
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            size=None,
            requested=True,
        )
        for path in sorted(index.wheels.iterdir())
    )
    return Lock(wheels, "==3.9.*", "f" * 64, "uv")


def test_the_store_fills_heals_and_empties(
    engine: DockerEngine, debian11: PinnedImage, index: PackageIndex, recorder: Recorder
) -> None:
    lock = lock_of(index)
    with shop(engine, debian11.id) as room:
        first = fetch_wheels(room.guest(NETWORK, recorder), lock.wheels)
        assert first.folder == f"/store/sets/{set_digest([wheel.download for wheel in lock.wheels])}"
        assert (first.fetched, first.fetched_bytes) == (2, first.total_bytes)
        assert any(line.startswith("advance") and line.endswith("2 of 2 wheels") for line in recorder.lines)
        room.container.exec(["sh", "-c", f"echo x >> {first.folder}/alpha-1.0-py3-none-any.whl"])
        second = fetch_wheels(room.guest(NETWORK, recorder), lock.wheels)
        assert second.fetched == 1
        assert any("alpha" in line for line in recorder.lines if line.startswith("warn"))
        listed = room.container.exec(["sh", "-c", f"cd {first.folder} && sha256sum *"], user="65534:65534")
        assert listed.stdout.decode().split()[::2] == [wheel.sha256 for wheel in lock.wheels]
        assert store_info(room.guest()).wheels == 2
        assert prune_store(room.guest(), days=1).wheels == 0
        assert prune_store(room.guest(), days=0).wheels == 2
        assert store_info(room.guest()).bytes == 0


def test_a_full_store_is_said(
    engine: DockerEngine, debian11: PinnedImage, index: PackageIndex, recorder: Recorder
) -> None:
    with shop(engine, debian11.id, store_size="400k") as room:
        with pytest.raises(FetchFailed, match="No space left") as caught:
            fetch_wheels(room.guest(NETWORK, recorder), lock_of(index).wheels)
        assert "cache prune" in caught.value.remedy


@pytest.fixture(scope="module")
def room(engine: DockerEngine, debian11: PinnedImage) -> Iterator[Shop]:
    with shop(engine, debian11.id) as found:
        yield found


@pytest.mark.parametrize(
    ("fault", "ends"),
    [
        ({"status": 404}, (FetchFailed, "404 Not Found", "--upgrade")),
        ({"status": 401}, (IndexFailed, "401", "netrc")),
        ({"status": 429}, (IndexFailed, "429", "slow down")),
        ({"status": 500}, (FetchFailed, "500", "")),
        ({"flip": True}, (HashMismatch, "SHA-256", "other bytes")),
        ({"body": b"<html><body>Welcome</body></html>"}, (HashMismatch, "SHA-256", "")),
        ({"cut_after": 0}, (FetchFailed, "broke", "again")),
    ],
    ids=["404", "401", "429", "500", "other bytes", "a page instead", "always cut"],
)
def test_failures_are_named_with_file_address_and_remedy(
    room: Shop,
    index: PackageIndex,
    recorder: Recorder,
    fault: dict[str, Any],
    ends: tuple[type[ParityError], str, str],
) -> None:
    kind, said, remedy = ends
    lock = lock_of(index)
    index.fail("alpha-1.0-py3-none-any.whl", **fault)
    with pytest.raises(kind, match=said) as caught:
        fetch_wheels(room.guest(NETWORK, recorder), lock.wheels)
    assert remedy in caught.value.remedy
    assert "alpha" in caught.value.message
    if kind is FetchFailed:
        assert caught.value.where == lock.wheels[0].url


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 502, "times": 1},
        {"cut_after": 70_000, "length": False, "times": 1},
    ],
    ids=["502 once", "cut without a length"],
)
def test_what_fails_once_is_asked_for_again(
    room: Shop, index: PackageIndex, recorder: Recorder, fault: dict[str, Any]
) -> None:
    wheels = lock_of(index).wheels
    room.container.exec(["rm", "-rf", "/store/sha256", "/store/partial", "/store/sets"])
    index.fail("alpha-1.0-py3-none-any.whl", **fault)
    assert fetch_wheels(room.guest(NETWORK, recorder), wheels).fetched == len(wheels)
