"""One thing that the rehearsal tries: how it is done in the container, judged, and told in the proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar, cast

from parity.errors import RehearsalFailed
from parity.model import RehearsalPlan
from parity.rehearse.import_workers import ImportWorkers
from parity.rehearse.native import NativeRules
from parity.rehearse.room import Carried, Room
from parity.wire import shapes
from parity.wire.rehearsing import EnvironmentFound, EnvironmentResult, Seen

R = TypeVar("R")
S = TypeVar("S")


@dataclass(frozen=True)
class EnvironmentReader(Generic[R]):
    """A module of `parity.guest.readers`, asked of the environment's files beside the imports.

    Attributes:
        name: the module's.
        result: the shape of what it finds.
        words: what its job tells it besides the packages that were asked for.
    """

    name: str
    result: type[R]
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class NewEnvironment:
    """The new environment, as a check finds it.

    Attributes:
        room: where it is; each check asks there as a user whom nobody before it could reach.
        carried: what it was installed from.
        bundle: the folder that the installer read.
        prefix, site_packages: the environment's folders.
        options: what the installer was given besides the prefix.
        found: what `parity.guest.tasks.environment` found there.
        workers: where package code is imported.
        reading: gives what that task and its readers found in the end.
    """

    room: Room
    carried: Carried
    bundle: str
    prefix: str
    site_packages: str
    options: list[str]
    found: EnvironmentFound
    workers: ImportWorkers
    reading: Callable[[], EnvironmentResult]

    def read(self, reader: EnvironmentReader[R]) -> R:
        """What a reader found; waits for it.

        Raises:
            RehearsalFailed: it said what has another shape.
        """
        try:
            return shapes.read(reader.result, self.reading()["read"].get(reader.name), reader.name)
        except shapes.Malformed as error:
            raise RehearsalFailed(f"the rehearsal broke off: {error}") from None


@dataclass(frozen=True)
class Case:
    """What a judgement may look at besides what its own check saw: all that was seen, and by which rules."""

    seen: Seen
    plan: RehearsalPlan
    rules: NativeRules


@dataclass(frozen=True)
class CheckVerdict:
    """What a check has to say of a bundle.

    Attributes:
        document: what it adds to proof.json: no clock, host or duration, and the same for the same bundle.
        reasons: why the bundle is not proved; empty where this check has nothing against it.
        headline: the error's first line where no check before this one has one.
        libraries: sonames whose absence is among the reasons: what provides them is the remedy.
        remedy: what else can be done about the reasons.
        warnings: what people should know all the same.
    """

    document: Mapping[str, object] = field(default_factory=dict)
    reasons: Sequence[str] = ()
    headline: str = ""
    libraries: frozenset[str] = frozenset()
    remedy: str = ""
    warnings: Sequence[str] = ()


def when_due(run: Callable[[NewEnvironment], S]) -> Callable[[NewEnvironment], Callable[[], S]]:
    """Does all of it when it is the check's turn."""
    return lambda installed: partial(run, installed)


@dataclass(frozen=True)
class Check(Generic[S]):
    """A check; `parity.rehearse.checks` lists them, and nothing else does.

    Attributes:
        name: what it saw is kept under, and how long it took.
        step: what the user is told while it runs.
        kind: the shape of what it sees, as `parity.wire.shapes` reads it.
        begin: called as soon as the environment is known; what it gives back is called when it is the
            check's turn, after the checks before it, and gives what was seen. See `when_due`.
        judge: what follows of what was seen. Pure.
        reader: what reads files for it, if anything does.
        wanted: whether it is done at all.
        failed: whether something went wrong of which want of memory may be the cause.
    """

    name: str
    step: str
    kind: type[S]
    begin: Callable[[NewEnvironment], Callable[[], S]]
    judge: Callable[[S, Case], CheckVerdict]
    reader: EnvironmentReader[Any] | None = None
    wanted: Callable[[NewEnvironment], bool] = lambda _: True
    failed: Callable[[S], bool] = lambda _: False

    def of(self, seen: Seen) -> S | None:
        """What this check saw; None where it was not done."""
        return cast("S | None", seen.get("checks", {}).get(self.name))

    def verdict(self, case: Case) -> CheckVerdict:
        """The judgement of what was seen; nothing where it was not done."""
        found = self.of(case.seen)
        return CheckVerdict() if found is None else self.judge(found, case)

    def went_wrong(self, seen: Seen) -> bool:
        """See `failed`."""
        found = self.of(seen)
        return found is not None and self.failed(found)
