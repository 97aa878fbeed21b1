"""Engines beside the machine's own: one far away, and ones that a test may kill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.support.second_engine import SecondEngine, copy_image, second_engine

from parity.docker_engine import DockerEngine
from parity.model import PinnedImage

_REMOTE, _FIRST_DISPOSABLE = 1, 2


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
        numbers = iter(range(_FIRST_DISPOSABLE, 250))
        yield lambda tls=False: stack.enter_context(second_engine(next(numbers), tls=tls))
