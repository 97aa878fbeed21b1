"""Builds by a scheduler: which worker did what, what becomes of one that dies, and of Ctrl-C."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypedDict

from parity.cluster import PIECE, Cluster, InputsTar, Job, WorkerGone, packed
from parity.errors import (
    EngineLost,
    EngineUnavailable,
    Interrupted,
    NoEngineServes,
    ParityError,
    RootError,
    WorkerRefused,
)
from parity.pipeline.context.values import BuildReport, BuildRequest
from parity.pipeline.elsewhere.arriving import Arrival
from parity.pipeline.elsewhere.asking import AskedBuild, asked_text, demand_portable, needed_paths
from parity.pipeline.elsewhere.child import ASKED
from parity.pipeline.elsewhere.telling import retell
from parity.progress import Reporter
from parity.sign import SigningKey
from parity.wire.shapes import Malformed, read

AT_ONCE = 64
"""Builds that one call waits for side by side; how many run, the workers' resources say."""
_STOP: Mapping[str, object] = {"said": "stop"}
_MOVES = (EngineLost.__name__, EngineUnavailable.__name__)


class _Message(TypedDict, total=False):
    """What is heard of a build; `said` tells which of the others are there."""

    said: str
    run: str
    token: str
    worker: str
    name: str
    engine: str
    event: str
    last: str
    sizes: dict[str, int]
    status: str


class _ErrorSaid(TypedDict):
    kind: str
    message: str
    where: str
    remedy: str
    details: list[str]
    exit_code: int


class _Last(TypedDict, total=False):
    ended: str
    error: _ErrorSaid
    code: int
    stderr: str


@dataclass(frozen=True)
class _Moved:
    """A worker whose engine went away: another one may do it."""

    worker: str
    error: RootError


class Scheduled:
    """The builds of one call at a scheduler; safe to share by threads."""

    at_once = AT_ONCE

    def __init__(
        self, cluster: Cluster, signers: Sequence[SigningKey], *, fresh: bool, verbose: bool
    ) -> None:
        self._cluster = cluster
        self._signers = signers
        self._fresh, self._verbose = fresh, verbose
        self._jobs: set[Job] = set()
        self._lock = threading.Lock()
        self._stopped = False
        self.where: dict[str, str] = {}
        """On which worker each profile was built."""

    def told(self, request: BuildRequest, reporter: Reporter) -> BuildReport:
        """Build one bundle at a worker; it is checked and signed here.

        Raises:
            OptionConflict: it cannot be built elsewhere.
            NoEngineServes: no worker has its architecture among its resources.
            SchedulerUnavailable: the scheduler went away.
            WorkerRefused: what came is not what was asked for.
            RootError: the build's own.
        """
        demand_portable(request)
        text = asked_text(AskedBuild(request, self._fresh, self._verbose))
        with packed(needed_paths(request), {ASKED: text}) as parcel:
            avoid: frozenset[str] = frozenset()
            # It ends: each round but the last one loses a worker's engine.
            while isinstance(told := self._once(request, reporter, parcel, avoid), _Moved):
                avoid |= {told.worker}
                if not self._serving(request) - avoid:
                    raise told.error
                reporter.warn(f"{told.error}: this is tried on another worker")
            return told

    def interrupt(self) -> None:
        """End this call's builds wherever they are, and begin no more."""
        with self._lock:
            self._stopped = True
            for job in self._jobs:
                job.heard.put(_STOP)

    def _serving(self, request: BuildRequest) -> frozenset[str]:
        return self._cluster.workers(request.profile.target.arch)

    def _once(
        self, request: BuildRequest, reporter: Reporter, parcel: InputsTar, avoid: frozenset[str]
    ) -> BuildReport | _Moved:
        arch = request.profile.target.arch
        if not self._serving(request):
            raise NoEngineServes(
                f"no worker of the scheduler serves {arch}",
                remedy=f'start one beside an engine that does: dask worker ADDRESS --resources "{arch}=2"',
            )
        with self._job(arch, avoid) as job:
            return _Listening(self, request, reporter, parcel, job).heard()

    @contextmanager
    def _job(self, arch: str, avoid: frozenset[str]) -> Iterator[Job]:
        job = self._cluster.submit(arch, avoid)
        fetched = False
        with self._lock:
            self._jobs.add(job)
            if self._stopped:
                job.heard.put(_STOP)
        try:
            yield job
            fetched = True
        finally:
            with self._lock:
                self._jobs.discard(job)
            # Whatever happened: nothing of it may be left at a worker when this call ends.
            job.close(fetched=fetched)

    def arrival(self, request: BuildRequest, reporter: Reporter, job: Job, ended: _Message) -> BuildReport:
        """Take what a worker has built."""
        fetch = job.piece(ended["worker"], ended["token"])
        return Arrival(request, fetch, ended["sizes"], self._signers, reporter).taken()


