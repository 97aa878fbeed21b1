"""What a build would download, fetched before it by the user's commands: with network, without secrets."""

from __future__ import annotations

import hashlib
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import IO, TypedDict

from parity.engine import Container, ContainerSpec, Engine, Mount, Network
from parity.engine.diskwatch import DiskWatch
from parity.engine.guests import GuestFailed, folders_tar, guest_tar, run_guest
from parity.errors import BuildFailed, HostileSource
from parity.model import Facts, PinnedImage, RehearsalPlan
from parity.model.network import HostNetwork, clean_url
from parity.project.failures import MORE_TIME, overtime
from parity.project.tree import leads_out
from parity.wire.building import PrefetchJob
from parity.wire.tasks import PREFETCH

OFFLINE = {
    "npm_config_offline": "true",
    "CARGO_NET_OFFLINE": "true",
    "GOPROXY": "off",
    "GOFLAGS": "-mod=mod",
}
"""What tells the tools that fetched before to take what is there."""
_CARRY = "/carry"
_WORK = "fetched"
_USER = 65529
_IN_MEMORY = 16 * 1024 * 1024
_MOST, _LARGEST = 500_000, 8 << 30
_PIECE = 1024 * 1024
_BLOCK = 512


class FetchedSaid(TypedDict):
    """What was fetched before a build: by which commands, and what the build was then given."""

    commands: list[str]
    files: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Prefetched:
    """A source with what was fetched for its build.

    Attributes:
        stream: a tar stream of `source/` and `home/`.
        said: for the record; the digest is over names, kinds and contents of all of it.
    """

    stream: Iterable[bytes]
    said: FetchedSaid


@dataclass(frozen=True)
class FetchPlace:
    """Where the commands run: the engine, the builder's image, its facts and limits, and the network.

    Of the network, the proxies without their logins and the CA bundle are told; no index, no login.
    """

    engine: Engine
    image: PinnedImage
    facts: Facts
    limits: RehearsalPlan
    network: HostNetwork


@contextmanager
def prefetched(
    place: FetchPlace,
    source: Iterable[bytes],
    name: str,
    commands: Sequence[str],
    *,
    what: str,
    subdirectory: str = "",
) -> Iterator[Prefetched]:
    """Run commands in a source, in a container of its own that has network and nothing else.

    Args:
        place: where.
        source: a tar stream of it.
        name: what the source is called in that: a folder or an archive.
        commands: lines for the shell, run in the package's folder.
        what: the package's name, for messages.
        subdirectory: the package's folder inside the source.

    Raises:
        BuildFailed: a command fails.
        HostileSource: the source is none.
    """
    image, limits = place.image, place.limits
    watch = DiskWatch(place.engine, image.id, image.platform, place.facts.executable, limits.disk)
    with (
        place.engine.scratch_volume() as volume,
        place.engine.container(_spec(image, limits, volume)) as container,
    ):
        container.put(_CARRY, guest_tar())
        container.put(_CARRY, folders_tar({_WORK: _USER, "source": 0}))
        container.put(_CARRY, source)
        container.start()
        job: PrefetchJob = {
            "source": f"{_CARRY}/{name}",
            "subdirectory": subdirectory,
            "work": f"{_CARRY}/{_WORK}",
            "commands": list(commands),
            "epoch": 315532800,
            "timeout": limits.timeout,
            "proxies": _without_logins(place.network.proxies),
            "ca": place.network.ca_bundle,
        }
        with watch.of(container, volume):
            _run(container, place.facts.executable, job, watch, what)
        with tempfile.TemporaryFile() as spool:
            said = _taken(container.get(f"{_CARRY}/{_WORK}"), spool, what)
            said["commands"] = list(commands)
            spool.seek(0)
            yield Prefetched(iter(lambda: spool.read(_PIECE), b""), said)


def _run(container: Container, python: str, job: PrefetchJob, watch: DiskWatch, what: str) -> None:
    seconds = job["timeout"] * (len(job["commands"]) + 1)
    try:
        result = run_guest(
            container,
            python,
            PREFETCH,
            job,
            timeout=seconds,
            root=f"{_CARRY}/parity",
            user=f"{_USER}:{_USER}",
        )
    except (GuestFailed, TimeoutError) as error:
        raise BuildFailed(f"builder.fetch of {what} was ended: {watch.over or error}", where=what) from error
    if result["refused"]:
        raise HostileSource(f"the source of {what} is refused: {result['refused']}", where=what)
    if result["error"]:
        raise _failed(what, result["error"])


