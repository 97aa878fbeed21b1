"""Twelve builds: one command after another, one command over two engines, and by a scheduler's workers.

Each is rehearsed anew (`--fresh`); profiles differ by name alone, so both engines get the same work. What a
build takes of an engine and of the caller is written down for `tests.bench.scale`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.ours import Ours
from tests.bench.place import PROFILE, ROOT, MeasurementFailed, Place, Ran
from tests.bench.scale import RECORDED, Recorded
from tests.support.scheduler import workers
from tests.support.second_engine import SecondEngine, copy_image, second_engine

from parity.images import image_tag

COUNT = 12
_PACKAGES = ("requests", "pyyaml")
_AT_ONCE = 2


def twelve_builds(place: Place, ours: Ours) -> dict[str, float]:
    """Seconds of each way.

    Raises:
        MeasurementFailed: a build failed.
    """
    profiles = _profiles(place.fresh("twelve"))
    with second_engine() as second:
        _same_image(place, second)
        apart = [_build(ours, [each], []) for each in profiles]
        once = _build(ours, profiles, ["--on", "default", "--on", second.address])
        with _scheduler(place, ours, second) as address:
            by_scheduler = _build(ours, profiles, ["--scheduler", address])
    _record(apart, once, by_scheduler)
    return {
        "twelve-apart": sum(each.seconds for each in apart),
        "twelve-on": once.seconds,
        "twelve-scheduler": by_scheduler.seconds,
    }


def _profiles(folder: Path) -> list[Path]:
    paths = [folder / f"t{number:02}.yaml" for number in range(COUNT)]
    for path in paths:
        path.write_text(f"extends: {PROFILE}\ninstall: {{requirements: [{', '.join(_PACKAGES)}]}}\n")
    return paths


def _build(ours: Ours, profiles: Sequence[Path], more: Sequence[str]) -> Ran:
    out = profiles[0].parent / "dist"
    ran = ours.run("build", *profiles, *more, "--fresh", "--json", "-o", out, "--progress", "quiet")
    if len(_bundles(ran)) != len(profiles):
        raise MeasurementFailed("a bundle is missing")
    return ran


def _bundles(ran: Ran) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ran.output)["bundles"]
    return found


def _same_image(place: Place, second: SecondEngine) -> None:
    """The image under the name by which a build looks for it: it would be bootstrapped there otherwise."""
    there = second.connect()
    try:
        copy_image(place.engine, there, place.image.id, image_tag(ROOT / "images" / PROFILE))
    finally:
        there.close()


@contextmanager
def _scheduler(place: Place, ours: Ours, second: SecondEngine) -> Iterator[str]:
    home = ours.command("")[1]
    kept = {key: value for key, value in os.environ.items() if key.startswith(("PIP_", "SSL_", "HOME"))}
    engines = {"first": {**kept, **home}, "second": {**kept, **home, **second.environment}}
    with workers(place.fresh("workers") / "all", engines, at_once=_AT_ONCE) as started:
        yield started.address


def _record(apart: Sequence[Ran], once: Ran, by_scheduler: Ran) -> None:
    """What one build takes of an engine while nobody else builds, and of the caller's processor."""
    alone = sum(_bundles(each)[0]["seconds"]["total"] for each in apart) / COUNT
    on, scheduler = (each.cpu_seconds / COUNT for each in (once, by_scheduler))
    recorded = Recorded(round(alone, 3), round(on, 3), round(scheduler, 3))
    RECORDED.write_text(recorded.text())
