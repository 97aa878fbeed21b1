"""Podman of Debian 12, rootful."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reach.engines.cargo import carry_images
from tests.reach.engines.podmans import bridge_kept, podman
from tests.reach.row import Row
from tests.reach.suite import engine_rows

TITLE = "the engine's tests on Podman 4.3, rootful"


def run() -> Iterator[Row]:
    """A row for each story."""
    with podman("podman 4.3 rootful", 1, "bookworm") as engine:
        carry_images(engine)
        with bridge_kept(engine):
            yield from engine_rows(engine)
