"""An interpreter's archive from where uv's settings say: by uv, in a container that sees nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from parity.engine import Container, ContainerSpec, Engine, Network
from parity.engine.guests import Guest, GuestFailed, guest_tar
from parity.errors import HashMismatch, HostileSource, ParityError, PythonUnavailable, PythonUnfit
from parity.export.kept import KeptFiles
from parity.export.python_lock import check_python
from parity.export.spool import NewSpool, Spool, SpooledBytes
from parity.model import LockedPython, MachineFacts, PinnedImage, PythonPlaces
from parity.model.network import HostNetwork, clean_url, names_a_server
from parity.portable.texts import printable
from parity.progress import Reporter
from parity.wire.interpreter import PythonFetched, PythonJob
from parity.wire.tasks import INTERPRETER

_USER = "65529:65529"
_SECONDS = 1800
_LARGEST = 1 << 30
_ARCHES = {"ppc64le": "powerpc64le"}
"""uv's own names of architectures, where they are not those of `uname -m`."""
_LIBCS = {"glibc": "gnu", "musl": "musl"}
_LOCAL = ("localhost", "127.0.0.1", "::1")
_UV = "/parity/bin/uv"


@dataclass(frozen=True)
class PythonWish:
    """An interpreter that is wanted, and how it is come by.

    Attributes:
        network: of this machine.
        places: where uv is told to look.
        carry_uv: puts uv's program for an architecture into a container.
        locked: which one; None for the newest of the target's minor version.
    """

    network: HostNetwork
    places: PythonPlaces
    carry_uv: Callable[[Container, str], None]
    locked: LockedPython | None = None


@dataclass(frozen=True)
class PythonTarget:
    """Whom an interpreter is for, and where it is fetched.

    Attributes:
        engine: that has the image.
        image: the target's.
        facts: what was seen in it.
        reporter: hears warnings.
    """

    engine: Engine
    image: PinnedImage
    facts: MachineFacts
    reporter: Reporter


def fetched_python(
    target: PythonTarget, wish: PythonWish, new: NewSpool
) -> tuple[LockedPython, SpooledBytes]:
    """Fetch the archive of the target's Python; uv holds it against its list, we against the lock.

    Args:
        target: whom it is for.
        wish: which one, and how it is come by.
        new: makes what its bytes wait in.

    Raises:
        PythonUnavailable: there is none, or it cannot be reached.
        PythonUnfit: uv does not take it for one.
        HashMismatch: it has other bytes than uv's list or the lock says.
        ToolUnavailable: uv cannot be had.
    """
    kept = KeptFiles(wish.places.cache, ".tar.gz")
    if wish.locked and (archive := kept.find(wish.locked.sha256, new)):
        return wish.locked, archive
    found, archive = _from_uv(target, wish, new())
    locked = LockedPython(found["version"], found["file"], archive.sha256)
    _demand_same(locked, wish.locked)
    kept.keep(archive)
    return locked, archive


def _from_uv(target: PythonTarget, wish: PythonWish, spool: Spool) -> tuple[PythonFetched, SpooledBytes]:
    facts = target.facts
    demand_reachable(wish.places)
    for warning in wish.places.warnings:
        target.reporter.warn(warning)
    with target.engine.container(_spec(target.image)) as container:
        container.put("/", guest_tar())
        wish.carry_uv(container, facts.arch)
        container.start()
        guest = Guest(container, facts.executable, wish.network, target.reporter)
        found = _asked(guest, _job(facts, wish))
        if found["trouble"]:
            raise _failed(found, wish, uv_request(facts, wish.locked))
        return found, _read(container, found["path"], spool)


def _spec(image: PinnedImage) -> ContainerSpec:
    return ContainerSpec(
        image=image.id,
        network=Network.DEFAULT,
        purpose="python",
        platform=image.platform,
        # uv unpacks what it has fetched: it may write into this room and no further, and sees no store.
        user=_USER,
        tmpfs={"/tmp": "rw,nosuid,nodev,mode=1777,size=2g"},  # noqa: S108 - inside the container
        memory=4 << 30,
        pids=256,
        lifetime=2 * _SECONDS + 600,
    )


def _job(facts: MachineFacts, wish: PythonWish) -> PythonJob:
    places = wish.places
    return {
        **wish.network.job(each for each in (places.mirror, places.downloads) if each),
        "uv": _UV,
        "request": uv_request(facts, wish.locked),
        "mirror": places.mirror,
        "downloads": places.downloads,
        "work": "/tmp",  # noqa: S108 - inside the container
        "seconds": _SECONDS,
        "retries": 3,
    }


