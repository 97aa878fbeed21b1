"""Resolving inside the real image, with the real uv, against an index on this machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import pytest
from tests.support.index import PackageIndex, gateway, tiny_wheel
from tests.support.recorder import Recorder
from tests.support.sources import make_sdist
from tests.support.targets import DEBIAN11, inputs_for
from tests.support.workshops import Shop, shop

from parity.docker_engine import DockerEngine
from parity.errors import IndexFailed, InputFileError, NoWheel, ParityError, Unresolvable
from parity.fetch import fetch_wheels
from parity.model import Lock, PinnedImage
from parity.model.network import HostNetwork
from parity.progress import Silent
from parity.resolve import ResolveInputs, asking, parse_lock, resolve_lock, write_lock
from parity.resolve.asking import GuestUv

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
    ("fault", "ends"),
    [
        ({"status": 403}, (IndexFailed, "403", "credentials")),
        ({"status": 404}, (Unresolvable, "not found", "")),
        ({"status": 429}, (IndexFailed, "429", "slow down")),
        ({"status": 500}, (IndexFailed, "500", "")),
        ({"body": b"<html><body>Welcome</body></html>"}, (Unresolvable, "app", "")),
        (
            {"body": b"\x00garbage", "headers": {"Content-Type": "image/png"}},
            (IndexFailed, "package index", "simple"),
        ),
        ({"cut_after": 10}, (IndexFailed, "does not answer", "")),
    ],
)
def test_an_index_that_fails_is_said(
    room: Shop,
    index: PackageIndex,
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, Any],
    ends: tuple[type[ParityError], str, str],
) -> None:
    kind, said, remedy = ends
    monkeypatch.setattr(asking, "RETRIES", 1)
    index.fail("/simple/app/", **fault)
    with pytest.raises(kind, match=said) as caught:
        resolve(room, index, inputs_for("app"), upgrade=True)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "times": 2, "headers": {"Retry-After": "0"}},
        {"status": 500, "times": 1},
        {"cut_after": 20, "times": 1},
    ],
    ids=["429 twice", "500 once", "cut once"],
)
def test_an_index_that_recovers_is_asked_again(
    room: Shop, index: PackageIndex, fault: dict[str, Any]
) -> None:
    index.fail("/simple/app/", **fault)
    lock = resolve(room, index, inputs_for("app"), upgrade=True)
    assert versions(lock) == {"app": "1.0", "backport": "1.0", "lib": "1.0"}


def test_an_index_that_is_not_there_is_said(
    room: Shop, index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "RETRIES", 0)
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


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What lacks wheels, in every way: sources alone, a newer source, another system, and who wants them."""
    folder = tmp_path_factory.mktemp("mixed")
    ran = "raise SystemExit('I ran')"
    make_sdist(folder, "only_source", "0.4.5", ran)
    make_sdist(folder, "deep", "1.0", ran, **{"deep.egg-info/requires__txt": "only-source\n"})
    make_sdist(folder, "newer", "2.0", ran)
    tiny_wheel(folder, "newer", "1.0")
    tiny_wheel(folder, "app", "1.0", requires=["only-source", "deep"])
    tiny_wheel(folder, "modern", "3.4")
    tiny_wheel(folder, "modern", "6.2.1", requires=["only-source"])
    tiny_wheel(folder, "asks", "1.0", requires=["modern"])
    tiny_wheel(folder, "windows", "308", tag="cp39-cp39-win_amd64")
    tiny_wheel(folder, "wants-windows", "1.0", requires=["windows"])
    tiny_wheel(folder, "plain", "1.0")
    tiny_wheel(folder, "plain", "2.0", tag="cp39-cp39-win_amd64")
    tiny_wheel(folder, "wants-new-plain", "1.0", requires=["plain>=2"])
    return folder


@pytest.fixture
def mixed_index(mixed: Path) -> Iterator[PackageIndex]:
    with PackageIndex(mixed, host=gateway()) as index:
        yield index


def refused(room: Shop, index: PackageIndex, *lines: str) -> NoWheel:
    with pytest.raises(NoWheel) as caught:
        resolve(room, index, inputs_for(*lines))
    return caught.value


def test_everything_without_a_wheel_is_named_at_once_with_who_wants_it(
    room: Shop, mixed_index: PackageIndex
) -> None:
    error = refused(room, mixed_index, "app", "only-source; python_version < '3.12'")
    assert "2 packages" in error.message
    assert "deep 1.0, wanted by app; only-source 0.4.5" in error.message
    assert "build-from-source: auto" in error.remedy
    assert "--build-from-source auto" in error.remedy
    error = refused(room, mixed_index, "only-source==0.4.5; python_version < '3.12'")
    assert (error.where, error.message[:17]) == ("only-source", "only-source 0.4.5")
    assert "only-source 0.4.5, wanted by deep" in refused(room, mixed_index, "deep").message


def test_with_auto_sources_are_chosen_where_no_wheel_fits_and_none_of_their_code_runs(
    room: Shop, mixed_index: PackageIndex
) -> None:
    lock = resolve(room, mixed_index, replace(inputs_for("app", "newer", "plain", "asks"), auto=True))
    files = {wheel.name: wheel.filename for wheel in lock.wheels}
    assert files == {
        "app": "app-1.0-py3-none-any.whl",
        "asks": "asks-1.0-py3-none-any.whl",
        "deep": "deep-1.0.tar.gz",
        "modern": "modern-6.2.1-py3-none-any.whl",
        "newer": "newer-2.0.tar.gz",
        "only-source": "only_source-0.4.5.tar.gz",
        "plain": "plain-1.0-py3-none-any.whl",
    }
    assert all(wheel.url.startswith(mixed_index.root + "/files/") for wheel in lock.wheels)


