"""Sources to wheels, each in a container of its own without network, rights or credentials."""

from __future__ import annotations

import hashlib
import io
import shlex
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Protocol, TypeVar

from parity.engine import Container, ContainerSpec, Engine, Mount, Network
from parity.engine.diskwatch import DiskWatch
from parity.engine.guests import GuestFailed, folders_tar, guest_tar, run_guest
from parity.engine.workshop import STORE, STORE_VOLUME
from parity.errors import BuildFailed, EngineRefused, HostileSource, NotIsolated, SourceUnavailable
from parity.model import Facts, PinnedImage, RehearsalPlan
from parity.portable.machine.versions import version_variables
from parity.project.buildsystem import BuildSystem, read_build_system
from parity.project.failures import build_failed
from parity.project.prefetch import OFFLINE
from parity.wire.building import BuildJob, BuildStep, RepairJob, RepairResult, StepResult
from parity.wire.tasks import BUILD, PEEK, REPAIR, REQUIRES, Task

J = TypeVar("J")
R = TypeVar("R", bound=StepResult)

EPOCH = 315532800
"""1980-01-01: the earliest time that a wheel's zip can hold."""
_NOBODY = "65534:65534"
_USERS = {"peek": 65533, "requires": 65532, "build": 65531, "repair": 65530}
"""Each step's own user: what a source's code leaves running, or writes, reaches no other step."""
_WORK = {"peek": "peek", "requires": "requires", "build": "work", "repair": "repair"}
"""Each step's own folder."""
_FOLDERS = {"source": 0, "home": 0, **{_WORK[step]: user for step, user in _USERS.items()}}
"""All folders, each with its owner; nobody may write into the source's."""
_CARRY = "/carry"
_SOURCE = f"{_CARRY}/source"
_IN_MEMORY = 16 * 1024 * 1024
_BLOCK = 512
_LARGEST = 8 << 30
"""Bytes that a build may leave."""


class CarriesUv(Protocol):
    """Puts the pinned uv into a container below a folder; tells where it is there."""

    def __call__(self, container: Container, folder: str) -> str: ...  # noqa: D102


@dataclass(frozen=True)
class Repair:
    """What it takes to make a wheel suit the plain target.

    Attributes:
        tools: requirement lines: auditwheel and what it runs.
        find_links: the folder that holds their wheels.
        platform: the target's own tag, `manylinux_2_31_x86_64` (PEP 600).
        system: packages of the distribution that the target will have: their libraries are not copied.
    """

    tools: tuple[str, ...]
    find_links: str
    platform: str
    system: tuple[str, ...]


@dataclass(frozen=True)
class BuiltFile:
    """A wheel that came out of a build: its bytes, hashed on this side of the wall.

    Attributes:
        filename, sha256, size, content: what it is.
        same_twice: whether a second build gave the same bytes.
        commands: what was run, a line each.
        grafted: libraries of the builder that were copied into it, by their paths in the wheel.
        left_out: libraries that the target's system packages bring.
    """

    filename: str
    sha256: str
    size: int
    content: IO[bytes]
    same_twice: bool
    commands: tuple[str, ...] = ()
    grafted: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


