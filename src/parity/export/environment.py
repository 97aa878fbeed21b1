"""The finished environment, made where it will be used: in a fresh container without network."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import chain
from typing import TypedDict

from parity.engine import Container, ContainerSpec, Engine, Network
from parity.engine.guests import folders_tar
from parity.errors import EngineRefused, OptionConflict, PythonUnfit, RehearsalFailed, RehearsalTimeout
from parity.export.layer import EnvironmentLayer, Folder
from parity.export.python_archive import FOLDER
from parity.export.spool import SpooledBytes
from parity.export.taking import take
from parity.model import LockedPython, PinnedImage, RehearsalPlan, word_fault
from parity.portable.bundle.ustar import END
from parity.portable.texts import printable
from parity.wire.shapes import Malformed, read

_CARRY = "/carry"
_LIBCS = {"glibc": "-gnu", "musl": "-musl"}
_OWNER = 65533
"""Makes the environment. No image knows it, and it may write nowhere else."""
# Only folders that are there are told as they are; a link on the way would lead elsewhere in the image.
_PLACE = """
import json, os, stat, sys
place, owner, path, parents, problem = sys.argv[1], int(sys.argv[2]), "", [], ""
for part in place.strip("/").split("/")[:-1]:
    path += "/" + part
    if not os.path.lexists(path):
        os.mkdir(path, 0o755)
    told = os.lstat(path)
    if not stat.S_ISDIR(told.st_mode):
        problem = path + " is no folder there"
        break
    # Neither who makes the environment nor who uses it is root.
    if not told.st_mode & stat.S_IXOTH:
        problem = path + " lets none but its owner in"
        break
    parents.append([path, stat.S_IMODE(told.st_mode), told.st_uid, told.st_gid])
# Memory is mounted there already where it fits; an engine mounts files, too, such as /etc/hosts.
mounted = os.path.ismount(place) and os.path.isdir(place)
if not problem and os.path.lexists(place) and not mounted:
    problem = place + " is there already"
if not problem:
    if not mounted:
        os.mkdir(place, 0o755)
    os.chown(place, owner, owner)
print(json.dumps({"parents": parents, "problem": problem}))
"""
# Its own folders alone: what the image has of Python must not make up for what it lacks.
_WHO = """
import json, os, sys, sysconfig
print("\\n" + json.dumps({
    "version": ".".join(map(str, sys.version_info[:3])),
    "abi": sysconfig.get_config_var("SOABI") or "",
    "places": [sys.prefix, os.path.dirname(os.path.dirname(os.path.dirname(os.__file__)))],
}))
"""


class _PlaceFound(TypedDict):
    parents: list[tuple[str, int, int, int]]
    problem: str


class _PythonFound(TypedDict):
    version: str
    abi: str
    places: list[str]


@dataclass(frozen=True)
class Interpreter:
    """An interpreter that lies in the environment: its target's libc, its judged files in a tar."""

    locked: LockedPython
    libc: str
    archive: SpooledBytes

    def program(self, prefix: str) -> str:
        """Its path in an environment."""
        return f"{prefix}/{FOLDER}/bin/python{self.minor}"

    @property
    def minor(self) -> str:
        """Its minor version, `3.11`."""
        return ".".join(self.locked.version.split(".")[:2])


@dataclass(frozen=True)
class Material:
    """What an environment is made from.

    Attributes:
        image: the target's.
        python: its interpreter.
        plan: limits of memory and time.
        bundle: gives a tar stream of the verified bundle's files.
        installer: gives a tar stream of the installer that travels.
        other_os: whether the image stands in for another.
        carried: an interpreter that goes into the environment; None where it uses the target's.
        in_memory: whether it may be made in memory: to remove ten thousand files from a disk can take longer
            than to make them.
    """

    image: PinnedImage
    python: str
    plan: RehearsalPlan
    bundle: Callable[[], Iterable[bytes]]
    installer: Callable[[], Iterable[bytes]]
    other_os: bool
    carried: Interpreter | None = None
    in_memory: bool = False


def demand_prefix(prefix: str) -> None:
    """Refuse what cannot be an environment's place in any image.

    Raises:
        OptionConflict: it is no plain absolute path.
    """
    if fault := word_fault("prefix", prefix):
        raise OptionConflict(f"{prefix!r} {fault.message}", remedy=fault.remedy)


def make(engine: Engine, material: Material, prefix: str, layer: EnvironmentLayer) -> None:
    """Make it, and bring its files out.

    Args:
        engine: where.
        material: what it is made from.
        prefix: where it lies.
        layer: gets the folders above it, as the image has them, and its files; it is begun, not ended.

    Raises:
        OptionConflict: the image has something at the prefix.
        RehearsalFailed, RehearsalTimeout: the installer could not make it, or not in time.
        EngineLost, HashMismatch: as `take`.
        WriteFailed: there is no room for its files.
    """
    demand_prefix(prefix)
    with ExitStack() as stack:
        container = _started(engine, material, prefix, stack)
        container.put(f"{_CARRY}/bundle", material.bundle())
        container.put(f"{_CARRY}/tool", material.installer())
        try:
            parents = _placed(container, material.python, prefix)
            if material.carried:
                _put_interpreter(container, material.carried, prefix)
            _install(container, material, prefix)
            user, most = f"{_OWNER}:{_OWNER}", material.plan.disk
            layer.above(parents)
            take(container, material.python, user, prefix, most, layer)
        except TimeoutError as error:
            raise RehearsalTimeout(f"making the environment: {error}") from None


