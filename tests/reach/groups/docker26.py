"""Docker 26, of Debian's trixie."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reach.engines.cargo import carry_images
from tests.reach.engines.dockers import docker
from tests.reach.row import Row
from tests.reach.suite import engine_rows

TITLE = "the engine's tests on Docker 26"


def run() -> Iterator[Row]:
    """A row for each story."""
    with docker("docker 26", "trixie") as engine:
        carry_images(engine)
        yield from engine_rows(engine)
