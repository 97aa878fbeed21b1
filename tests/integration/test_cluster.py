"""Builds by a real scheduler of dask: two workers, bound to two engines; dying, cancelled and lying ones."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.test_fleet import named_image
from tests.support.engine import ROOT, engine_words
from tests.support.faults import User, finish, owned_by, wait_for
from tests.support.index import PackageIndex, gateway, tiny_wheel
from tests.support.scheduler import Workers, builds_of, workers
from tests.support.second_engine import SecondEngine

from parity.model import PinnedImage

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    wheels = tmp_path_factory.mktemp("wheels")
    tiny_wheel(wheels, "alpha", requires=["beta"], padding=100_000)
    tiny_wheel(wheels, "beta")
    with PackageIndex(wheels, host=gateway()) as served:
        yield served.url


@pytest.fixture
def user(index: str, tmp_path: Path) -> User:
    return User(tmp_path / "user", index, "alpha", targets=["debian11-py39", "debian11-py39"])


def surroundings(folder: Path, index: str, **more: str) -> dict[str, str]:
    """What a worker has: a home and an index of its own, no key."""
    home = User(folder, index).environment
    kept = {key: home[key] for key in ("PIP_INDEX_URL", "PARITY_HOME", "HOME")}
    return {**kept, **engine_words(), **more}


@pytest.fixture(scope="module")
def cluster(
    index: str, remote_engine: SecondEngine, debian11: PinnedImage, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workers]:
    named_image(remote_engine.address, debian11)
    folder = tmp_path_factory.mktemp("cluster")
    engines = {
        "near": surroundings(folder / "home-near", index),
        "far": surroundings(folder / "home-far", index, DOCKER_HOST=remote_engine.address),
    }
    with workers(folder / "workers", engines) as started:
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
    assert not list(cluster.folder.parent.glob("home-*/parity/config/keys/*"))
    verified = user.run("verify", str(user.bundle))
    assert verified.code == 0, verified.output
    assert "p0: rehearse" in done.stderr
    assert builds_of(cluster.folder) == []
    assert folders_of_builds(cluster) == []
    # The lock that was written here gives the same bytes when they are built here.
    here = user.run("build", str(user.profiles[0]), "-o", str(user.out), "--json", "--locked")
    assert here.code == 0, here.output
    digests = {each["profile"]: each["payload_sha256"] for each in bundles}
    assert json.loads(here.stdout)["bundles"][0]["payload_sha256"] == digests["p0"]


def test_what_is_interrupted_or_loses_its_caller_leaves_nothing_at_the_workers(
    user: User, cluster: Workers, remote_engine: SecondEngine
) -> None:
    process = user.start_build("--scheduler", cluster.address, "--fresh")
    said = wait_for(process, "p1: resolve")
    builds = builds_of(cluster.folder)
    assert builds
    process.send_signal(signal.SIGINT)
    done = finish(process, said=said)
    assert done.code == 130, done.output
    # At once: the command waited for it.
    assert builds_of(cluster.folder) == []
    assert_nothing_left(cluster, builds, remote_engine)
    process = user.start_build("--scheduler", cluster.address, "--fresh")
    wait_for(process, "p0: resolve")
    builds = builds_of(cluster.folder)
    process.kill()
    finish(process)
    assert_nothing_left(cluster, builds, remote_engine)
    # The other worker may have been done before: its bundle is whole, or it is not there.
    for bundle in user.out.iterdir():
        verified = user.run("verify", str(bundle))
        assert verified.code == 0, verified.output


@pytest.mark.long
def test_an_engine_that_dies_under_its_worker_costs_what_ran_there(
    user: User, index: str, doomed: SecondEngine, tmp_path: Path
) -> None:
    engines = {
        "doomed": surroundings(tmp_path / "doomed", index, DOCKER_HOST=doomed.address),
        "near": surroundings(tmp_path / "near", index),
    }
    with workers(tmp_path / "workers", engines) as started:
        process = user.start_build("--scheduler", started.address, "--json")
        said = wait_for(process, "worker doomed")
        run = said.splitlines()[-1].partition(":")[0]
        said += wait_for(process, f"{run}: resolve")
        doomed.kill()
        done = finish(process, said=said)
    assert done.code == 0, done.output
    assert "this is tried on another worker" in done.stderr
    assert {each["engine"] for each in json.loads(done.stdout)["bundles"]} == {"near"}


# What a report alone may say, tests/unit/test_elsewhere.py tries.
LIES = {
    "payload": "the worker's bundle is not the one it tells of",
    "installer": "the worker's bundle is not the one it tells of",
    "product": "the worker's bundle is not the one it tells of",
    "path": "what the worker tells cannot be",
}


@pytest.mark.long
def test_a_worker_that_lies_is_refused(user: User, index: str, debian11: PinnedImage, tmp_path: Path) -> None:
    code, lie = tmp_path / "liar", tmp_path / "lie"
    code.mkdir()
    (code / "sitecustomize.py").write_text("import tests.support.lying_worker\n")
    more = {"PYTHONPATH": f"{code}:{ROOT}/src:{ROOT}", "PARITY_TEST_LIE": str(lie)}
    with workers(tmp_path / "workers", {"liar": surroundings(tmp_path / "home", index, **more)}) as started:
        for name, words in LIES.items():
            lie.write_text(name)
            done = user.run(
                *("build", str(user.profiles[0]), "-o", str(user.out)), *("--scheduler", started.address)
            )
            assert (name, done.code) == (name, 27), done.output
            assert words in done.error, (name, done.error)
            assert list(user.out.iterdir()) == []
            assert not user.lock.exists()
            assert not list(tmp_path.rglob("*evil*"))
        lie.write_text("none")
        honest = user.run("build", str(user.profiles[0]), "-o", str(user.out), "--scheduler", started.address)
    assert honest.code == 0, honest.output


@pytest.mark.long
def test_a_file_names_the_engines_of_a_local_scheduler(
    user: User, remote_engine: SecondEngine, debian11: PinnedImage, tmp_path: Path
) -> None:
    named_image(remote_engine.address, debian11)
    file = tmp_path / "engines.yaml"
    file.write_text(
        "engines:\n"
        "  - {engine: default, serves: [x86_64], at-once: 1}\n"
        f"  - {{engine: '{remote_engine.address}', serves: [x86_64], at-once: 1}}\n"
    )
    done = user.build("--scheduler", str(file), "--json")
    assert done.code == 0, done.output
    bundles = json.loads(done.stdout)["bundles"]
    assert sorted(each["engine"] for each in bundles) == ["default", remote_engine.address]
    file.write_text("engines:\n  - {engine: default, serves: [aarch64]}\n")
    nobody = user.run("build", str(user.profiles[0]), "-o", str(user.out), "--scheduler", str(file))
    assert (nobody.code, nobody.error) == (25, "no worker of the scheduler serves x86_64")
    gone = user.run(
        *("build", str(user.profiles[0]), "-o", str(user.out)), *("--scheduler", "tcp://127.0.0.1:9")
    )
    assert gone.code == 26, gone.output


# The last one: it leaves one worker alone.
@pytest.mark.long
def test_a_worker_that_dies_takes_its_build_with_it_and_another_one_does_it(
    user: User, cluster: Workers, remote_engine: SecondEngine
) -> None:
    process = user.start_build("--scheduler", cluster.address, "--json", "--fresh")
    said = wait_for(process, "p0: resolve")
    name = re.findall("p0: engine: .*, worker (near|far)", said)[-1]
    worker, builds = cluster.worker(name), builds_of(cluster.folder / name)
    assert len(builds) == 1
    cluster.nannies[name].kill()
    os.kill(worker, signal.SIGKILL)
    done = finish(process, said=said)
    assert done.code == 0, done.output
    other = {"near": "far", "far": "near"}[name]
    assert f"p0: warning: the worker {name} went away" in done.stderr
    assert {each["engine"] for each in json.loads(done.stdout)["bundles"]} == {other}
    assert_nothing_left(cluster, builds, remote_engine)


def assert_nothing_left(cluster: Workers, builds: list[int], remote: SecondEngine) -> None:
    """No child, no container at either engine, no folder of a build; it may take a moment."""
    until = time.monotonic() + 45
    while left := [
        *builds_of(cluster.folder),
        *(owned for pid in builds for owned in (*owned_by(pid), *owned_by(pid, remote.address))),
        *folders_of_builds(cluster),
    ]:
        assert time.monotonic() < until, left
        time.sleep(0.2)


def folders_of_builds(cluster: Workers) -> list[str]:
    """What is left of builds in the workers' folders; walked, since a folder may go meanwhile."""
    return [
        f"{place}/{name}"
        for place, names, _ in os.walk(cluster.folder)
        for name in names
        if name.startswith("parity-")
    ]