def _started(engine: Engine, material: Material, prefix: str, stack: ExitStack) -> Container:
    """The container, with memory at the prefix where that is wanted and can be."""
    if material.in_memory:
        container = _made(engine, material, prefix, stack)
        # What the image has there would be hidden by the memory. What else is in the way, a file say, makes
        # the engine refuse. Either is told by what follows in a container without.
        with suppress(EngineRefused):
            if not _has(container, prefix):
                container.start()
                return container
    container = _made(engine, material, "", stack)
    container.start()
    return container


def _made(engine: Engine, material: Material, memory: str, stack: ExitStack) -> Container:
    container = stack.enter_context(engine.container(_spec(material, memory)))
    # The bundle is root's: whoever makes the environment cannot change what it is made from.
    folders = {"carry": 0, "carry/bundle": 0, "carry/tool": 0, "carry/work": _OWNER}
    container.put("/", folders_tar(folders))
    return container


def _has(container: Container, path: str) -> bool:
    try:
        next(container.get(path), None)
    except EngineRefused:
        return False
    return True


def _spec(material: Material, memory: str) -> ContainerSpec:
    plan = material.plan
    return ContainerSpec(
        image=material.image.id,
        network=Network.NONE,
        purpose="export",
        platform=material.image.platform,
        user="0:0",
        # Its own process sleeps; as root nothing runs but what makes the folder and gives it away.
        capabilities=("CHOWN",),
        tmpfs={memory: memory_options(plan)} if memory else {},
        memory=plan.memory,
        pids=512,
        lifetime=plan.timeout + 600,
    )


def memory_options(plan: RehearsalPlan) -> str:
    """How memory that holds an environment is mounted."""
    return f"rw,exec,nosuid,nodev,mode=755,size={plan.memory // 2}"


def _placed(container: Container, python: str, prefix: str) -> tuple[Folder, ...]:
    command = [python, "-I", "-S", "-B", "-c", _PLACE, prefix, str(_OWNER)]
    done = container.exec(command, user="0:0", timeout=60)
    try:
        found = read(_PlaceFound, json.loads(done.stdout))
    except (ValueError, Malformed) as error:
        said = printable(done.stderr.decode("utf-8", "replace")[-400:])
        raise RehearsalFailed(f"the image does not take a folder {prefix}: {said}") from error
    if found["problem"]:
        raise OptionConflict(
            f"an environment cannot lie at {prefix} in this image: {printable(found['problem'])}",
            remedy="name another prefix",
        )
    return tuple(Folder(*each) for each in found["parents"])


def _put_interpreter(container: Container, carried: Interpreter, prefix: str) -> None:
    """Lay it into the environment's folder, and ask it who it is.

    Raises:
        PythonUnfit: it does not run in this image, or is another one than it is called.
    """
    # Root's: whoever makes the environment cannot change it.
    container.put(prefix, chain(carried.archive.chunks(), (END,)))
    command = [carried.program(prefix), "-I", "-S", "-B", "-c", _WHO]
    done = container.exec(command, user=f"{_OWNER}:{_OWNER}", timeout=60)
    said = printable(done.stderr.decode("utf-8", "replace")[-400:])
    try:
        found = read(_PythonFound, json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError, RecursionError, Malformed) as error:
        raise PythonUnfit(f"the interpreter does not run in the target's image: {said}") from error
    if found["version"] != carried.locked.version:
        raise PythonUnfit(
            f"the interpreter is Python {printable(found['version'])}, not {carried.locked.version}"
        )
    # PEP 3149: what extension modules are built for; the last part is uv's own word for the libc.
    begin, end = f"cpython-{carried.minor.replace('.', '')}", _LIBCS[carried.libc]
    # Up to 3.7 there is an `m` behind it; free-threaded builds have a `t`, and take other wheels.
    if not re.match(rf"{begin}m?-", found["abi"]) or not found["abi"].endswith(end):
        raise PythonUnfit(f"the interpreter takes modules for {printable(found['abi'])}, not {begin}…{end}")
    if set(found["places"]) != {f"{prefix}/{FOLDER}"}:
        told = ", ".join(f"{place[:200]!a}" for place in found["places"][:2])
        raise PythonUnfit(f"the interpreter works from {told or 'no place'}, not from where it lies")


def _install(container: Container, material: Material, prefix: str) -> None:
    # This parity's own installer, which the trial judges, not the one in a bundle that may be older.
    python = material.carried.program(prefix) if material.carried else material.python
    command = [python, "-I", "-B", f"{_CARRY}/tool/install.py", "make-environment", prefix, "--json"]
    command += ["--bundle", f"{_CARRY}/bundle", "--python", python]
    command += ["--allow-other-os"] if material.other_os else []
    done = container.exec(
        command,
        user=f"{_OWNER}:{_OWNER}",
        environment={"TMPDIR": f"{_CARRY}/work", "HOME": f"{_CARRY}/work", "LC_ALL": "C.UTF-8"},
        timeout=material.plan.timeout,
    )
    if done.exit_code:
        said = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
        lines = tuple(printable(line[:2000]) for line in said[-8:])
        raise RehearsalFailed("the environment cannot be made from this bundle", details=lines)
