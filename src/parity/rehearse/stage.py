"""The second, fresh container: what goes in, who does what there, what comes out."""

from __future__ import annotations

import queue
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from typing import TypeVar

from parity.engine import Engine
from parity.engine.diskwatch import DiskWatch
from parity.engine.events import Event
from parity.engine.guests import GuestFailed
from parity.errors import EngineRefused, NotIsolated, RehearsalFailed, RehearsalTimeout
from parity.model import Facts, PinnedImage, RehearsalPlan
from parity.progress import Reporter
from parity.rehearse import users
from parity.rehearse.check import NewEnvironment
from parity.rehearse.checks import CHECKS
from parity.rehearse.import_workers import ImportWorkers
from parity.rehearse.ready import ContainerNeeds, ReadyContainer, ready
from parity.rehearse.room import BUNDLE, CARRY, PIDS, Carried, Room, fits_memory
from parity.rehearse.threads import BackgroundCall
from parity.rehearse.trials import CHECKOUT
from parity.wire import shapes
from parity.wire.rehearsing import (
    EnvironmentFound,
    EnvironmentJob,
    EnvironmentResult,
    InstalledEvent,
    ReadJob,
    RehearseJob,
    Seen,
    StepEvent,
)
from parity.wire.tasks import ENVIRONMENT, REHEARSE

_STEPS = {"carry": "carrying the bundle in", "install": "installing with the bundle's own installer"}
_KILLED = 137  # 128 + SIGKILL

T = TypeVar("T")


def rehearse(
    engine: Engine,
    image: PinnedImage,
    facts: Facts,
    plan: RehearsalPlan,
    carried: Carried,
    reporter: Reporter,
    *,
    early: ReadyContainer | None = None,
) -> Seen:
    """Install a bundle in a fresh container without network and see whether it works.

    Args:
        engine: where.
        image: the target's, with its carried system packages.
        facts: of that image.
        plan: what is checked, and limits.
        carried: the bundle.
        reporter: hears of the steps.
        early: a container in which nothing was done yet; used where it suits.

    Returns:
        what was seen, for `judge` to turn into a proof.

    Raises:
        NotIsolated: the container was less cut off than it must be.
        RehearsalTimeout: the plan's time limit passed.
        RehearsalFailed: the rehearsal itself could not run.
    """
    needs = _needs(image, plan, carried)
    suits = early is not None and early.needs == needs
    with nullcontext(early) if early and suits else ready(engine, needs) as at:
        return _told(engine, at, facts, carried, reporter)


def _needs(image: PinnedImage, plan: RehearsalPlan, carried: Carried) -> ContainerNeeds:
    store = carried.wheels[0] if carried.wheels else None
    return ContainerNeeds(image, plan, store, fits_memory(plan, carried.wheel_bytes))


def _told(engine: Engine, at: ReadyContainer, facts: Facts, carried: Carried, reporter: Reporter) -> Seen:
    image, plan, in_memory = at.needs.image, at.needs.plan, at.needs.in_memory
    at.container.put(BUNDLE, carried.archive())
    if carried.checkout:
        at.container.put(CARRY, carried.checkout(CHECKOUT))
    room = Room(at.container, facts.executable, plan, in_memory)
    watch = DiskWatch(engine, image.id, image.platform, facts.executable, plan.disk)
    watched = carried.checkout and not in_memory
    try:
        with watch.of(at.container, at.volume) if watched else nullcontext():
            return _Story(room, image, carried, reporter).tell()
    except TimeoutError:
        raise RehearsalTimeout(f"the rehearsal did not end within {plan.timeout} s") from None
    except (GuestFailed, EngineRefused) as failed:
        if watch.over:
            raise _too_much(watch.over) from failed
        if isinstance(failed, EngineRefused):
            raise
        raise _died(failed, room) from failed


