"""An image that has the carried packages: the target's, and what its package manager made of their files.

The container that installs them has no network and of root's rights those that a package manager needs:
files of any owner. What runs there is the code that runs on the target.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

from parity.engine import Container, ContainerSpec, Engine, Mount, Network
from parity.engine.diskwatch import DiskWatch
from parity.engine.guests import GuestFailed, folders_tar, guest_tar, run_guest
from parity.errors import EngineRefused, NotIsolated, SystemPackagesFailed
from parity.model import Facts, PinnedImage, RehearsalPlan
from parity.wire.system import PackageInstalled, SystemInstallJob, SystemInstallResult
from parity.wire.tasks import SYSTEM_INSTALL

_CARRY = "/carry"
# What dpkg, rpm and apk use: owners, modes, setuid bits and file capabilities. None reaches a kernel's
# matter.
_RIGHTS = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETFCAP", "SETGID", "SETUID")
_REMEDY = (
    "mend what the package manager says above: name other packages under system-packages, or put them into "
    "the image; where the image has changed since they were locked, --upgrade locks what it needs now"
)


@contextmanager
def prepared_image(
    engine: Engine,
    image: PinnedImage,
    facts: Facts,
    plan: RehearsalPlan,
    archive: Callable[[], Iterable[bytes]],
) -> Iterator[tuple[str, list[PackageInstalled]]]:
    """Install carried packages in a fresh container without network, and keep it as an image for a while.

    Args:
        engine: where it runs.
        image: the target's.
        facts: of that image.
        plan: limits of memory and time.
        archive: gives a tar stream of the bundle's manifest and the files below `system/`.

    Yields:
        the new image's id, and name and version of each package that was installed. The image is
        removed when the context ends.

    Raises:
        SystemPackagesFailed: they do not install.
        NotIsolated: the container was less cut off than it must be.
    """
    with ExitStack() as stack:
        with engine.scratch_volume() as volume, engine.container(_spec(image, plan, volume)) as container:
            container.put(_CARRY, guest_tar())
            container.put(_CARRY, folders_tar({"bundle": 0, "work": 0}))
            container.put(f"{_CARRY}/bundle", archive())
            container.start()
            # What their scripts and files fill is the same disk: the engine's.
            watch = DiskWatch(engine, image.id, image.platform, facts.executable, plan.disk)
            with watch.of(container, volume):
                result = _installed(container, facts, plan, watch)
            # Outside the inner block: the image outlives the container and the volume that it was made with.
            image_id = stack.enter_context(engine.scratch_image(container))
        yield image_id, result["installed"]


def _spec(image: PinnedImage, plan: RehearsalPlan, volume: str) -> ContainerSpec:
    return ContainerSpec(
        image=image.id,
        network=Network.NONE,
        purpose="system",
        platform=image.platform,
        user="0:0",
        capabilities=_RIGHTS,
        mounts=(Mount(volume, _CARRY, read_only=False),),
        # `exec`: maintainer scripts are run from there by some packages.
        tmpfs={"/tmp": "rw,exec,nosuid,nodev,mode=1777,size=512m"},  # noqa: S108 - inside the container
        memory=plan.memory,
        pids=512,
        lifetime=plan.timeout + 600,
    )


def _installed(
    container: Container, facts: Facts, plan: RehearsalPlan, watch: DiskWatch
) -> SystemInstallResult:
    job: SystemInstallJob = {"bundle": f"{_CARRY}/bundle", "work": f"{_CARRY}/work"}
    try:
        result = run_guest(
            container,
            facts.executable,
            SYSTEM_INSTALL,
            job,
            timeout=plan.timeout,
            root=f"{_CARRY}/parity",
        )
    except (GuestFailed, EngineRefused) as error:
        if watch.over:
            raise SystemPackagesFailed(
                f"installing system packages was ended: {watch.over}",
                remedy="make room on the engine's disk (`parity cache prune`), or carry fewer packages",
            ) from error
        if isinstance(error, EngineRefused):
            raise
        raise SystemPackagesFailed(f"installing system packages broke off: {error.last_line}") from error
    except TimeoutError as error:
        raise SystemPackagesFailed(f"system packages did not install within {plan.timeout} s") from error
    # Measured inside, by the guest: that we asked the engine for it does not show that it was done.
    broken = sorted(name for name, holds in result["isolation"].items() if not holds)
    if broken:
        raise NotIsolated(f"the container for system packages is not cut off: {', '.join(broken)}")
    if result["error"]:
        head, *lines = result["error"].splitlines()
        raise SystemPackagesFailed(head, details=tuple(lines), remedy=_REMEDY)
    return result
