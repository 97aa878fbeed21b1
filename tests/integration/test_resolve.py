"""Resolving inside the real image, with the real uv, against an index on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest
from tests.support.index import PackageIndex, gateway, tiny_wheel
from tests.support.recorder import Recorder
from tests.support.targets import DEBIAN11, inputs_for
from tests.support.workshops import Shop, shop

from parity.docker_engine import DockerEngine
from parity.errors import IndexFailed, NoWheel, ParityError, Unresolvable
from parity.fetch import fetch_wheels
from parity.model import Lock, PinnedImage
from parity.model.network import HostNetwork
from parity.progress import Silent
from parity.resolve import ResolveInputs, resolve_lock, stage, write_lock

pytestmark = pytest.mark.engine
LOGIN = ("canary-user", "canary-pass-9f2")


@pytest.fixture(scope="module")
def room(engine: DockerEngine, debian11: PinnedImage) -> Iterator[Shop]:
    with shop(engine, debian11.id, uv=True) as room:
        yield room


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    tiny_wheel(
        folder,
        "app",
        requires=["lib>=1", "backport; python_version < '3.10'", "fresh; python_version >= '3.10'"],
    )
    tiny_wheel(folder, "lib", "1.0")
    tiny_wheel(folder, "backport")
    tiny_wheel(folder, "fresh")
    for version, tag in (("1.0", "py3-none-any"), ("2.0", "cp39-cp39-manylinux_2_17_x86_64")):
        tiny_wheel(folder, "native", version, tag=tag)
    tiny_wheel(folder, "native", "3.0", tag="cp39-cp39-manylinux_2_36_x86_64")
    tiny_wheel(folder, "native", "4.0", tag="cp312-cp312-win_amd64")
    tiny_wheel(folder, "windows", tag="cp39-cp39-win_amd64")
    tiny_wheel(folder, "modern", "1.0")
    tiny_wheel(folder, "modern", "2.0", requires_python=">=3.12")
    return folder


@pytest.fixture
def index(wheels: Path) -> Iterator[PackageIndex]:
    with PackageIndex(wheels, host=gateway()) as index:
        yield index


def resolve(
    room: Shop,
    index: PackageIndex,
    inputs: ResolveInputs,
    existing: Lock | None = None,
    *,
    upgrade: bool = False,
) -> Lock:
    network = HostNetwork(index_url=index.url, index_login=index.login)
    return resolve_lock(room.guest(network, Silent()), inputs, existing, upgrade=upgrade)


def versions(lock: Lock) -> dict[str, str]:
    return {wheel.name: wheel.version for wheel in lock.wheels}


def test_it_resolves_for_the_images_python(room: Shop, index: PackageIndex) -> None:
    lock = resolve(room, index, inputs_for("app", "native"))
    assert versions(lock) == {"app": "1.0", "backport": "1.0", "lib": "1.0", "native": "2.0"}
    assert [wheel.name for wheel in lock.wheels if wheel.requested] == ["app", "native"]
    assert all(wheel.index == index.url for wheel in lock.wheels)


def test_each_wheel_of_a_new_lock_is_asked_for_once(room: Shop, wheels: Path) -> None:
    tiny_wheel(wheels, "once", requires=["lib[x]>=1"])
    with PackageIndex(wheels, host=gateway()) as index:  # at a port that uv's cache does not know
        lock = resolve(room, index, inputs_for("once", "native"))
        asked = [seen.path for seen in index.seen if "/files/" in seen.path]
    assert versions(lock) == {"lib": "1.0", "native": "2.0", "once": "1.0"}
    assert asked.count("/files/once-1.0-py3-none-any.whl") == 1
    assert len(asked) == len(set(asked))


def test_a_plain_rebuild_keeps_versions_and_an_upgrade_does_not(
    room: Shop, index: PackageIndex, wheels: Path
) -> None:
    before = resolve(room, index, inputs_for("app"))
    newer = tiny_wheel(wheels, "lib", "1.5")
    try:
        assert versions(resolve(room, index, inputs_for("app", "native"), before))["lib"] == "1.0"
        assert versions(resolve(room, index, inputs_for("app"), before, upgrade=True))["lib"] == "1.5"
    finally:
        newer.unlink()


def test_constraints_bind(room: Shop, index: PackageIndex) -> None:
    assert versions(resolve(room, index, inputs_for("native", constraints=("native<2",)))) == {
        "native": "1.0"
    }


@pytest.mark.parametrize(
    ("requirement", "named", "fitting"),
    [
        ("native==4.0", "native", "2.0, 1.0"),
        ("native>2.5", "native", "2.0, 1.0"),
        ("modern>=2", "modern", "1.0"),
        ("windows", "windows", "no version"),
    ],
)
def test_a_package_without_a_fitting_wheel_is_named_with_versions_that_have_one(
    room: Shop, index: PackageIndex, requirement: str, named: str, fitting: str
) -> None:
    with pytest.raises(NoWheel) as caught:
        resolve(room, index, inputs_for(requirement))
    assert caught.value.where == named
    assert fitting in caught.value.message
    assert named in caught.value.remedy


def test_a_target_that_accepts_fewer_tags_than_the_image_is_respected(
    room: Shop, index: PackageIndex
) -> None:
    pure = tuple(tag for tag in DEBIAN11.tags if tag.endswith("-any"))
    with pytest.raises(NoWheel, match=r"native 2\.0.*: 1\.0"):
        resolve(room, index, inputs_for("native==2.0", tags=pure))
    lock = resolve(room, index, inputs_for("native", tags=pure))
    assert [wheel.version for wheel in lock.wheels if wheel.name == "native"] == ["1.0"]


def test_a_conflict_and_an_unknown_package_are_explained(room: Shop, index: PackageIndex) -> None:
    with pytest.raises(Unresolvable, match="lib"):
        resolve(room, index, inputs_for("app", "lib<1"))
    with pytest.raises(Unresolvable, match="nowhere"):
        resolve(room, index, inputs_for("nowhere"))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"status": 403}, "403"),
        ({"status": 404}, "not found"),
        ({"status": 429}, "429"),
        ({"status": 500}, "500"),
        ({"body": b"\x00garbage", "headers": {"Content-Type": "image/png"}}, "package index"),
        ({"cut_after": 10}, "does not answer"),
    ],
)
def test_an_index_that_fails_is_said(
    room: Shop, index: PackageIndex, monkeypatch: pytest.MonkeyPatch, fault: dict[str, object], said: str
) -> None:
    monkeypatch.setattr(stage, "RETRIES", 1)
    index.fail("/simple/app/", **fault)
    with pytest.raises(ParityError, match=said) as caught:
        resolve(room, index, inputs_for("app"), upgrade=True)
    assert isinstance(caught.value, Unresolvable if said == "not found" else IndexFailed)


def test_an_index_that_is_not_there_is_said(
    room: Shop, index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "RETRIES", 0)
    for url in (
        f"http://{gateway()}:1/simple/",
        "http://nohost.invalid/simple/",
        index.url.replace("http:", "https:"),
    ):
        with pytest.raises(IndexFailed) as caught:
            resolve_lock(room.guest(HostNetwork(index_url=url)), inputs_for("app"), None)
        assert caught.value.where.startswith(url)


def test_facts_of_another_python_than_the_images_are_noticed(room: Shop, index: PackageIndex) -> None:
    older = {**DEBIAN11.markers, "python_full_version": "3.8.1", "python_version": "3.8"}
    other = replace(DEBIAN11, python="3.8.1", markers=older)
    with pytest.raises(IndexFailed, match=r"3\.8\.1"):
        resolve(room, index, inputs_for("lib", facts=other))


def test_credentials_are_used_and_stay_nowhere(
    engine: DockerEngine, debian11: PinnedImage, wheels: Path
) -> None:
    reporter = Recorder()
    with (
        PackageIndex(wheels, host=gateway(), login=LOGIN) as index,
        shop(engine, debian11.id, uv=True) as room,
    ):
        network = HostNetwork(index_url=index.url, index_login=LOGIN)
        wrong = HostNetwork(index_url=index.url, index_login=("canary-user", "canary-pass-wrong"))
        with pytest.raises(IndexFailed, match="401") as caught:
            resolve_lock(room.guest(wrong, reporter), inputs_for("app"), None)
        lock = resolve_lock(room.guest(network, reporter), inputs_for("app"), None)
        wheel_set = fetch_wheels(room.guest(network, reporter), lock.wheels)
        client = docker.APIClient(engine.info().address)
        configuration = json.dumps(client.inspect_container(room.container.id))
        client.close()
        search = ["grep", "-rlaE", "canary-|Y2FuYXJ5", "/store", "/tmp", "/root", "/parity", "/etc"]
        left = room.container.exec(search)
    assert len(wheel_set.wheels) == 3
    assert left.stdout == b""
    told = [
        write_lock(lock),
        repr(wheel_set),
        repr(network),
        configuration,
        *reporter.lines,
        repr(vars(caught.value)),
    ]
    assert not [text for text in told if "canary-pass" in text or "Y2FuYXJ5" in text]
