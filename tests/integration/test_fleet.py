"""Several engines for one call: two real ones, one of which is cut off in the middle of its build."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest
from tests.support.engine import IMAGES
from tests.support.faults import User, finish, owned_by
from tests.support.index import PackageIndex, gateway, tiny_wheel
from tests.support.second_engine import SecondEngine

from parity.images import image_tag
from parity.model import PinnedImage

pytestmark = pytest.mark.engine


@contextmanager
def user_with_index(folder: Path) -> Iterator[User]:
    tiny_wheel(folder / "wheels", "alpha", requires=["beta"], padding=100_000)
    tiny_wheel(folder / "wheels", "beta")
    with PackageIndex(folder / "wheels", host=gateway()) as index:
        yield User(folder / "user", index.url, "alpha", targets=["debian11-py39", "debian11-py39"])


def named_image(address: str, image: PinnedImage) -> None:
    there = docker.APIClient(address)
    repository, _, version = image_tag(IMAGES / "debian11-py39").partition(":")
    there.tag(image.id, repository, version)
    there.close()


def test_each_target_goes_to_an_engine_and_the_bundles_are_here(
    remote_engine: SecondEngine, debian11: PinnedImage, tmp_path: Path
) -> None:
    named_image(remote_engine.address, debian11)
    with user_with_index(tmp_path) as user:
        done = user.build("--on", "default", "--on", remote_engine.address, "--json")
    assert done.code == 0, done.output
    bundles = json.loads(done.stdout)["bundles"]
    assert sorted(each["engine"] for each in bundles) == sorted(["default", remote_engine.address])
    assert {Path(each["bundle"]).name for each in bundles} == {path.name for path in user.out.iterdir()}
    # What is written depends on neither engine: these profiles differ by name alone.
    assert len({each["image"]["pin"] for each in bundles}) == 1
    assert owned_by(done.pid) == []
    assert owned_by(done.pid, remote_engine.address) == []


def test_an_engine_that_dies_costs_what_ran_there_and_that_is_tried_on_another(
    doomed: SecondEngine, tmp_path: Path
) -> None:
    with user_with_index(tmp_path) as user:
        # The first target goes to the first engine, the second one to the other.
        process = user.start_build("--on", doomed.address, "--on", "default", "--json")
        assert process.stderr is not None
        said = ""
        while "p0: resolve" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        doomed.kill()
        done = finish(process, said=said)
    assert done.code == 0, done.output
    assert f"p0: warning: the engine {doomed.address} went away" in done.stderr
    assert [each["engine"] for each in json.loads(done.stdout)["bundles"]] == ["default", "default"]
    assert owned_by(done.pid) == []


def test_an_engine_that_does_not_answer_is_left_out_with_a_word(
    debian11: PinnedImage, tmp_path: Path
) -> None:
    with user_with_index(tmp_path) as user:
        done = user.build("--on", "tcp://127.0.0.1:9", "--on", "default", "--json")
        none = user.build("--on", "tcp://127.0.0.1:9", "--on", "no-such-context")
    assert done.code == 0, done.output
    assert "without the engine tcp://127.0.0.1:9" in done.stderr
    assert (none.code, none.error.split(":")[0]) == (20, "tcp")


def test_a_target_that_no_engine_serves_names_the_engines(debian11: PinnedImage, tmp_path: Path) -> None:
    with user_with_index(tmp_path) as user:
        done = user.build("--on", "default=aarch64")
    assert done.code == 83, done.output  # both targets
    assert "none of the engines serves x86_64: default" in done.stderr