@pytest.mark.long
def test_what_has_neither_wheel_nor_source_is_not_told_to_be_built(
    room: Shop, mixed_index: PackageIndex
) -> None:
    error = refused(room, mixed_index, "windows")
    assert 'windows; sys_platform == "win32"' in error.remedy
    assert "build-from-source" not in error.remedy
    assert versions(resolve(room, mixed_index, inputs_for("plain", 'windows; sys_platform == "win32"')))
    error = refused(room, mixed_index, "wants-windows")
    assert (error.where, "wanted by wants-windows" in error.message) == ("windows", True)
    assert "another version of wants-windows" in error.remedy
    error = refused(room, mixed_index, "wants-new-plain")
    assert "plain==" not in error.remedy, "what wants it would not take that version"
    with pytest.raises(NoWheel):
        resolve(room, mixed_index, replace(inputs_for("windows"), auto=True))


def test_a_conflict_is_no_missing_wheel(room: Shop, mixed_index: PackageIndex) -> None:
    for auto in (False, True):
        with pytest.raises(Unresolvable, match="modern"):
            resolve(room, mixed_index, replace(inputs_for("modern<4", "modern>5", "plain"), auto=auto))


def test_sources_are_had_with_a_login_that_is_told_nowhere(room: Shop, mixed: Path) -> None:
    with PackageIndex(mixed, host=gateway(), login=LOGIN) as index:
        lock = resolve(room, index, replace(inputs_for("newer", "deep"), auto=True))
    assert versions(lock) == {"deep": "1.0", "newer": "2.0", "only-source": "0.4.5"}
    assert "canary" not in write_lock(lock)


def thorough(room: Shop, index: PackageIndex, inputs: ResolveInputs, existing: Lock | None = None) -> Lock:
    network = HostNetwork(index_url=index.url)
    return resolve_lock(room.guest(network, Silent()), inputs, existing, thorough=True)


def test_what_wheels_alone_hold_back_is_told(room: Shop, mixed_index: PackageIndex) -> None:
    lock = thorough(room, mixed_index, inputs_for("asks", "newer"))
    assert versions(lock)["modern"] == "3.4"
    newer, modern = lock.held_back
    assert newer.startswith("newer is 1.0 here, not 2.0: of that there is a source distribution only")
    assert modern.startswith("modern is 3.4 here, not 6.2.1: that needs only-source, which has no wheel")
    assert "build-from-source: auto" in modern
    assert thorough(room, mixed_index, inputs_for("modern<4", "plain")).held_back == ()
    again = thorough(room, mixed_index, inputs_for("asks", "newer", "plain"), lock)
    assert again.held_back == lock.held_back
    taken = thorough(room, mixed_index, replace(inputs_for("asks", "newer"), auto=True), lock)
    assert (versions(taken)["modern"], versions(taken)["newer"], taken.held_back) == ("6.2.1", "2.0", ())
    before = thorough(room, mixed_index, inputs_for("plain"))
    assert thorough(room, mixed_index, inputs_for("plain", "newer"), before).held_back == (newer,)


def test_where_nothing_is_held_back_nothing_is_asked_again(
    room: Shop, index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    compile_ = GuestUv.compile

    def counted(self: GuestUv, requirements: str, **more: Any) -> Any:
        asked.append(more.get("offer", ""))
        return compile_(self, requirements, **more)

    monkeypatch.setattr(GuestUv, "compile", counted)
    assert thorough(room, index, inputs_for("app", "lib")).held_back == ()
    assert asked == [""]


def test_an_extra_that_is_not_there_and_a_yanked_release_are_told(
    room: Shop, mixed: Path, mixed_index: PackageIndex
) -> None:
    page = mixed_index.page("plain") or b""
    yanked = page.replace(b'">plain', b'" data-yanked="it eats &quot;files&quot;">plain')
    mixed_index.fail("/simple/plain/", body=yanked)
    lock = thorough(room, mixed_index, inputs_for("newer[scks]", "plain==1.0"))
    assert lock.notes == (
        "newer has no extra named scks, so it brings nothing",
        'plain 1.0 was yanked by its authors: it eats "files"',
    )
    assert parse_lock(write_lock(lock), "x") == lock


def test_one_hash_demands_one_for_all_that_is_installed(
    room: Shop, index: PackageIndex, wheels: Path
) -> None:
    def hashed(name: str) -> str:
        data = (wheels / f"{name}-1.0-py3-none-any.whl").read_bytes()
        return f"{name}==1.0 --hash=sha256:{hashlib.sha256(data).hexdigest()}"

    with pytest.raises(InputFileError, match="no hash for backport, lib, where test has one: pip"):
        resolve(room, index, inputs_for(hashed("app")))
    assert len(resolve(room, index, inputs_for(*map(hashed, ("app", "backport", "lib")))).wheels) == 3


@pytest.mark.parametrize("auto", [False, True], ids=["wheels", "auto"])
@pytest.mark.parametrize("told", [False, True], ids=["metadata", "page"])
def test_a_release_for_a_newer_python_says_which(
    room: Shop, index: PackageIndex, auto: bool, told: bool
) -> None:
    if told:
        index.marks["modern-2.0-py3-none-any.whl"] = 'data-requires-python="&gt;=3.12"'
    asked = "modern==2.0" if told else "modern>=2"
    with pytest.raises(Unresolvable) as caught:
        resolve(room, index, replace(inputs_for(asked), auto=auto), upgrade=True)
    assert caught.value.message.startswith("modern 2.0 is for Python >=3.12, the target has 3.9")
    assert "modern==1.0" in caught.value.remedy
