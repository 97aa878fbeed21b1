"""A hostile index against the real workshop: what it leaves behind must not reach another build."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.hostile_index import HostileIndex, body, drip, endless, head, page, raw
from tests.support.index import PackageIndex, gateway, tiny_wheel
from tests.support.targets import inputs_for
from tests.support.workshops import Shop, shop

from parity.docker_engine import DockerEngine
from parity.errors import FetchFailed, IndexFailed, ParityError
from parity.fetch import fetch_wheels
from parity.model import Lock, PinnedImage
from parity.model.network import HostNetwork
from parity.progress import Silent
from parity.resolve import ResolveInputs, asking, resolve_lock

pytestmark = pytest.mark.engine


@pytest.fixture
def hostile() -> Iterator[HostileIndex]:
    with HostileIndex(gateway()) as index:
        yield index


def resolve(room: Shop, url: str, inputs: ResolveInputs | None = None) -> Lock:
    network = HostNetwork(index_url=url)
    return resolve_lock(room.guest(network, Silent()), inputs or inputs_for("demo"), None)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def listed(name: str, index: HostileIndex, wheel: Path) -> Mapping[str, Any]:
    """A file as a page names it."""
    return {"filename": name, "url": f"{index.root}/{name}", "hashes": {"sha256": digest(wheel)}}


def said(room: Shop, command: str) -> list[str]:
    return room.container.exec(["sh", "-c", command]).stdout.decode().split()


def test_what_one_index_wrote_is_not_believed_of_another(
    engine: DockerEngine, debian11: PinnedImage, hostile: HostileIndex, tmp_path: Path
) -> None:
    """The attack that worked: a digest that leads into uv's cache, filled with a page of the attacker's."""
    good = tiny_wheel(tmp_path / "good", "demo")
    evil = tiny_wheel(tmp_path / "evil", "demo", padding=64)
    with PackageIndex(evil.parent, host=gateway()) as index:
        with shop(engine, debian11.id, uv=True) as room:  # the attacker makes the page as uv keeps it
            forged = index.page("demo") or b""
            index.fail("/simple/demo/", body=forged, headers={"Cache-Control": "max-age=600000"})
            assert resolve(room, index.url).wheels[0].sha256 == digest(evil)
            (kept,) = said(room, "cd /store && find uv-cache -path '*simple*' -name 'demo*.rkyv'")
            poison = base64.b64decode("".join(said(room, f"base64 /store/{kept}")))
        index.heal()
        index.wheels = good.parent  # the same address, the honest index
        with shop(engine, debian11.id, uv=True) as room:
            assert resolve(room, index.url).wheels[0].sha256 == digest(good)
            target = {"filename": good.name, "url": f"{hostile.root}/x", "hashes": {"sha256": f"../{kept}"}}
            hostile.at("/simple/demo/", page([target]))
            hostile.at("/x", raw(head(Content_Length=str(len(poison) + 9)), poison))
            with pytest.raises(ParityError):
                resolve(room, hostile.url)
            assert resolve(room, index.url).wheels[0].sha256 == digest(good)
            assert len(said(room, "ls /store/uv-cache")) == 2  # a place for each index
            assert not said(room, "find /store/partial -type f -size +0")


def test_a_page_without_an_end_ends_the_build_in_little_memory(
    engine: DockerEngine, debian11: PinnedImage, hostile: HostileIndex
) -> None:
    hostile.at("/simple/demo/", endless(head(Content_Type="text/html"), b" " * 1024 * 1024))
    with shop(engine, debian11.id, uv=True, memory=512 * 1024**2) as room:
        with pytest.raises(IndexFailed, match=r"its page of demo: .*larger than"):
            resolve(room, hostile.url)
        # Where nothing is guessed uv itself reads it, and the workshop's memory is the bound.
        with pytest.raises(FetchFailed, match="ran out of memory") as caught:
            resolve(room, hostile.url, replace(inputs_for("demo"), exclude_newer="2030-01-01"))
        assert "memory" in caught.value.remedy
        assert said(room, "echo alive") == ["alive"]


def test_a_page_that_drips_does_not_take_the_workshop_with_it(
    engine: DockerEngine, debian11: PinnedImage, hostile: HostileIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_GUESSING_SECONDS", 3.0)
    hostile.at("/simple/demo/", drip(head(Content_Type="text/html"), b" ", 0.2))
    network = HostNetwork(index_url=hostile.url)
    with shop(engine, debian11.id, uv=True) as room:
        with pytest.raises(IndexFailed, match="longer than 5s") as caught:
            resolve_lock(room.guest(network, Silent()), inputs_for("demo"), None, timeout=5)
        assert "resolving" in caught.value.remedy
        assert said(room, "echo alive") == ["alive"]


def test_metadata_that_lies_is_not_what_is_resolved_from(
    engine: DockerEngine, debian11: PinnedImage, hostile: HostileIndex, tmp_path: Path
) -> None:
    """The wheel's own words count, read from bytes that were hashed."""
    wheel = tiny_wheel(tmp_path, "demo", requires=["lib"])
    lib = tiny_wheel(tmp_path, "lib")
    for path, more in ((wheel, {"core-metadata": True}), (lib, {})):
        name = path.name.split("-")[0]
        file = {
            "filename": path.name,
            "url": f"{hostile.root}/{path.name}",
            "hashes": {"sha256": digest(path)},
        }
        hostile.at(f"/simple/{name}/", page([{**file, **more}], name=name))
        hostile.at(f"/{path.name}", body(path.read_bytes(), "application/octet-stream"))
    hostile.at(f"/{wheel.name}.metadata", body(b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"))
    with shop(engine, debian11.id, uv=True) as room:
        lock = resolve(room, hostile.url)
        assert [each.name for each in lock.wheels] == ["demo", "lib"]
        network = HostNetwork(index_url=hostile.url)
        assert fetch_wheels(room.guest(network, Silent()), lock.wheels).wheels


@pytest.mark.parametrize("builds", [(1, 2), (9, 10), (10, 9)])
def test_the_highest_build_number_is_the_one(
    engine: DockerEngine,
    debian11: PinnedImage,
    hostile: HostileIndex,
    tmp_path: Path,
    builds: tuple[int, ...],
) -> None:
    files = []
    for build in builds:
        wheel = tiny_wheel(tmp_path / str(build), "demo", padding=build)
        name = wheel.name.replace("1.0-", f"1.0-{build}-")
        hostile.at(f"/{name}", body(wheel.read_bytes(), "application/octet-stream"))
        files.append(listed(name, hostile, wheel))
    hostile.at("/simple/demo/", page(files))
    with shop(engine, debian11.id, uv=True) as room:
        (chosen,) = resolve(room, hostile.url).wheels
        assert chosen.filename == f"demo-1.0-{max(builds)}-py3-none-any.whl"
        assert len(said(room, "find /store/sha256 -type f")) == 1  # the guess took the same one