class BuildRoom:
    """A container in which one source is built."""

    def __init__(
        self,
        container: Container,
        step: BuildStep,
        what: str,
        watch: DiskWatch,
    ) -> None:
        self._container = container
        self._step = step
        self._what = what
        self._watch = watch

    def system(self) -> BuildSystem:
        """How the source wants to be built.

        Raises:
            BuildFailed: it is no Python project.
        """
        found = self._ask("peek", PEEK, self._job("peek"))
        text = found.get("pyproject")
        if text is None and not found.get("setup"):
            raise BuildFailed(f"{self._what} has neither pyproject.toml nor setup.py", where=self._what)
        return read_build_system(text or "", self._what, setup=found.get("setup", False))

    def requires(self, system: BuildSystem, find_links: str) -> tuple[list[str], list[str]]:
        """What the backend asks for besides: for a wheel, and for an editable install."""
        job: BuildJob = {**self._job("requires", find_links), "system": system.document()}
        found = self._ask("requires", REQUIRES, job)
        return found.get("wheel", []), found.get("editable", [])

    def build(self, find_links: str, repair: Callable[[], Repair], given: Sequence[str] = ()) -> BuiltFile:
        """Build twice; the first one's wheel, and whether the second was the same.

        Args:
            find_links: the folder with the wheels that the build needs.
            repair: asked for where the wheel has code of the machine in it.
            given: all that the build is given, where that is more than the source asks for.
        """
        job: BuildStep = {**self._job("build", find_links), "given": list(given)}
        made = self._ask("build", BUILD, job)
        commands, wheel, stem = made.get("commands", []), made.get("wheel", ""), f"{_CARRY}/work/out"
        grafted: list[str] = []
        left_out: list[str] = []
        if wheel and not wheel.endswith("-any.whl"):
            repaired = self._repaired(wheel, repair())
            commands = commands + repaired.get("commands", [])
            grafted, left_out = repaired.get("grafted", []), repaired.get("left_out", [])
            stem = f"{_CARRY}/repair/repaired"
        folders = (f"{stem}-{number}" for number in (1, 2))
        first, second = (_only_wheel(self._container.get(folder), self._what) for folder in folders)
        second.content.close()
        return replace(
            first,
            same_twice=first.sha256 == second.sha256,
            commands=tuple(shlex.join(words) for words in commands),
            grafted=tuple(grafted),
            left_out=tuple(left_out),
        )

    def _repaired(self, wheel: str, how: Repair) -> RepairResult:
        job: RepairJob = {
            **self._job("repair", how.find_links),
            "wheel": wheel,
            "tools": list(how.tools),
            "platform": how.platform,
            "system": list(how.system),
        }
        return self._ask("repair", REPAIR, job)

    def _job(self, do: str, find_links: str = "") -> BuildStep:
        return {**self._step, "do": do, "work": f"{_CARRY}/{_WORK[do]}", "find_links": find_links}

    def _ask(self, do: str, task: Task[J, R], job: J) -> R:
        try:
            result = run_guest(
                self._container,
                self._step["python"],
                task,
                job,
                timeout=3 * self._step["timeout"],
                root=f"{_CARRY}/parity",
                user=f"{_USERS[do]}:{_USERS[do]}",
            )
        except (GuestFailed, EngineRefused) as error:
            if self._watch.over:
                raise BuildFailed(
                    f"the build of {self._what} was ended: {self._watch.over}",
                    remedy="give it more room: `disk` under `rehearsal` in the profile",
                ) from error
            if isinstance(error, EngineRefused):
                raise
            lines = tuple(error.stderr.splitlines()[-8:])
            raise BuildFailed(f"the build of {self._what} broke off", details=lines) from error
        except TimeoutError as error:
            raise BuildFailed(f"the build of {self._what} took too long") from error
        broken = sorted(name for name, holds in result["isolation"].items() if not holds)
        if broken:
            raise NotIsolated(f"the build's container is not cut off: {', '.join(broken)} does not hold")
        if result.get("refused"):
            raise HostileSource(
                f"the source of {self._what} is refused: {result['refused']}", where=self._what
            )
        if result["error"]:
            raise build_failed(self._what, result["error"])
        return result


@contextmanager
def build_room(
    engine: Engine,
    image: PinnedImage,
    facts: Facts,
    limits: RehearsalPlan,
    carry_uv: CarriesUv,
    source: Iterable[bytes] | str,
    *,
    what: str,
    subdirectory: str = "",
    version: str = "",
    fetched: bool = False,
) -> Iterator[BuildRoom]:
    """A container for one source.

    Args:
        engine: where it runs.
        image: the target's.
        facts: of that image.
        limits: memory and time.
        carry_uv: puts uv in.
        source: a tar stream of the source (its files below `source/`), or the path of an archive in
            the store.
        what: the package's name, for messages.
        subdirectory: the package's folder inside the source.
        version: what git, the lock or the user tells of it; a folder's history is made of that.
        fetched: whether the stream has a `home/` besides, with what was fetched for the build.
    """
    watch = DiskWatch(engine, image.id, image.platform, facts.executable, limits.disk)
    with engine.scratch_volume() as volume, engine.container(_spec(image, limits, volume)) as container:
        container.put(_CARRY, guest_tar())
        container.put(_CARRY, folders_tar(_FOLDERS))
        uv = carry_uv(container, _CARRY)
        place = source if isinstance(source, str) else _SOURCE
        if not isinstance(source, str):
            container.put(_CARRY, source)
        container.start()
        step = _step(uv, facts.executable, place, subdirectory, version, limits.timeout)
        if fetched:
            step["home"] = f"{_CARRY}/home"
            step["versions"] |= OFFLINE
        with watch.of(container, volume):
            yield BuildRoom(container, step, what, watch)


