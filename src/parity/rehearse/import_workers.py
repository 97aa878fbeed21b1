"""The imports: two workers, each a user of its own; each requested package in a process of its own.

What came along is imported together in one process, since a process for each takes twice the time: any of
these can speak for the others of them, and what is said of them is a warning at most.

What a worker says is said by parity's code, out of the packages' reach (see `parity.guest.tasks.imports`).
A package can end its worker; then that is what is told of it, and the others go on in a new one.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from parity.engine.events import Event
from parity.engine.guests import GuestFailed
from parity.errors import ParityError, RehearsalFailed
from parity.rehearse import users
from parity.rehearse.room import EMPTY, Room, bare, environment
from parity.rehearse.threads import Alarm, BackgroundCall
from parity.wire.rehearsing import ImportAnswer, ImportsBegin, ImportsJob, ImportsTried, Nothing
from parity.wire.shapes import Malformed, read
from parity.wire.tasks import IMPORTS, LEAVE

_WORKERS = 2
_TIMEOUT = 120  # seconds for one process of imports
_PATIENCE = 20  # seconds more until its worker must have said how it ended

Tell = Callable[[int, int, str], None]


def _silent(_done: int, _total: int, _what: str) -> None:
    """Nobody listens."""


class Package(NamedTuple):
    """A package to be imported; `weight` is how many files it may load: the heaviest go first.

    `members` are the packages that it stands for, where several are imported together.
    """

    name: str
    modules: tuple[str, ...]
    weight: int
    members: tuple[Package, ...] = ()


def together(packages: Sequence[Package]) -> Package:
    """Several packages as one, to be imported in one process."""
    modules = {module for each in packages for module in each.modules}
    return Package("", tuple(sorted(modules)), sum(each.weight for each in packages), tuple(packages))


class ImportWorkers:
    """The imports of one rehearsal.

    Args:
        room: where.
        prefix: the new environment.
        site_packages: its folder of packages.
        service: the name of `parity.guest.environment.service`'s socket there.
        hidden: whether a worker can keep its packages out (see `confinement.alone.hide`); where it cannot,
            each package gets a user of its own.
        tell: hears how many packages of how many were tried.
    """

    def __init__(
        self, room: Room, prefix: str, site_packages: str, service: str, *, hidden: bool, tell: Tell = _silent
    ) -> None:
        self._room = room
        self._prefix = prefix
        self._site_packages = site_packages
        self._service = service
        self._hidden = hidden
        self._tell = tell
        self._total = 0
        self._users = itertools.cycle(users.IMPORTERS)
        self._again = False
        self._suspects: set[int] = set()
        self._lock = threading.Lock()
        self._answers: dict[int, Mapping[str, ImportAnswer]] = {}
        self.told: dict[tuple[str, str], ImportAnswer] = {}
        """The latest answer for each package and module."""

    def run(
        self, packages: Sequence[Package], *, again: bool = False
    ) -> Iterator[tuple[str, str, ImportAnswer]]:
        """Package, module, and `error`, `at` and `text` of each import, sorted.

        Args:
            packages: what is imported; a module may be `module:object` (entry points specification).
            again: whether this is not the first such run. Then the service has no tickets any more, and
                what the profile says of the environment holds.
        """
        heavy = sorted(packages, key=lambda each: -each.weight)
        self._again, self._suspects, self._answers = again, set(), {}
        self._total = sum(len(each.members) or 1 for each in heavy)
        for worker in [BackgroundCall(action) for action in self._begun(heavy)]:
            worker.result()
        while left := [number for number in range(len(heavy)) if number not in self._answers]:
            before = len(self._answers), len(self._suspects)
            suspects = [number for number in left if number in self._suspects]
            self._worker(heavy, left if self._hidden and not suspects else (suspects or left)[:1])
            if before == (len(self._answers), len(self._suspects)):
                raise RehearsalFailed("the rehearsal broke off: a process of imports ended without a word")
        told = sorted(self._told(heavy), key=lambda row: row[:2])
        self.told.update({(name, module): answer for name, module, answer in told})
        yield from told

    def _begun(self, packages: list[Package]) -> list[Callable[[], None]]:
        """What the workers do side by side; what they leave over is for `run`."""
        count = len(packages)
        if not self._hidden or count < _WORKERS:
            numbers = itertools.count()
            return [partial(self._one_by_one, packages, numbers)] * _WORKERS
        if not self._again:
            return [partial(self._worker, packages, range(count), tickets=True)] * _WORKERS
        return [partial(self._worker, packages, range(first, count, _WORKERS)) for first in range(_WORKERS)]

    def _told(self, packages: Sequence[Package]) -> Iterator[tuple[str, str, ImportAnswer]]:
        for number, package in enumerate(packages):
            answers = self._answers[number]
            for each in package.members or (package,):
                for module in each.modules if answers else ():
                    yield each.name, module, answers[module]

    def _one_by_one(self, packages: list[Package], numbers: Iterator[int]) -> None:
        while True:
            with self._lock:
                number = next(numbers)
            if number >= len(packages):
                return
            self._worker(packages, [number])

    def _worker(self, packages: list[Package], numbers: Sequence[int], *, tickets: bool = False) -> None:
        """Import these packages, as one more user; if one ends the worker, that is its answer."""
        begun: list[int] = []

        def hear(event: Event) -> None:
            alarm.again()
            if event["event"] == "begin":
                begun.append(_number(read(ImportsBegin, event, "its beginning")["package"], numbers))
            elif event["event"] == "tried":
                tried = read(ImportsTried, event, "its answers")
                number = _number(tried["package"], numbers)
                self._take(number, _answers(tried["answers"], packages[number]))
                self._count(packages)

        with self._lock:
            user = next(self._users)
        asked = [packages[number] for number in numbers]
        alarm = Alarm(self._seconds + _PATIENCE, partial(self._end, user))
        try:
            self._room.ask(IMPORTS, self._job(asked, tickets), user, on_event=hear, python=self._python)
        except GuestFailed as failed:
            self._judge(packages, numbers, begun, failed)
            alarm.cancel()
            self._room.end_leftovers(user)
            nothing: Nothing = {}
            self._room.ask(LEAVE, nothing, user)
        finally:
            alarm.cancel()

    def _judge(
        self, packages: list[Package], numbers: Sequence[int], begun: Sequence[int], failed: GuestFailed
    ) -> None:
        """A worker broke off. Who was alone in it did it; else it may have been another."""
        if len(numbers) == 1:
            package = packages[numbers[0]]
            self._take(numbers[0], {} if package.members else _crash(package, failed))
            packages += package.members  # each gets its own turn
            return
        with self._lock:
            self._suspects.add(begun[-1] if begun else numbers[0])

    @property
    def _seconds(self) -> int:
        return min(self._room.plan.timeout, _TIMEOUT)

    def _end(self, user: int) -> None:
        """End a worker that one of its packages stopped (SIGSTOP, say): all that its user runs."""
        with suppress(ParityError, TimeoutError):
            self._room.end_all(user)

    def _take(self, number: int, answers: Mapping[str, ImportAnswer]) -> None:
        with self._lock:
            self._answers.setdefault(number, answers)

    def _count(self, packages: Sequence[Package]) -> None:
        with self._lock:
            # A group that broke off has no answers; each of its members has a turn of its own.
            done = sum(len(packages[number].members) or 1 for number, found in self._answers.items() if found)
            self._tell(min(done, self._total), self._total, "packages imported")

    def _job(self, packages: Sequence[Package], tickets: bool) -> ImportsJob:
        return {
            "packages": [(each.name, list(each.modules)) for each in packages],
            "service": self._service,
            "tickets": tickets,
            "site_packages": self._site_packages,
            "environment": {**self._words, **(dict(self._room.plan.environment) if self._again else {})},
            "folder": EMPTY,
            "timeout": self._seconds,
            "alone": True,
        }

    @property
    def _python(self) -> list[str]:
        return [*bare(self._words), f"{self._prefix}/bin/python"]

    @property
    def _words(self) -> dict[str, str]:
        return environment(self._prefix, "/tmp", "/tmp")  # noqa: S108 - inside the container


def _number(place: int, numbers: Sequence[int]) -> int:
    if not 0 <= place < len(numbers):
        raise Malformed("a package that was not asked for")
    return numbers[place]


def _answers(told: Sequence[ImportAnswer], package: Package) -> dict[str, ImportAnswer]:
    rows = {row["module"]: row for row in told}
    if set(rows) != set(package.modules):
        raise Malformed("answers for other modules than were asked for")
    return rows


def _crash(package: Package, failed: GuestFailed) -> dict[str, ImportAnswer]:
    ending = f"exit code {failed.exit_code}" if failed.exit_code else failed.last_line
    error = f"Crash: the import ended the processes around it ({ending})"
    return {
        module: {"module": module, "error": error, "at": "", "text": "", "wants": "", "missing": ""}
        for module in package.modules
    }
