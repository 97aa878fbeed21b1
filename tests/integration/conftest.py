"""Engines beside the machine's own, the command with a home of its own, and what many tests install."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Parity
from tests.support.engine import IMAGES, forget_dead_groups
from tests.support.index import PackageIndex, gateway
from tests.support.once import one_at_a_time
from tests.support.second_engine import SecondEngine, copy_image, second_engine

from parity.docker_engine import DockerEngine
from parity.images import image_tag
from parity.model import PinnedImage


@pytest.fixture(autouse=True)
def quick_machine() -> Iterator[None]:
    """After each test, let the kernel forget what ended containers left."""
    yield
    forget_dead_groups()


@pytest.fixture(scope="session")
def remote_engine(engine: DockerEngine, debian11: PinnedImage) -> Iterator[SecondEngine]:
    """An engine that shares no file system with us, over TCP; it has the Debian 11 image."""
    with second_engine() as remote:
        there = remote.connect()
        copy_image(engine, there, debian11.id, "parity/debian11-py39:latest")
        there.close()
        yield remote


@pytest.fixture
def disposable_engine() -> Iterator[Callable[..., SecondEngine]]:
    """Makes engines that a test may kill: call it with `tls=True` for one behind TLS."""
    with ExitStack() as stack:
        yield lambda tls=False: stack.enter_context(second_engine(tls=tls))


@pytest.fixture
def doomed(
    engine: DockerEngine, debian11: PinnedImage, disposable_engine: Callable[..., SecondEngine]
) -> SecondEngine:
    """An engine with the Debian 11 image, to be killed."""
    there: SecondEngine = disposable_engine()
    client = there.connect()
    copy_image(engine, client, debian11.id, image_tag(IMAGES / "debian11-py39"))
    client.close()
    return there


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run share; hold its lock to change it."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "common"


@pytest.fixture(scope="session")
def parity(common: Path, tmp_path_factory: pytest.TempPathFactory) -> Parity:
    """The command; its home has a key already, the same one in all processes of this run."""
    with one_at_a_time(common):
        if not (common / "home").exists():
            made = Parity.with_uv(common / "home").run("keygen")
            assert made.code == 0, made.stderr
        home = shutil.copytree(common / "home", tmp_path_factory.mktemp("parity") / "home", symlinks=True)
    return Parity(home)


@pytest.fixture(scope="session")
def small(
    common: Path, parity: Parity, debian11: PinnedImage, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """A bundle of two real packages for Debian 11, as `parity build --json` tells of it.

    One process builds it, the others copy it: a test may build into the folder that it lies in.
    """
    first, folder = common / "small", tmp_path_factory.mktemp("small")
    with one_at_a_time(common):
        if not (first / "told.json").exists():
            first.mkdir()
            (first / "small.txt").write_text("requests\npyyaml\n")
            told = Parity(common / "home").build("debian11-py39", first, "-r", first / "small.txt").bundle
            (first / "told.json").write_text(json.dumps(told))
        shutil.copytree(first, folder, dirs_exist_ok=True)
    found: dict[str, Any] = json.loads((folder / "told.json").read_text().replace(str(first), str(folder)))
    return found


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PackageIndex]:
    """An index of made-up wheels (`index.wheels` is its folder) that containers can reach."""
    folder = tmp_path / "index"
    folder.mkdir()
    with PackageIndex(folder, host=gateway()) as found:
        yield found
