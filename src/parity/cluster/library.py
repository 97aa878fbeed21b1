"""What parity uses of dask.distributed, which has no types of its own, and the import of it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Protocol, TypedDict, TypeVar, cast

from parity.errors import SchedulerUnavailable

T = TypeVar("T")


class WorkerInfo(TypedDict):
    """What a scheduler tells of a worker."""

    resources: Mapping[str, float]


class Future(Protocol):
    """A task on its way."""

    @property
    def status(self) -> str:
        """Such as `finished`, `error`, `cancelled`, `lost`."""

    def add_done_callback(self, function: Callable[[Future], None]) -> None:
        """Call it when the task is over."""

    def cancel(self) -> None:
        """The result is not wanted any more."""

    def release(self) -> None:
        """Let the scheduler forget it."""


class SchedulerIdentity(TypedDict):
    """What a scheduler tells of itself: its workers by their addresses, among other things."""

    workers: Mapping[str, WorkerInfo]


class Scheduler(Protocol):
    """A scheduler that is called."""

    async def identity(self, n_workers: int) -> SchedulerIdentity:
        """With so many of its workers; -1 gives all."""


class DaskClient(Protocol):
    """A connection to a scheduler."""

    @property
    def status(self) -> str:
        """`running` where it answers."""

    def subscribe_topic(self, topic: str, handler: Callable[[Sequence[object]], None]) -> None:
        """Have each event of a topic, as a pair of its time and what was said."""

    @property
    def scheduler(self) -> Scheduler:
        """The scheduler's own calls, from within the loop."""

    def sync(self, function: Callable[..., Awaitable[T]], **settings: object) -> T:
        """What such a call gives."""

    def submit(self, function: Callable[..., object], *arguments: object, **settings: object) -> Future:
        """Have a function called by some worker."""

    def run(
        self, function: Callable[..., object], *arguments: object, **settings: object
    ) -> Mapping[str, object]:
        """Have it called by each of these workers, outside of tasks; the answers by address."""

    def close(self, timeout: float) -> None:
        """Hang up."""


class Security(Protocol):
    """The kind of dask's settings for TLS."""

    def temporary(self) -> object:
        """Settings with a certificate made for this process alone."""


class Distributed(Protocol):
    """The module."""

    Client: Callable[..., DaskClient]
    Nanny: type[object]
    Scheduler: type[object]
    Security: Security
    SpecCluster: Callable[..., AbstractContextManager[object]]


class _Config(Protocol):
    def get(self, key: str, default: object) -> object: ...
    def set(self, settings: Mapping[str, object]) -> AbstractContextManager[object]: ...


class _Dask(Protocol):
    config: _Config


def distributed() -> Distributed:
    """The library, imported when it is needed: it takes a second.

    Raises:
        SchedulerUnavailable: it is not installed.
    """
    try:
        found = import_module("distributed")
    except ImportError as error:
        raise SchedulerUnavailable(
            f"--scheduler needs dask.distributed, which is not installed here: {error}",
            remedy="pip install 'parity[cluster]', here and where the workers run",
        ) from error
    # What a user has to know, the board says; the library's log would be written across it.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    return cast("Distributed", found)


def has_certificates() -> bool:
    """Whether dask's settings name whom to trust, and who this machine is, by TLS."""
    config = cast("_Dask", import_module("dask")).config
    keys = ("ca-file", "client.cert")  # the key may stand in the certificate's file
    return all(config.get(f"distributed.comm.tls.{key}", None) for key in keys)


def silent_workers() -> AbstractContextManager[object]:
    """For as long as it lasts, workers are started that do not write dask's log to this terminal."""
    # An environment of their own comes too late: the log is set up when dask is imported there.
    settings = {"distributed.nanny.pre-spawn-environ.DASK_LOGGING__DISTRIBUTED": "critical"}
    return cast("_Dask", import_module("dask")).config.set(settings)
