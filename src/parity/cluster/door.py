"""The one door to dask.distributed on the caller's side: typed, and narrower than what lies behind it.

Arguments are texts and bytes, and so is what comes back: by events (msgpack) and in pieces of bytes. A client
of dask unpickles what its scheduler sends all the same; docs/threats.md says who must be trusted.
"""

from __future__ import annotations

import asyncio
import queue
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol, TypeVar

from parity.cluster import worker
from parity.cluster.library import (
    DaskClient,
    Distributed,
    Future,
    WorkerInfo,
    distributed,
    has_certificates,
)
from parity.errors import SchedulerUnavailable, WorkerRefused

_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 120  # for a piece, both ways, over a slow line
_LOOK = 5.0  # seconds between two looks at whether the scheduler is still there
_GONE_SECONDS = 60.0
_LONGEST = 300  # letters of what a worker's exception says
_SERIALIZERS = ["dask", "msgpack"]
_LOOK_THERE = "look at that worker's machine: its disk, and what dask said there"
_CERTIFICATES = (
    "see that it runs there with TLS, and name its CA, your certificate and its key to dask: "
    "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT and "
    "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY"
)
T = TypeVar("T")

OVER = "over"
"""What a job's queue says when the scheduler does no more for it."""


class WorkerGone(Exception):
    """A worker does not answer any more; the scheduler gives its build to another."""


class Piece(Protocol):
    """Gives the bytes of what was built, from an offset."""

    def __call__(self, name: str, offset: int) -> bytes:
        """At least one byte, at most `worker.PIECE`; WorkerGone or WorkerRefused where there is none."""


class Cluster:
    """The scheduler that a call builds by; safe to share by threads."""

    def __init__(self, client: DaskClient) -> None:
        self._client = client
        self._topic = f"parity-{uuid.uuid4().hex}"
        self._jobs: dict[str, Job] = {}
        client.subscribe_topic(self._topic, self._hear)

    def workers(self, arch: str) -> frozenset[str]:
        """Addresses of the workers that have that architecture among their resources."""
        told = self._all_workers()
        return frozenset(address for address, each in told.items() if each["resources"].get(arch, 0) >= 1)

    def _all_workers(self) -> Mapping[str, WorkerInfo]:
        if not self.is_there:
            return {}
        settings = {"n_workers": -1, "callback_timeout": _ANSWER_SECONDS}
        try:
            # `scheduler_info` would give what another thread, or dask's own clock, has asked for: no worker.
            return self._client.sync(self._client.scheduler.identity, **settings)["workers"]
        except (OSError, asyncio.TimeoutError):
            return {}

    @property
    def is_there(self) -> bool:
        """Whether the scheduler answers."""
        return self._client.status == "running"

    def submit(self, arch: str, avoid: frozenset[str] = frozenset()) -> Job:
        """Have one build done by a worker that serves an architecture, as soon as one has room.

        Args:
            arch: which.
            avoid: workers that do it only if nobody else does.
        """
        run = uuid.uuid4().hex
        job = self._jobs[run] = Job(self, run, arch)
        future = self._client.submit(
            worker.build,
            self._topic,
            run,
            key=f"parity-build-{run}",
            pure=False,
            resources={arch: 1},
            workers=sorted(self.workers(arch) - avoid) if avoid else None,
            allow_other_workers=bool(avoid),
        )
        job.begin(future)
        return job

    def ask(self, address: str, function: Callable[..., object], *arguments: object) -> object:
        """What a function of `parity.cluster.worker` gives there; WorkerGone where nobody answers in time."""
        # Dask would try for half a minute to reach one that is gone.
        if address not in self._all_workers():
            raise WorkerGone(f"{address} is gone")
        try:
            settings = {"workers": [address], "callback_timeout": _ANSWER_SECONDS}
            return self._client.run(function, *arguments, **settings)[address]
        except Exception as error:
            # Whatever it is: a connection, a worker that is not there, an exception of theirs.
            raise WorkerGone(f"{address}: {type(error).__name__} {str(error)[:_LONGEST]}") from error

    def forget(self, run: str) -> None:
        """Listen no more."""
        self._jobs.pop(run, None)

    def _hear(self, event: Sequence[object]) -> None:
        """In the client's own loop: pass it on and be gone."""
        said = event[1]
        if isinstance(said, dict) and (job := self._jobs.get(str(said.get("run")))) is not None:
            job.heard.put(said)


