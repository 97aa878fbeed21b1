"""Names to stored packages: the image's own manager downloads and checks, this side judges the answer."""

from __future__ import annotations

from dataclasses import dataclass

from parity.engine.guests import Guest, GuestFailed
from parity.engine.workshop import STORE
from parity.errors import LockOutdated, ParityError, SystemPackagesFailed
from parity.model import Limits, SystemPackage, SystemSet
from parity.model.limits import remedy, spelt
from parity.model.network import HostNetwork
from parity.portable.families.registry import FAMILIES
from parity.system.lock import read_package
from parity.wire.system import PackageLocked, SystemJob, SystemProblem, SystemResult
from parity.wire.tasks import SYSTEM

# Seconds beyond the guest's own limit, so that its own error comes first.
_END = 30.0
_FOLDER = "/tmp/parity-system"  # noqa: S108 - inside the workshop, made with mode 0700
_REMEDIES = {
    "unsupported": "put the packages into the image, or take an image with one of these managers",
    "unreachable": "check that containers reach the image's package sources, with this machine's proxies",
    "unknown": "check the spelling (names are those of the target's distribution and release), and that the "
    "image names package sources that have it",
    "unsigned": "nothing that its distribution did not sign is carried: mend the image's sources or keys",
    "full": "make room on the engine's disk (`parity cache prune`), or carry fewer packages",
    "other": "find out why the source has changed; --upgrade locks what it has now",
}


@dataclass(frozen=True)
class SystemWish:
    """What is asked for: by name, by words that the manager may not know, or exactly what was locked."""

    names: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    locked: SystemSet | None = None


def fetch_system(
    guest: Guest, wish: SystemWish, timeout: float = Limits.system_packages
) -> tuple[SystemSet, int]:
    """Bring packages into the store, with what they need beyond the image.

    Args:
        guest: the workshop's; the image's package manager is given its network's proxies and CA bundle.
        wish: what is asked for; locked packages that the store holds need no network.
        timeout: seconds for everything.

    Returns:
        the packages, and how many came over the network. `unprovided` are the optional words that
        the manager does not know.

    Raises:
        LockOutdated: what was locked is no longer to be had, or is not what the image needs.
        SystemPackagesFailed: they cannot be had, or are not what their distribution signed.
    """
    network = guest.network
    job: SystemJob = {
        "store": STORE,
        "folder": _FOLDER,
        "names": list(wish.names),
        "optional": list(wish.optional),
        "locked": [_spelled(package) for package in wish.locked.packages] if wish.locked else None,
        "timeout": timeout,
        "proxies": dict(network.proxies),
        "ca": network.ca_bundle,
    }
    try:
        result = guest.ask(SYSTEM, job, timeout=timeout + _END)
    except GuestFailed as error:
        raise SystemPackagesFailed(
            "fetching system packages broke off: " + network.redact(error.last_line)
        ) from error
    except TimeoutError as error:
        raise SystemPackagesFailed(
            f"fetching system packages took longer than {spelt(timeout)}", remedy=remedy("system-packages")
        ) from error
    if result["error"]:
        raise _failed(result["error"], network)
    return _found(result), result["fetched"]


def _found(result: SystemResult) -> SystemSet:
    """What the guest tells, held against what a lock may hold."""
    manager = result["manager"]
    # The guest's answer is a stranger's word: it runs in the image and repeats what its tools say.
    if manager is None or manager not in FAMILIES:
        raise SystemPackagesFailed("fetching system packages broke off: no known package manager was told")
    try:
        packages = tuple(map(read_package, result["packages"]))
    except ValueError as error:
        raise SystemPackagesFailed(f"what was fetched is no package: {error}") from error
    return SystemSet(manager, packages, tuple(result["unknown"]))


def stored_at(package: SystemPackage) -> str:
    """Where a fetched package lies in the workshop."""
    return f"{STORE}/sha256/{package.sha256[:2]}/{package.sha256}"


def _spelled(package: SystemPackage) -> PackageLocked:
    return {
        "name": package.name,
        "version": package.version,
        "arch": package.arch,
        "file": package.file,
        "sha256": package.sha256,
        "size": package.size,
        "requested": package.requested,
    }


def _failed(error: SystemProblem, network: HostNetwork) -> ParityError:
    message = network.redact(error["message"])
    details = tuple(network.redact(line) for line in error["said"])
    if error["kind"] == "gone":
        return LockOutdated(f"the locked system packages cannot be had: {message}", details=details)
    return SystemPackagesFailed(message, remedy=_REMEDIES.get(error["kind"], ""), details=details)