def _step(uv: str, python: str, source: str, subdirectory: str, version: str, timeout: float) -> BuildStep:
    """What every step of a build is told; `do` and `work` are each one's own."""
    return {
        "do": "",
        "uv": uv,
        "python": python,
        "work": "",
        "built": f"{_CARRY}/work",
        "source": source,
        "subdirectory": subdirectory,
        "versions": version_variables(version),
        "given": [],
        "home": "",
        "tag": version if source == _SOURCE else "",
        "epoch": EPOCH,
        "timeout": timeout,
        "alone": True,
    }


def _spec(image: PinnedImage, limits: RehearsalPlan, volume: str) -> ContainerSpec:
    return ContainerSpec(
        image=image.id,
        network=Network.NONE,
        purpose="build",
        platform=image.platform,
        user=_NOBODY,
        read_only=True,
        mounts=(Mount(volume, _CARRY, read_only=False), Mount(STORE_VOLUME, STORE, read_only=True)),
        tmpfs={"/tmp": "rw,exec,nosuid,nodev,mode=1777,size=1g"},  # noqa: S108 - inside the container
        memory=limits.memory,
        pids=1024,
        lifetime=4 * limits.timeout + 600,
    )


def _only_wheel(archive: Iterable[bytes], what: str) -> BuiltFile:
    """The one file in a folder's tar stream, spooled to disk where it is large."""
    wheels = [found for found in files_of_tar(archive, what) if found.filename.endswith(".whl")]
    if len(wheels) != 1:
        raise BuildFailed(f"the build of {what} made {len(wheels)} wheels instead of one")
    return wheels[0]


def files_of_tar(archive: Iterable[bytes], what: str) -> Iterator[BuiltFile]:
    """The plain files of a tar stream, each spooled to disk where it is large; BuildFailed above 8 GiB."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as stream:
        for piece in archive:
            stream.write(piece)
            if stream.tell() > _LARGEST:
                raise BuildFailed(
                    f"the build of {what} left more than 8 GiB where its wheel belongs",
                    where=what,
                    remedy="mend the build: nothing but the wheel goes there",
                )
        stream.seek(0)
        with tarfile.open(fileobj=stream, mode="r:") as tar:
            for member in tar:
                # What a build left behind is not trusted: plain files alone are looked at.
                if member.isreg() and not member.issparse():
                    yield _spooled(tar, member)


def _spooled(tar: tarfile.TarFile, member: tarfile.TarInfo) -> BuiltFile:
    source: IO[bytes] = tar.extractfile(member) or io.BytesIO()
    content = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - the caller closes it
    digest = hashlib.sha256()
    while piece := source.read(1024 * 1024):
        content.write(piece)
        digest.update(piece)
    content.seek(0)
    name = member.name.rpartition("/")[2]
    return BuiltFile(name, digest.hexdigest(), member.size, content, same_twice=True)


def file_of_path(path: Path) -> BuiltFile:
    """A wheel or archive of the user's, as if it had been built.

    Raises:
        SourceUnavailable: it cannot be read.
    """
    try:
        content = path.open("rb")
    except OSError as error:
        raise SourceUnavailable(f"cannot read {path}: {error.strerror}", where=str(path)) from error
    digest = hashlib.sha256()
    while piece := content.read(1024 * 1024):
        digest.update(piece)
    return BuiltFile(path.name, digest.hexdigest(), content.tell(), content, same_twice=True)


def incoming_tar(file: BuiltFile, name: str) -> Iterator[bytes]:
    """The wheel as a tar stream for the store's `partial` folder, under a name; see `guest.tasks.keep`."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = file.size, 0o644
    yield info.tobuf(tarfile.PAX_FORMAT)
    file.content.seek(0)
    while piece := file.content.read(1024 * 1024):
        yield piece
    yield bytes(-file.size % _BLOCK + 2 * _BLOCK)
