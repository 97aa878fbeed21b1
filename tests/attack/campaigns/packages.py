"""Signed sources of system packages that lie to the workshop, and packages whose scripts attack."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress

from tests.attack.engines import debian11, debian12
from tests.attack.outcome import Outcome
from tests.attack.trial import scratch
from tests.support.hostile_debs import SCRIPTS, brought, installed, sources
from tests.support.hostile_rpms import LIES, TRUE, lie
from tests.support.inside import inside
from tests.support.rehearsals import facts_of
from tests.support.rpms import rpm_image
from tests.support.workshops import Shop, shop

from parity.errors import ParityError, SystemPackagesFailed
from parity.system import SystemWish, fetch_system

TITLE = "sources of system packages that lie, and packages that attack who installs them"


def run(scale: float) -> Iterator[Outcome]:
    """Each once, or so many of them as `scale` says."""
    step = max(1, round(1 / scale)) if scale < 1 else 1
    with scratch("packages") as folder, debian11() as (engine, image):
        for name, source in list(sources())[::step]:
            with shop(engine, image.id) as found:
                ended = _ended(lambda found=found, source=source: brought(found, source))  # type: ignore[misc]
                kept = inside(found.container, "ls /store/sha256").output
            yield Outcome("source", name, ended.startswith("refused") and kept == "", ended)
        facts = facts_of(engine, image)
        for name, (script, reason) in list(SCRIPTS.items())[::step]:
            place = folder / name
            os.mkdir(place)

            def attempt(place=place, script=script) -> None:  # type: ignore[no-untyped-def]
                with installed(engine, image, facts, place, script), suppress(ParityError):
                    pass

            ended = _ended(attempt)
            yield Outcome("script", name, ended.startswith("refused"), f"{ended}; {reason}")
    yield from _rpms(step)


def _rpms(step: int) -> Iterator[Outcome]:
    with debian12() as (engine, image):
        for program in ("dnf", "microdnf", "zypper"):
            for name, (asked, words) in list(LIES.items())[::step]:
                with shop(engine, rpm_image(engine, image, program).id) as found:
                    lie(found.container, program, *words)
                    ended = _ended(lambda found=found, asked=asked: _true(found, asked))  # type: ignore[misc]
                    kept = inside(found.container, "ls /store/sha256").output
                right = ended == "installed" or (ended.startswith("refused") and kept == "")
                yield Outcome(program, name, right, ended)


def _true(found: Shop, asked: str) -> None:
    """Fetch what was asked for; a fault where anything came that nobody signed under its own name."""
    packages, _ = fetch_system(found.guest(), SystemWish(names=(asked,)))
    came = {(each.name, each.version, each.arch) for each in packages.packages}
    if not came or came - TRUE or asked not in {name for name, _, _ in came}:
        raise ValueError(f"for {asked} came {came}")


def _ended(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except SystemPackagesFailed as error:
        return f"refused ({error.exit_code})"
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is the finding
        return f"fault: {fault!r}"[:300]
    return "installed"
