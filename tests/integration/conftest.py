"""Engines beside the machine's own, the command with a home of its own, and what many tests install."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Parity
from tests.support.index import PackageIndex, gateway
from tests.support.second_engine import SecondEngine, copy_image, second_engine

from parity.docker_engine import DockerEngine
from parity.model import PinnedImage

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_REMOTE, _DISPOSABLES = 20 * _WORKER + 1, range(20 * _WORKER + 2, 20 * _WORKER + 21)
"""Numbers of engines; those of several test processes must not meet."""


@pytest.fixture(scope="session")
def remote_engine(engine: DockerEngine, debian11: PinnedImage) -> Iterator[SecondEngine]:
    """An engine that shares no file system with us, over TCP; it has the Debian 11 image."""
    with second_engine(_REMOTE) as remote:
        there = remote.connect()
        copy_image(engine, there, debian11.id, "parity/debian11-py39:latest")
        there.close()
        yield remote


@pytest.fixture
def disposable_engine() -> Iterator[Callable[..., SecondEngine]]:
    """Makes engines that a test may kill: call it with `tls=True` for one behind TLS."""
    with ExitStack() as stack:
        numbers = iter(_DISPOSABLES)
        yield lambda tls=False: stack.enter_context(second_engine(next(numbers), tls=tls))


@pytest.fixture(scope="session")
def parity(tmp_path_factory: pytest.TempPathFactory) -> Parity:
    """The command; its home has a key of its own after the first build."""
    return Parity.with_uv(tmp_path_factory.mktemp("parity") / "home")


@pytest.fixture(scope="session")
def small(parity: Parity, debian11: PinnedImage, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A bundle of two real packages for Debian 11, as `parity build --json` tells of it."""
    folder = tmp_path_factory.mktemp("small")
    wanted = folder / "small.txt"
    wanted.write_text("requests\npyyaml\n")
    return parity.build("debian11-py39", folder, "-r", wanted).bundle


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PackageIndex]:
    """An index of made-up wheels (`index.wheels` is its folder) that containers can reach."""
    folder = tmp_path / "index"
    folder.mkdir()
    with PackageIndex(folder, host=gateway()) as found:
        yield found
