"""Hostile git repositories, fetched and laid out by parity's own code; odd ones that must pass."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.attack.outcome import Outcome
from tests.support.repositories import GOOD, HOSTILE, PROGRAMS, Case, Scene, files_of

from parity.errors import ParityError
from parity.host.git import Git

TITLE = "git repositories that mean harm: names, links, submodules, addresses, bombs, the user's programs"
_PATIENCE = 20.0
"""Seconds in which each must have ended."""


def run(scale: float) -> Iterator[Outcome]:
    """Every one of them; `scale` below 1 takes fewer."""
    every = max(1, round(1 / scale)) if scale else 1
    for case in [*HOSTILE[::every], *PROGRAMS, *GOOD]:
        # git itself looks at what it fetches in most ways, so parity's own judge is tried without that too.
        for fetched in (False, True):
            with tempfile.TemporaryDirectory(prefix="parity-attack-") as folder:
                yield attempt(case, Scene(Path(folder)), fetched=fetched)


def attempt(case: Case, scene: Scene, *, fetched: bool) -> Outcome:
    """One repository, its way from address to files; `fetched`: it is in the cache before."""
    url, asked = case.make(scene)
    if fetched:
        scene.fill_cache()
    begin = time.monotonic()
    try:
        found = laid_out(scene, url, asked)
        ended, right = f"{len(found)} files", case.expected is not None and _same(found, case.expected)
    except ParityError as error:
        ended, right = f"refused ({error.exit_code}): {error.message}", case.expected is None
    except Exception as error:  # noqa: BLE001 - an ending that the table must tell
        ended, right = f"a fault: {type(error).__name__}: {error}", False
    strays = scene.strays()
    slow = time.monotonic() - begin > _PATIENCE
    if strays or slow:
        ended += f"; written elsewhere: {strays}" if strays else "; too slow"
    name = f"{case.name}, fetched before" if fetched else case.name
    return Outcome(case.kind, name, right and not strays and not slow, ended)


def laid_out(scene: Scene, url: str, asked: str) -> dict[str, str]:
    """What a checkout of it holds."""
    ours = Git(scene.folder / "cache", {"HOME": str(scene.home)})
    with ours.checkout(url, ours.resolve(url, asked)) as folder:
        return files_of(folder)


def _same(found: dict[str, str], expected: dict[str, str]) -> bool:
    """A value of `*` stands for any text."""
    return found.keys() == expected.keys() and all(
        expected[name] in ("*", text) for name, text in found.items()
    )
