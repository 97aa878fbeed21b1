"""The engine and its images (exit codes 20 to 29)."""

from __future__ import annotations

from parity.errors.base import ParityError


class EngineUnavailable(ParityError):
    """No container engine answers."""

    exit_code = 20
    default_remedy = "start Docker (or Podman's socket) or set DOCKER_HOST; `parity doctor` tells more"


class EngineLost(ParityError):
    """The engine went away in the middle of a run."""

    exit_code = 21
    default_remedy = "start the engine again and repeat; leftovers are swept at the next start"


class EngineRefused(ParityError):
    """The engine answered with an error."""

    exit_code = 22
    default_remedy = "`parity doctor` checks rights, disk and settings"


class ImageUnavailable(ParityError):
    """The image could not be had by any of the ways that were tried."""

    exit_code = 23
    default_remedy = "make the image present (docker pull or docker load), or build with --stand-in"


class NotAStandIn(ParityError):
    """The image offered as a stand-in would not prove anything about the target."""

    exit_code = 24
    default_remedy = "choose an image of the same libc family, Python X.Y and architecture, libc no newer"


class NoEngineServes(ParityError):
    """None of the engines of the call runs programs of the target's architecture."""

    exit_code = 25
    default_remedy = "name one for it with --on ENGINE, or say that one emulates it: --on ENGINE=ARCH,ARCH"


class SchedulerUnavailable(ParityError):
    """The scheduler of many engines does not answer, or what speaks to it is not installed."""

    exit_code = 26
    default_remedy = "start it (dask scheduler) and workers beside the engines (dask worker), or use --on"


class WorkerRefused(ParityError):
    """What a worker sent is not the bundle that was asked for."""

    exit_code = 27
    default_remedy = "find out who runs that worker and which parity it has; nothing of it was kept or signed"