class Job:
    """One build on its way; `heard` is what the scheduler and its workers say of it, in order."""

    def __init__(self, cluster: Cluster, run: str, arch: str) -> None:
        self._future: Future | None = None
        self._arch = arch
        self.heard: queue.Queue[Mapping[str, object]] = queue.Queue()
        self._cluster = cluster
        self._run = run
        self._open: dict[str, str] = {}

    def next(self) -> Mapping[str, object]:
        """What is said next.

        Raises:
            SchedulerUnavailable: the scheduler went away, or all workers that serve the architecture did.
        """
        silent = 0.0
        while silent < _GONE_SECONDS:
            try:
                said = self.heard.get(timeout=_LOOK)
            except queue.Empty:
                silent = 0.0 if self._can_go_on() else silent + _LOOK
                continue
            self._note(said)
            return said
        raise SchedulerUnavailable(f"the scheduler, or each worker that serves {self._arch}, went away")

    def _can_go_on(self) -> bool:
        return self._cluster.is_there and bool(self._cluster.workers(self._arch))

    def _note(self, said: Mapping[str, object]) -> None:
        token, address = str(said.get("token", "")), str(said.get("worker", ""))
        if said.get("said") == "ready":
            self._open[token] = address
        elif said.get("said") == "gone":
            self._open.pop(token, None)

    def begin(self, future: Future) -> None:
        """It is on its way; `heard` gets a word, too, when the scheduler does no more for it."""
        self._future = future
        future.add_done_callback(lambda over: self.heard.put({"said": OVER, "status": str(over.status)}))

    def send(self, address: str, token: str, pieces: Iterator[bytes]) -> None:
        """Send the parcel and let the build begin; errors as `_ask`."""
        for data in pieces:
            self._ask(address, token, _yes, worker.put, token, data)
        self._ask(address, token, _yes, worker.begin, token)

    def piece(self, address: str, token: str) -> Piece:
        """What fetches from one worker."""

        def fetch(name: str, offset: int) -> bytes:
            return self._ask(address, token, _piece, worker.piece, token, name, offset)

        return fetch

    def close(self, *, fetched: bool, seconds: float = 60) -> None:
        """Let go of it, and wait until nothing of it is left at a worker that lives."""
        for token, address in self._open.items() if fetched else ():
            with suppress(WorkerGone):
                self._cluster.ask(address, worker.done, token)
        if self._future is not None and not fetched:
            self._future.cancel()
        self._settle(seconds)
        if self._future is not None:
            self._future.release()
        self._cluster.forget(self._run)

    def _settle(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self._open and time.monotonic() < until and self._cluster.is_there:
            with suppress(queue.Empty):
                self._note(self.heard.get(timeout=1))
                continue
            self._open = {
                token: address for token, address in self._open.items() if not self._is_gone(address, token)
            }

    def _is_gone(self, address: str, token: str) -> bool:
        try:
            return not self._cluster.ask(address, worker.is_here, token)
        except WorkerGone:
            return True

    def _ask(
        self,
        address: str,
        token: str,
        read: Callable[[object], T | None],
        function: Callable[..., object],
        *arguments: object,
    ) -> T:
        """What a worker answers of its build, as `read` gives it; None is no right answer.

        Raises:
            WorkerGone: the build is not there any more.
            WorkerRefused: it is there, and the answer is not right: nobody else is going to give one.
        """
        try:
            answer = read(self._cluster.ask(address, function, *arguments))
        except WorkerGone as gone:
            if self._is_gone(address, token):
                raise
            raise WorkerRefused(
                f"a worker has its build, and cannot go on with it: {gone}", remedy=_LOOK_THERE
            ) from gone
        if answer is not None:
            return answer
        if self._is_gone(address, token):
            raise WorkerGone("it knows nothing of this build")
        raise WorkerRefused(
            f"the worker at {address} has its build, and does not give it", remedy=_LOOK_THERE
        )


def _piece(data: object) -> bytes | None:
    return data if isinstance(data, bytes) and 0 < len(data) <= worker.PIECE else None


def _yes(answer: object) -> bool | None:
    return True if answer is True else None


@contextmanager
def scheduler_at(address: str) -> Iterator[Cluster]:
    """The scheduler at an address (`tcp://`, `tls://`), with dask's own settings for TLS.

    Raises:
        SchedulerUnavailable: it does not answer, or dask.distributed is not installed.
    """
    library = distributed()
    with client_of(library, address) as client:
        yield Cluster(client)


@contextmanager
def client_of(library: Distributed, address: object, **settings: object) -> Iterator[DaskClient]:
    """A client of a scheduler, or of a cluster of this process; errors as `scheduler_at`."""
    if str(address).startswith("tls://") and not has_certificates():
        # Dask would raise from half a client, which ends in a traceback of its own, twenty seconds later.
        raise SchedulerUnavailable(
            "that scheduler is reached by TLS, and dask is told no certificates",
            where=str(address),
            remedy=_CERTIFICATES,
        )
    try:
        client = library.Client(
            address,
            timeout=_CONNECT_SECONDS,
            set_as_default=False,
            serializers=_SERIALIZERS,
            deserializers=_SERIALIZERS,
            **settings,
        )
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        # The error's own remedy, to start one, does not help where it is there and asks for certificates.
        remedy = _CERTIFICATES if str(address).startswith("tls://") else ""
        raise SchedulerUnavailable(
            f"no scheduler answers: {error}", where=str(address), remedy=remedy
        ) from error
    try:
        yield client
    finally:
        with suppress(OSError, TimeoutError):
            client.close(timeout=10)
