"""kill -9 of builds: bundle, lock and store are old or new, and a later build sweeps what was left."""

from __future__ import annotations

from collections.abc import Iterator

from tests.attack.engines import debian11
from tests.attack.outcome import Outcome
from tests.attack.trial import scratch
from tests.support.killed_builds import kill_builds

TITLE = "kill -9 of builds, four at once into one store"
KILLS, LEAST = 50, 12


def run(scale: float) -> Iterator[Outcome]:
    """So many builds; the first thing that is wrong with one of them ends it."""
    kills = max(LEAST, round(KILLS * scale))
    try:
        with debian11() as (engine, image), scratch("builds") as folder:
            left = kill_builds(engine, image, folder, kills)
    except AssertionError as wrong:
        yield Outcome("build", "one of them", False, str(wrong)[:300])
        return
    for number in range(kills):
        yield Outcome("build", str(number), True, "old or new")
    # Where nothing was ever left, they were killed at moments that show nothing.
    yield Outcome("swept", "what they left", bool(left), f"{len(left)} containers and volumes")