def _failed(what: str, said: str) -> BuildFailed:
    lines = [line for line in said.splitlines() if line.strip()]
    late = overtime(lines)
    return BuildFailed(
        f"builder.fetch of {what} failed: {late or (lines or ['no reason given'])[-1]}",
        where=what,
        remedy=MORE_TIME
        if late
        else "mend the command: it runs in the package's folder with network, and its tools come from "
        "builder.packages",
        details=tuple(lines[-15:]),
    )


def _spec(image: PinnedImage, limits: RehearsalPlan, volume: str) -> ContainerSpec:
    return ContainerSpec(
        image=image.id,
        network=Network.DEFAULT,
        purpose="prefetch",
        platform=image.platform,
        user="65534:65534",
        read_only=True,
        mounts=(Mount(volume, _CARRY, read_only=False),),  # the store is not there: wheels may be private
        tmpfs={"/tmp": "rw,exec,nosuid,nodev,mode=1777,size=1g"},  # noqa: S108 - inside the container
        memory=limits.memory,
        pids=1024,
        lifetime=4 * limits.timeout + 600,
    )


def _without_logins(proxies: Mapping[str, str]) -> dict[str, str]:
    """Proxies that a stranger's code may see."""
    return {key: value if key == "no" else clean_url(value) for key, value in proxies.items() if value}


def _taken(archive: Iterable[bytes], into: IO[bytes], what: str) -> FetchedSaid:
    """Write what came as a plain tar of files, folders and links, and say what it is."""
    digest, files, size = hashlib.sha256(), 0, 0
    with tempfile.TemporaryFile() as stream:
        for piece in archive:
            stream.write(piece)
            if stream.tell() > _LARGEST:
                raise BuildFailed(f"builder.fetch of {what} brought more than 8 GiB", where=what)
        stream.seek(0)
        with tarfile.open(fileobj=stream, mode="r:") as tar:
            for member, kept in _with_content(tar):
                if not (plain := _plain(member)):
                    continue
                files += 1
                if files > _MOST:
                    raise BuildFailed(f"builder.fetch of {what} brought too many files", where=what)
                content = tar.extractfile(kept) if plain.isreg() else None
                told = f"{_written(plain, content, into)} {plain.mode:o} {plain.name}\0{plain.linkname}\0"
                # Names are bytes, of whatever encoding.
                digest.update(told.encode("utf-8", "surrogateescape"))
                size += plain.size
    into.write(bytes(2 * _BLOCK))
    return {"commands": [], "files": files, "bytes": size, "sha256": digest.hexdigest()}


def _with_content(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarInfo]]:
    """Each member, and the one that has its content: a hard link is what an earlier member is, a link too.

    tarfile would look through all members for each hard link, and follow the link that it may lead to.
    """
    first: dict[str, tarfile.TarInfo] = {}
    for member in tar:
        if not member.islnk():
            first[member.name] = member
            yield member, member
        elif kept := first.get(member.linkname):
            linked = copy(kept)
            linked.name = member.name
            yield linked, kept


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """A member as it goes into the build: below `source` or `home`, root's, readable; None for others."""
    name = member.name.partition("/")[2]
    if name.split("/")[0] not in ("source", "home") or ".." in name.split("/"):
        return None
    plain = tarfile.TarInfo(name)
    if member.issym():
        plain.type, plain.linkname, plain.mode = tarfile.SYMTYPE, member.linkname, 0o777
        return None if leads_out(name, member.linkname) or member.linkname.startswith("/") else plain
    if member.isdir():
        plain.type, plain.mode = tarfile.DIRTYPE, 0o755
        return plain
    if not member.isreg() or member.issparse():
        return None
    plain.size, plain.mode = member.size, 0o755 if member.mode & 0o100 else 0o644
    return plain


def _written(plain: tarfile.TarInfo, content: IO[bytes] | None, into: IO[bytes]) -> str:
    """Append a member; the SHA-256 of its content."""
    data = hashlib.sha256()
    if content is None:
        into.write(plain.tobuf(tarfile.PAX_FORMAT))
        return data.hexdigest()
    into.write(plain.tobuf(tarfile.PAX_FORMAT))
    while piece := content.read(_PIECE):
        into.write(piece)
        data.update(piece)
    into.write(bytes(-plain.size % _BLOCK))
    return data.hexdigest()