class _Listening:
    """One build, as it is heard."""

    def __init__(
        self, calls: Scheduled, request: BuildRequest, reporter: Reporter, parcel: InputsTar, job: Job
    ) -> None:
        self._calls = calls
        self._request = request
        self._reporter = reporter
        self._parcel = parcel
        self._job = job
        self._token = ""
        self._name = ""

    def heard(self) -> BuildReport | _Moved:
        """What came of it; errors as `Scheduled.told`."""
        while True:
            found = self._one()
            if found is not None:
                return found

    def _one(self) -> BuildReport | _Moved | None:
        """Hear one message; what came of the build, if that was its end."""
        try:
            message = read(_Message, dict(self._job.next()), "a message")
            return self._take(message, message["said"])
        except (Malformed, KeyError) as error:
            raise WorkerRefused(f"a worker says what none can say: {error}") from error
        except WorkerGone as gone:
            self._reporter.warn(f"a worker went away ({gone}): the scheduler gives this to another")
            return None

    def _take(self, message: _Message, said: str) -> BuildReport | _Moved | None:
        if said == "stop":
            raise Interrupted("interrupted")
        if said == "over":
            raise self._over(message["status"])
        if said == "ready":
            self._ready(message)
        elif message["token"] == self._token:  # others are of a worker that was lost meanwhile
            if said == "event":
                retell(message["event"], self._reporter)
            if said == "ended":
                return self._ended(message)
        return None

    def _ready(self, message: _Message) -> None:
        if self._token:
            self._reporter.warn(f"the worker {self._name} went away: this is tried on another")
        self._token, self._name = message["token"], message["name"]
        self._calls.where[self._request.profile.name] = self._name
        self._reporter.stage("engine", f"{message['engine']}, worker {self._name}")
        self._job.send(message["worker"], self._token, self._parcel.pieces(PIECE))

    def _ended(self, message: _Message) -> BuildReport | _Moved:
        try:
            last = read(_Last, json.loads(message["last"]), "the end")
        except (Malformed, ValueError, RecursionError) as error:
            raise WorkerRefused(f"a worker's build ended without a word: {error}") from error
        if last.get("ended") == "built":
            return self._calls.arrival(self._request, self._reporter, self._job, message)
        if "error" not in last:
            raise WorkerRefused(
                f"the build at the worker {self._name} ended with {last.get('code')}, without a word",
                remedy="look at that worker's machine: its memory, its disk, and what parity said there",
                details=tuple(last.get("stderr", "").splitlines()[-20:]),
            )
        told = _error(last["error"])
        if told.kind in _MOVES:
            return _Moved(message["worker"], told)
        raise told

    def _over(self, status: str) -> RootError:
        if self._token:
            return EngineLost(f"the workers that tried this went away, the last one was {self._name}")
        return WorkerRefused(
            f"the workers could not begin ({status})",
            remedy="install the same parity, with its extra `cluster`, where they run",
        )


def _error(said: _ErrorSaid) -> RootError:
    """The worker's error as one of ours."""
    # Kinds that are made in another way, such as a profile's problems, are found before a worker is asked.
    plain = (each for each in _kinds(ParityError) if each.__init__ is ParityError.__init__)
    known = {each.__name__: each for each in plain if not each.ends_the_command}
    words = {"where": said["where"], "remedy": said["remedy"]}
    kind = known.get(said["kind"], ParityError)
    return kind(said["message"], **words, details=tuple(said["details"]))


def _kinds(root: type[ParityError]) -> Iterator[type[ParityError]]:
    for kind in root.__subclasses__():
        yield kind
        yield from _kinds(kind)
