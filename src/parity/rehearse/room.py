"""The rehearsal's container: how it is confined, where each user may write, how it is asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from parity.engine import Container, ContainerSpec, Mount, Network
from parity.engine.events import Event
from parity.engine.guests import run_guest
from parity.errors import RehearsalFailed
from parity.model import PinnedImage, RehearsalPlan
from parity.rehearse import users
from parity.wire.rehearsing import PeopleJob, PeopleResult
from parity.wire.tasks import PEOPLE, Task

J = TypeVar("J")
R = TypeVar("R")

CARRY = "/carry"
BUNDLE = f"{CARRY}/bundle"
EMPTY = f"{CARRY}/empty"
OWN = {"work": users.OWNER, "project": users.PROJECT}
"""Folders of the volume that belong to one user each."""
FOLDERS = {"bundle": 0, "empty": 0, **OWN}
"""All its folders, each with its owner; no code of a package runs as user 0."""
COMMANDS = "/commands"
"""Where the profile's commands may write, besides /tmp."""
_NAME = "parity"
_PATH = "/usr/local/bin:/usr/bin:/bin"
UNPACKED = 5
"""Times a wheel's size that its files take, on the large side."""
_IN_USE = UNPACKED + 3  # with its copy, and what is compiled when it is imported
_SHARED = 1 << 30  # bytes of /tmp
_TRIES = 5
PIDS = 512
"""Processes that the container may have at once."""
# One call reaches all of them at once, and with them one that is just being made.
_END_ALL = """
import os, signal, sys
ender, user = map(int, sys.argv[1:])
os.setresuid(ender, user, ender)
os.kill(-1, signal.SIGKILL)
"""
_LAST = 0.1  # seconds that a step gets in any case, so that it is its end that is told

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


class Room:
    """A started container; every question to it ends when the plan's time is over."""

    def __init__(self, container: Container, python: str, plan: RehearsalPlan, in_memory: bool) -> None:
        self.container = container
        self.python = python
        self.plan = plan
        self._deadline = time.monotonic() + plan.timeout
        self._in_memory = in_memory

    @property
    def left(self) -> float:
        """Seconds until the plan's time is over."""
        return max(_LAST, self._deadline - time.monotonic())

    def own(self, name: str) -> str:
        """The folder of that name in `OWN`, in memory where it fits there."""
        return f"/{name}" if self._in_memory else f"{CARRY}/{name}"

    def end_all(self, user: int) -> None:
        """Kill whatever one of the users runs; whether that was done, another must look.

        Who kills has that user's right to signal (kill(2): the effective user's), yet is another, whom
        that user can neither stop, nor trace, nor kill.
        """
        self.container.exec(
            [self.python, "-I", "-S", "-c", _END_ALL, str(users.ENDER), str(user)],
            user=users.spelled(users.ROOT),
            timeout=self.left,
        )

    def people(self, user: int) -> PeopleResult:
        """How much that user runs, and whether the kernel killed anybody; see `parity.guest.tasks.people`."""
        job: PeopleJob = {"user": user}
        return self.ask(PEOPLE, job, users.JUDGE)

    def end_leftovers(self, user: int) -> None:
        """End what a user left running; another one looks whether that was done.

        Raises:
            RehearsalFailed: it goes on.
        """
        for _ in range(_TRIES):
            if not self.people(user)["processes"]:
                return
            self.end_all(user)
        raise RehearsalFailed("what a package or a command left running does not end")

    def ask(
        self,
        task: Task[J, R],
        job: J,
        user: int,
        *,
        on_event: Callable[[Event], None] | None = None,
        python: Sequence[str] | None = None,
    ) -> R:
        """Run a guest script as one of the users; errors as `run_guest`."""
        return run_guest(
            self.container,
            python or self.python,
            task,
            job,
            on_event=on_event,
            timeout=self.left,
            user=users.spelled(user),
            root=f"{CARRY}/parity",
        )


def fits_memory(plan: RehearsalPlan, wheel_bytes: int, times: int = _IN_USE) -> bool:
    """Whether the environment may be made in memory: a disk can need longer to remove than to make it.

    Args:
        plan: tells the limit; files may take half of it.
        wheel_bytes: of all wheels and other files.
        times: as many times that size may be taken.
    """
    return wheel_bytes * times < plan.memory // 2


def container_spec(
    image: PinnedImage, plan: RehearsalPlan, volume: str, store: str | None, *, in_memory: bool, waits: int
) -> ContainerSpec:
    """The container: no network, no rights; a package's code may write into memory of a size alone."""
    mounts = [Mount(volume, CARRY, read_only=False)]
    if store:
        mounts.append(Mount(store, "/store", read_only=True))
    return ContainerSpec(
        image=image.id,
        network=Network.NONE,
        purpose="rehearsal",
        platform=image.platform,
        # Its own process sleeps; an engine lets root keep this one right in no other case. It is for
        # `Room.end_all` and `give_folders`, which alone run as root: nobody else can come by it
        # (no-new-privileges).
        user=users.spelled(users.ROOT),
        read_only=True,
        confined=True,
        capabilities=("SETUID", "CHOWN"),
        mounts=tuple(mounts),
        tmpfs=_tmpfs(plan, in_memory=in_memory),
        memory=plan.memory,
        pids=PIDS,
        lifetime=waits + plan.timeout + 600,
    )


def _tmpfs(plan: RehearsalPlan, *, in_memory: bool) -> dict[str, str]:
    half = plan.memory // 2
    found = {
        "/tmp": _options(1777, max(_SHARED, half)),  # noqa: S108 - inside the container
        COMMANDS: _options(700, half),
        # Podman mounts memory to write to over these in a read-only root unless somebody else has.
        **dict.fromkeys(("/run", "/var/tmp"), "ro,nosuid,nodev,noexec,mode=755,size=64k"),  # noqa: S108
    }
    if in_memory:
        found |= {f"/{name}": _options(755, half) for name in OWN}
    return found


def give_folders(container: Container, *, in_memory: bool) -> None:
    """Give the folders in memory to the users whose they are: Podman 4 knows no owner among their options.

    Raises:
        RehearsalFailed: it could not be done.
    """
    owners = {COMMANDS: users.COMMANDS}
    owners |= {f"/{name}": owner for name, owner in OWN.items()} if in_memory else {}
    words = [f"chown {users.spelled(owner)} {path}" for path, owner in owners.items()]
    done = container.exec(["sh", "-c", " && ".join(words)], user=users.spelled(users.ROOT))
    if done.exit_code:
        said = done.stderr.decode("utf-8", "replace").splitlines()
        raise RehearsalFailed(
            "the folders of the rehearsal's container cannot be given to its users", details=tuple(said[-8:])
        )


def _options(mode: int, size: int) -> str:
    return f"rw,exec,nosuid,nodev,mode={mode},size={size}"


def environment(prefix: str, home: str, temporary: str) -> dict[str, str]:
    """The whole environment of what runs in the new one."""
    return {
        "PATH": f"{prefix}/bin:{_PATH}",
        "HOME": home,
        "TMPDIR": temporary,
        "LC_ALL": "C.UTF-8",
        "VIRTUAL_ENV": prefix,
        "USER": _NAME,  # no image knows the users by name
        "LOGNAME": _NAME,
    }


def bare(words: Mapping[str, str]) -> list[str]:
    """The beginning of a command line whose environment is these words, and nothing of the image's."""
    return ["env", "-i", *(f"{key}={value}" for key, value in words.items())]
