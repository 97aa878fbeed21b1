"""The real engine with an image of the tests, for campaigns that need both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.engine import IMAGES
from tests.support.recorder import Recorder

from parity.docker_engine import DockerEngine, connect
from parity.host.folders import cache_folder
from parity.host.processes import ThisMachine
from parity.images import ImageMaker, ensure_image
from parity.model import ImageSource, PinnedImage


@contextmanager
def debian11() -> Iterator[tuple[DockerEngine, PinnedImage]]:
    """The engine that this machine is set up for, and Debian 11; made where it is not there."""
    with _image("debian11-py39") as found:
        yield found


@contextmanager
def debian12() -> Iterator[tuple[DockerEngine, PinnedImage]]:
    """The same engine and Debian 12."""
    with _image("debian12-py311") as found:
        yield found


@contextmanager
def debian12_ruby() -> Iterator[tuple[DockerEngine, PinnedImage]]:
    """The same engine and Debian 12 with its Ruby."""
    with _image("debian12-py311-ruby31") as found:
        yield found


@contextmanager
def _image(name: str) -> Iterator[tuple[DockerEngine, PinnedImage]]:
    engine = connect()
    try:
        machine = ThisMachine(cache_folder() / "bootstrap", {})
        source = ImageSource(folder=IMAGES / name)
        yield engine, ensure_image(source, "x86_64", ImageMaker(engine, machine, Recorder()))
    finally:
        engine.settle()
        engine.close()