class _Story:
    """One rehearsal, part by part; each part is done by whom the one before it could not reach."""

    def __init__(self, room: Room, image: PinnedImage, carried: Carried, reporter: Reporter) -> None:
        self._room = room
        self._carried = carried
        self._reporter = reporter
        # The installer refuses a machine that the bundle is not for, which a stand-in is by intent.
        self._options = ["--allow-other-os"] if image.stand_in_for else []
        self._service = secrets.token_hex(16)
        self._seconds: dict[str, float] = {}

    def tell(self) -> Seen:
        room = self._room
        made = room.ask(REHEARSE, self._install_job(), users.OWNER, on_event=self._hear)
        _demand_isolation(made["isolation"])
        if "install" not in made:
            raise RehearsalFailed("the rehearsal broke off: nobody told how the installation ended")
        self._seconds.update(made["seconds"])
        seen: Seen = {
            "isolation": made["isolation"],
            "limits": made["limits"],
            "writable": made["writable"],
            "install": made["install"],
            "seconds": self._seconds,
            "memory_kills": 0,
        }
        if made["install"]["exit_code"] == 0:
            if "site_packages" not in made or "bundle" not in made:
                raise RehearsalFailed("the rehearsal broke off: nobody told where it was installed")
            self._try(seen, made["site_packages"], made["bundle"])
        if _something_failed(seen):
            seen["memory_kills"] = room.people(users.COMMANDS)["memory_kills"]
        return seen

    def _try(self, seen: Seen, site_packages: str, bundle: str) -> None:
        room = self._room
        found, reading = self._read(site_packages, bundle)
        seen["environment"] = [(each["name"], each["version"]) for each in found["distributions"]]
        prefix = f"{room.own('work')}/prefix/current"
        workers = ImportWorkers(
            room, prefix, site_packages, self._service, hidden=found["hidden"], tell=self._reporter.count
        )
        installed = NewEnvironment(
            room, self._carried, bundle, prefix, site_packages, self._options, found, workers, reading.result
        )
        begun = {check: check.begin(installed) for check in CHECKS if check.wanted(installed)}
        seen["checks"] = {}
        for check, finish in begun.items():
            self._reporter.note(check.step)
            seen["checks"][check.name] = self._timed(check.name, finish)
            reading.result()  # the linker is asked beside the imports, and done before any command runs
        read = reading.result()
        linker = read["linker"]
        seen["missing_libraries"] = linker["missing_libraries"]
        seen["missing_versions"] = linker["missing_versions"]
        seen["natives"] = linker["natives"]
        self._seconds["linker"] = read["seconds"]

    def _read(
        self, site_packages: str, bundle: str
    ) -> tuple[EnvironmentFound, BackgroundCall[EnvironmentResult]]:
        """What was installed, as soon as it is known; the linker is asked meanwhile."""
        heard: queue.SimpleQueue[EnvironmentFound | None] = queue.SimpleQueue()
        readers: dict[str, ReadJob] = {
            reader.name: {
                "site_packages": site_packages,
                "packages": sorted(self._carried.requested),
                "words": list(reader.words),
            }
            for reader in (check.reader for check in CHECKS)
            if reader is not None
        }
        job: EnvironmentJob = {"site_packages": site_packages, "bundle": bundle, "readers": readers}

        def hear(event: Event) -> None:
            heard.put(shapes.read(EnvironmentFound, event, "what was found"))

        def read() -> EnvironmentResult:
            try:
                return self._room.ask(ENVIRONMENT, job, users.JUDGE, on_event=hear)
            finally:
                heard.put(None)

        reading = BackgroundCall(read)
        found = heard.get()
        if found is None:
            reading.result()
            raise RehearsalFailed("the rehearsal broke off: nobody told what was installed")
        return found, reading

    def _install_job(self) -> RehearseJob:
        return {
            "bundle": BUNDLE,
            "wheels_from": self._carried.wheels[1] if self._carried.wheels else None,
            "work": self._room.own("work"),
            "python": self._room.python,
            "service": self._service,
            "timeout": self._room.plan.timeout,
            "alone": True,
            "memory": self._room.plan.memory,
            "pids": PIDS,
            "install_options": self._options,
        }

    def _timed(self, name: str, action: Callable[[], T]) -> T:
        begin = time.monotonic()
        value = action()
        self._seconds[name] = round(time.monotonic() - begin, 3)
        return value

    def _hear(self, event: Event) -> None:
        if event["event"] == "installed":
            told = shapes.read(InstalledEvent, event, "how far it is")
            self._reporter.count(told["done"], told["total"], "wheels installed")
            return
        self._reporter.note(_STEPS.get(shapes.read(StepEvent, event, "its step")["name"], ""))


def _something_failed(seen: Seen) -> bool:
    return seen["install"]["exit_code"] != 0 or any(check.went_wrong(seen) for check in CHECKS)


def _died(failed: GuestFailed, room: Room) -> RehearsalFailed | RehearsalTimeout:
    kills = 0
    with suppress(GuestFailed, EngineRefused, TimeoutError):
        kills = room.people(users.COMMANDS)["memory_kills"]
    if kills:
        return RehearsalTimeout(
            f"the rehearsal was killed: it needs more than {room.plan.memory >> 20} MiB of memory"
        )
    ending = "it was killed" if failed.exit_code == _KILLED else f"exit code {failed.exit_code}"
    return RehearsalFailed(
        f"the rehearsal broke off ({ending})", details=tuple(failed.stderr.splitlines()[-8:])
    )


def _too_much(over: str) -> RehearsalFailed:
    return RehearsalFailed(
        f"the rehearsal was ended: {over}",
        remedy="give it more room: `disk` under `rehearsal` in the profile",
    )


def _demand_isolation(seen: Mapping[str, bool]) -> None:
    broken = tuple(sorted(name for name, holds in seen.items() if not holds))
    if broken:
        raise NotIsolated(f"the rehearsal's container is not cut off: {', '.join(broken)} does not hold")
