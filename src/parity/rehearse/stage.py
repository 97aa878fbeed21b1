"""The second, fresh container: what goes in, how it is confined, what comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from parity.engine import ContainerSpec, Engine, Mount, Network
from parity.engine.guests import GuestFailed, folders_tar, guest_tar, run_guest
from parity.errors import NotIsolated, RehearsalFailed, RehearsalTimeout
from parity.model import Facts, PinnedImage, RehearsalPlan
from parity.progress import Reporter

_NOBODY = "65534:65534"
_FOLDERS = {"bundle": 0o755, "work": 0o777}
"""Nobody may write into the first, everybody into the second."""
_CARRY = "/carry"
_BUNDLE = f"{_CARRY}/bundle"
_WORK = f"{_CARRY}/work"
_CHECKOUT = "checkout"
_MEMORY_WORK = "/work"
_UNPACKED = 4  # times a wheel's size, on the large side: what it takes with its copy and its environment
_IMPORT_TIMEOUT = 120  # seconds for one process of imports
_STEPS = {
    "carry": "carrying the bundle in",
    "install": "installing with the bundle's own installer",
    "import": "importing every module",
    "link": "asking the linker",
    "commands": "running the profile's commands",
}

Checkout = Callable[[str], Iterable[bytes]]


@dataclass(frozen=True)
class Carried:
    """What the rehearsal installs from.

    Attributes:
        archive: gives a tar stream of the bundle's files, anew at each call.
        wheels: the store's volume and the folder in it that holds the wheels, None where the
            archive has them too (a finished bundle).
        requested: normalised names of the packages the user asked for.
        wheel_bytes: the size of all wheels and other files together.
        checkout: gives the carried project's own as a tar stream, below a folder of the name that it is
            given; None where the files that travel are enough to try uv.
        sync: whether uv is tried, if there is a project.
    """

    archive: Callable[[], Iterable[bytes]]
    wheels: tuple[str, str] | None
    requested: tuple[str, ...]
    wheel_bytes: int
    checkout: Checkout | None = None
    sync: bool = True


def rehearse(
    engine: Engine,
    image: PinnedImage,
    facts: Facts,
    plan: RehearsalPlan,
    carried: Carried,
    reporter: Reporter,
) -> Mapping[str, Any]:
    """Install a bundle in a fresh container without network and see whether it works.

    Returns:
        what `parity.guest.rehearse` saw, for `judge` to turn into a proof.

    Raises:
        NotIsolated: the container was less cut off than it must be.
        RehearsalTimeout: the plan's time limit passed.
        RehearsalFailed: the rehearsal itself could not run.
    """
    with engine.scratch_volume() as volume:
        spec = _spec(image, plan, volume, carried)
        with engine.container(spec) as container:
            container.put(_CARRY, guest_tar())
            container.put(_CARRY, folders_tar(_FOLDERS))
            container.put(_BUNDLE, carried.archive())
            if carried.checkout:
                container.put(_CARRY, carried.checkout(_CHECKOUT))
            container.start()
            try:
                result = run_guest(
                    container,
                    facts.executable,
                    "rehearse",
                    _job(image, facts, plan, carried),
                    on_event=lambda event: reporter.note(_STEPS.get(event.get("name", ""), "")),
                    timeout=plan.timeout,
                    root=f"{_CARRY}/parity",
                )
            except TimeoutError:
                raise RehearsalTimeout(f"the rehearsal did not end within {plan.timeout} s") from None
            except GuestFailed as failed:
                raise _died(failed, plan) from failed
    _demand_isolation(result["isolation"])
    return result


def _spec(image: PinnedImage, plan: RehearsalPlan, volume: str, carried: Carried) -> ContainerSpec:
    mounts = [Mount(volume, _CARRY, read_only=False)]
    if carried.wheels:
        mounts.append(Mount(carried.wheels[0], "/store", read_only=True))
    return ContainerSpec(
        image=image.id,
        network=Network.NONE,
        purpose="rehearsal",
        platform=image.platform,
        user=_NOBODY,
        read_only=True,
        confined=True,
        mounts=tuple(mounts),
        tmpfs=_tmpfs(plan, carried),
        memory=plan.memory,
        pids=512,
        lifetime=plan.timeout + 600,
    )


def _tmpfs(plan: RehearsalPlan, carried: Carried) -> dict[str, str]:
    options = "rw,exec,nosuid,nodev,mode=1777"
    found = {"/tmp": f"{options},size=1g"}  # noqa: S108 - inside the container
    if _fits_memory(plan, carried):
        found[_MEMORY_WORK] = f"{options},size={plan.memory // 2}"
    return found


def _fits_memory(plan: RehearsalPlan, carried: Carried) -> bool:
    """Whether the environment may be made in memory: a disk can need longer to remove than to make it."""
    return carried.wheel_bytes * _UNPACKED < plan.memory // 2


def _job(image: PinnedImage, facts: Facts, plan: RehearsalPlan, carried: Carried) -> dict[str, Any]:
    # The installer refuses a machine that the bundle is not for, which a stand-in is by intent.
    other = ["--allow-other-os"] if image.stand_in_for else []
    return {
        "bundle": _BUNDLE,
        "wheels_from": carried.wheels[1] if carried.wheels else None,
        "work": _MEMORY_WORK if _fits_memory(plan, carried) else _WORK,
        "python": facts.executable,
        "requested": list(carried.requested),
        "imports": plan.imports,
        "commands": list(plan.commands),
        "import_timeout": min(plan.timeout, _IMPORT_TIMEOUT),
        "install_options": other,
        "sync": carried.sync,
        "checkout": f"{_CARRY}/{_CHECKOUT}" if carried.checkout else "",
    }


def _died(failed: GuestFailed, plan: RehearsalPlan) -> RehearsalFailed | RehearsalTimeout:
    killed = 137  # 128 + SIGKILL: what the kernel does to a container over its memory limit
    if failed.exit_code == killed:
        return RehearsalTimeout(
            f"the rehearsal was killed: it needs more than {plan.memory >> 20} MiB of memory"
        )
    return RehearsalFailed("the rehearsal broke off", details=tuple(failed.stderr.splitlines()[-8:]))


def _demand_isolation(seen: Mapping[str, bool]) -> None:
    broken = tuple(sorted(name for name, holds in seen.items() if not holds))
    if broken:
        raise NotIsolated(f"the rehearsal's container is not cut off: {', '.join(broken)} does not hold")
