"""Docker 28 with the containerd image store, which Docker 29 has by default."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reach.engines.cargo import carry_images
from tests.reach.engines.dockers import docker
from tests.reach.row import Row
from tests.reach.suite import engine_rows

TITLE = "the engine's tests on Docker 28 with the containerd image store"


def run() -> Iterator[Row]:
    """A row for each story."""
    with docker("docker 28 containerd store", "sid", "--feature=containerd-snapshotter=true") as engine:
        carry_images(engine)
        yield from engine_rows(engine)
