"""Podman 5 of Debian's sid, rootful."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reach.engines.cargo import carry_images
from tests.reach.engines.podmans import bridge_kept, podman
from tests.reach.row import Row
from tests.reach.suite import engine_rows

TITLE = "the engine's tests on Podman 5, rootful"


def run() -> Iterator[Row]:
    """A row for each story."""
    with podman("podman 5 rootful", 3, "sid") as engine:
        carry_images(engine)
        with bridge_kept(engine):
            yield from engine_rows(engine)