def uv_request(facts: MachineFacts, locked: LockedPython | None) -> str:
    """The target's Python as uv spells it: the locked version, or any of its minor one.

    Raises:
        PythonUnfit: the target has another, or one that nobody builds so.
    """
    minor = ".".join(facts.python.split(".")[:2])
    version = locked.version if locked else minor
    if facts.implementation != "cpython":
        raise PythonUnfit(
            f"the target has {facts.implementation}, and only CPython can be carried",
            remedy="leave --with-python out: the environment then uses the target's own",
        )
    if not f"{version}.".startswith(f"{minor}."):
        raise PythonUnfit(
            f"the lock names Python {version}, and the target has {facts.python}",
            remedy="`parity build --upgrade`, or a new file for --python-lock, locks the interpreter anew",
        )
    libc = _LIBCS[facts.libc.family]
    return f"cpython-{version}-linux-{_ARCHES.get(facts.arch, facts.arch)}-{libc}"


def _asked(guest: Guest, job: PythonJob) -> PythonFetched:
    try:
        return guest.ask(INTERPRETER, job, timeout=2 * _SECONDS + 60)
    except GuestFailed as error:
        said = guest.network.redact(error.last_line)
        raise PythonUnavailable(f"uv could not be asked for an interpreter: {printable(said)}") from error
    except TimeoutError as error:
        raise PythonUnavailable(f"fetching the interpreter took longer than {_SECONDS} s") from error


def _read(container: Container, path: str, spool: Spool) -> SpooledBytes:
    begin, size = spool.size, 0

    def hear(chunk: bytes) -> None:
        nonlocal size
        size += len(chunk)
        if size > _LARGEST:
            raise HostileSource(f"the interpreter's archive has more than {_LARGEST >> 20} MiB")
        spool.add((chunk,))

    # Not the engine's archive: what lies in a tmpfs is no part of the container's files.
    done = container.exec(["cat", path], on_stdout=hear, timeout=600)
    if done.exit_code:
        raise PythonUnavailable("the interpreter's archive was fetched, and cannot be read")
    return spool.blob(begin, size)


def _demand_same(found: LockedPython, locked: LockedPython | None) -> None:
    try:
        check_python(found)
    except ValueError as error:
        raise PythonUnfit(f"what uv tells of the interpreter cannot be: {error}") from error
    if locked is not None and found.sha256 != locked.sha256:
        raise HashMismatch(
            f"the interpreter {found.file} has other bytes than were locked: sha256:{found.sha256}, "
            f"not sha256:{locked.sha256}",
            remedy="find out who changed it; `parity build --upgrade`, or a new file for --python-lock, "
            "locks what is there now",
        )


def demand_reachable(places: PythonPlaces) -> None:
    """Refuse what a container can never reach, before one is made; raises PythonUnavailable."""
    for address in filter(None, (places.mirror, places.downloads)):
        scheme = address.partition(":")[0].lower()
        if scheme == "file":
            fault, remedy = "which no container reaches", "serve that folder over HTTP, and name its address"
        elif scheme not in ("http", "https") or not names_a_server(address):
            fault, remedy = "which is no address of a server", "name one that begins with https:// or http://"
        elif urlsplit(address).hostname in _LOCAL:
            fault = "under which no container reaches this machine"
            remedy = "name an address of this machine that the engine's containers reach"
        else:
            continue
        raise PythonUnavailable(
            f"uv's settings name {clean_url(address)}, {fault}",
            remedy=f"{remedy}: UV_PYTHON_INSTALL_MIRROR=ADDRESS (UV_PYTHON_DOWNLOADS_JSON_URL for a list)",
        )


_TROUBLES: Mapping[str, tuple[type[ParityError], str, str]] = {
    "digest": (
        HashMismatch,
        "the place serves other bytes for {request} than uv's list says",
        "find out who changed it, or name another mirror: UV_PYTHON_INSTALL_MIRROR=ADDRESS",
    ),
    "unfit": (PythonUnfit, "uv does not take what was fetched for {request}: {last}", ""),
    "none": (
        PythonUnavailable,
        "uv's list has no {request}",
        "name a list that has it: UV_PYTHON_DOWNLOADS_JSON_URL=ADDRESS, or uv's `python-downloads-json-url`",
    ),
    "list": (PythonUnavailable, "uv's list of interpreters could not be had: {last}", ""),
    "fetch": (PythonUnavailable, "the interpreter {request} could not be had: {last}", ""),
}


def _failed(found: PythonFetched, wish: PythonWish, request: str) -> ParityError:
    said = wish.network.redact(found["said"]).splitlines()
    lines = [printable(line.strip())[:500] for line in said if line.strip()]
    kind, message, remedy = _TROUBLES[found["trouble"]]
    return kind(
        message.format(request=request, last=(lines or ["uv said nothing"])[-1]),
        where=clean_url(wish.places.mirror or wish.places.downloads),
        remedy=remedy,
        details=tuple(lines[-12:]),
    )
