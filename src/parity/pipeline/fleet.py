"""Several engines for the runs of one call.

Each run goes to an engine of its architecture, native before emulated; an engine that dies costs what ran
there, and that is tried on another.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from parity.engine import Engine
from parity.errors import (
    EngineLost,
    EngineUnavailable,
    Interrupted,
    NoEngineServes,
    OptionConflict,
    RootError,
)
from parity.images import is_native, known_archs, platform_of

Told = TypeVar("Told")

AT_ONCE = 4
"""Runs that one engine does side by side."""
_UNFIT = 3
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+/@%\[\]-]{0,300}", re.ASCII)
_REMEDY = "--on CONTEXT, --on tcp://HOST:2376, or either with =ARCH,ARCH behind"


def read_engines(words: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """The engines by name, and the architectures (`uname -m`) that each was said to serve.

    Raises:
        OptionConflict: a word that is none, an architecture that is not known, an engine named twice.
    """
    found: dict[str, frozenset[str]] = {}
    for word in words:
        name, _, archs = word.partition("=")
        if not _NAME.fullmatch(name) or (not archs and word != name):
            raise OptionConflict(f"--on {word!r} names no engine", remedy=_REMEDY)
        if name in found:
            raise OptionConflict(f"--on names {name} twice", remedy=_REMEDY)
        serves = frozenset(archs.split(",")) if archs else frozenset()
        if unknown := sorted(serves - known_archs()):
            remedy = f"as `uname -m` says it: {', '.join(sorted(known_archs()))}"
            raise OptionConflict(f"--on {word}: {unknown[0]!r} is no architecture", remedy=remedy)
        found[name] = serves
    return found


@dataclass(frozen=True)
class FleetEngine:
    """One of them.

    Attributes:
        name: as the call names it.
        engine: itself.
        platform: that its processor runs by itself, such as `linux/amd64`.
        serves: architectures (`uname -m`) that it was said to serve; empty where nobody said.
    """

    name: str
    engine: Engine
    platform: str
    serves: frozenset[str] = frozenset()

    def fitness(self, arch: str) -> int:
        """0 for its own architecture, 1 for one that it was said to serve, 2 for one that it may emulate."""
        if self.serves and arch not in self.serves:
            return _UNFIT
        if is_native(platform_of(arch), self.platform):
            return 0
        return 1 if self.serves else 2


class Fleet:
    """The engines of one call; safe to share by threads."""

    def __init__(self, engines: Sequence[FleetEngine]) -> None:
        self._engines = tuple(engines)
        self._free = threading.Condition()
        self._busy: Counter[str] = Counter()
        self._lost: set[str] = set()
        self._stopped = False

    def __len__(self) -> int:
        return len(self._engines)

    @property
    def at_once(self) -> int:
        """Runs side by side, on all of them together."""
        return AT_ONCE * len(self._engines)

    @contextmanager
    def place(self, arch: str) -> Iterator[FleetEngine]:
        """An engine that fits best, once one of those has room: the one that does least.

        Raises:
            NoEngineServes: none that lives can run such programs.
            Interrupted: `interrupt` was called.
        """
        with self._free:
            # Chosen and counted under one lock: two runs would take the last room otherwise.
            while not (open_now := self._open(arch)):
                self._free.wait()
            chosen = min(open_now, key=lambda each: self._busy[each.name])
            self._busy[chosen.name] += 1
        try:
            yield chosen
        finally:
            with self._free:
                self._busy[chosen.name] -= 1
                self._free.notify_all()

    def _open(self, arch: str) -> list[FleetEngine]:
        """Those that fit best and have room; an emulating engine does not stand in for a native, busy one."""
        if self._stopped:
            raise Interrupted("interrupted")
        best = self._fitting(arch)
        if not best:
            names = ", ".join(each.name for each in self._engines if each.name not in self._lost)
            raise NoEngineServes(f"none of the engines serves {arch}: {names or 'all of them went away'}")
        # Nobody else is asked while the best are busy: emulation takes ten times as long.
        return [each for each in best if self._busy[each.name] < AT_ONCE]

    def _fitting(self, arch: str) -> list[FleetEngine]:
        alive = [each for each in self._engines if each.name not in self._lost]
        least = min((each.fitness(arch) for each in alive), default=_UNFIT)
        return [each for each in alive if each.fitness(arch) == least < _UNFIT]

    def went_away(self, place: FleetEngine, arch: str) -> bool:
        """Whether this engine does not answer any more and another one fits: nothing more goes there then."""
        # The engine is asked itself: what a dying one raises depends on what it was doing.
        try:
            place.engine.info()
        except (EngineLost, EngineUnavailable):
            with self._free:
                self._lost.add(place.name)
                self._free.notify_all()
                return bool(self._fitting(arch))
        return False

    def interrupt(self) -> None:
        """End this call's containers on each engine and start no more; whoever waits for room wakes up."""
        with self._free:
            self._stopped = True
            self._free.notify_all()
        for each in self._engines:
            # A dead one has nothing left to end, and the others must hear of it all the same.
            with suppress(EngineLost, EngineUnavailable):
                each.engine.interrupt()


def anywhere(
    fleet: Fleet,
    arch: str,
    story: Callable[[FleetEngine], Told],
    moved: Callable[[FleetEngine, RootError], None],
) -> Told:
    """Tell a story on one engine after another, until it is told or failed on one that lives.

    Args:
        fleet: where.
        arch: of the target.
        story: told with the engine that was chosen.
        moved: hears which engine went away, and what the story said then.

    Raises:
        NoEngineServes: no engine can run such programs.
        RootError: the story's own.
    """
    while True:
        # It ends: each round but the last one loses an engine.
        with fleet.place(arch) as place:
            try:
                return story(place)
            except RootError as error:
                if error.ends_the_command or not fleet.went_away(place, arch):
                    raise
                moved(place, error)
