"""A scheduler of this call's own, with a worker for each engine that a file names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from parity.cluster.door import Cluster, client_of
from parity.cluster.library import distributed, silent_workers
from parity.errors import SchedulerUnavailable
from parity.model import ServingEngine

_HERE = "127.0.0.1"


def _environment(engine: ServingEngine) -> dict[str, str]:
    """What binds a process to an engine."""
    if engine.name == "default":
        return {}
    # Whatever this process is told of engines must not win over the file.
    others = dict.fromkeys(("DOCKER_CONTEXT", "CONTAINER_HOST", "CONTAINER_CONNECTION"), "")
    if "://" in engine.name:
        return {**others, "DOCKER_HOST": engine.name}
    return {**others, "DOCKER_HOST": "", "DOCKER_CONTEXT": engine.name}


@contextmanager
def local_scheduler(engines: Sequence[ServingEngine]) -> Iterator[Cluster]:
    """A scheduler and its workers, for as long as the context lasts.

    They speak TLS with certificates made for them alone: any user of this machine could have this user's
    programs run otherwise.

    Raises:
        SchedulerUnavailable: they do not start, or dask.distributed is not installed.
    """
    library = distributed()
    security = library.Security.temporary()
    common = {"host": _HERE, "protocol": "tls", "security": security, "dashboard": False}
    workers = {
        each.name: {
            "cls": library.Nanny,
            "options": {
                **common,
                "name": each.name,
                "nthreads": each.at_once,
                "resources": dict.fromkeys(each.archs, each.at_once),
                "env": _environment(each),
                "memory_limit": 0,
            },
        }
        for each in engines
    }
    scheduler = {"cls": library.Scheduler, "options": {**common, "port": 0}}
    try:
        with silent_workers():
            made = library.SpecCluster(workers=workers, scheduler=scheduler, security=security)
    except (OSError, RuntimeError, ValueError) as error:
        raise SchedulerUnavailable(f"the workers do not start: {error}") from error
    with made, client_of(library, made, security=security) as client:
        yield Cluster(client)
