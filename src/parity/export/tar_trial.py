"""The very tar, unpacked by tar alone and tried without network: at its place, and moved by its script."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from parity.engine import Container, ContainerSpec, Mount, Network
from parity.engine.together import Together
from parity.errors import RehearsalFailed, RehearsalTimeout
from parity.export.environment import memory_options
from parity.export.sealed import file_entry
from parity.export.streamed import StreamedBytes
from parity.export.trial import TMP, ExportTrial, demand_all
from parity.portable.bundle import ustar
from parity.portable.texts import printable

_SECONDS = 900
_ELSEWHERE, _ANOTHER = "/srv/parity-elsewhere", "/srv/parity-another"
_CARRIED, _ALONG = "/carried", "/brought"
_BEGIN, _REST = "environment.tar", "end-of-environment.tar"
_UNPACK = f'mkdir -p "$1" && cat "$3"/{_BEGIN} "$3"/{_REST} | tar -xf - -C "$1" "$2"'
_FAULT = "the environment cannot be unpacked in the target's image"
# Whoever is root there removes every Python that a machine may have, and what an interpreter reads of it.
_HIDE = """
set -eu
real=$(readlink -f "$1")
for bin in "${1%/*}" "${real%/*}" /usr/local/bin /usr/local/sbin /usr/bin /usr/sbin /bin /sbin; do
    rm -f "$bin"/python "$bin"/python[0-9]* "$bin"/pypy*
done
for base in "${real%/*/*}" /usr/local /usr; do
    rm -rf "$base"/lib/python[0-9]* "$base"/lib64/python[0-9]*
    rm -f "$base"/lib*/libpython* "$base"/lib/*/libpython*
done
"""


def try_tar(together: Together, image_id: str, trial: ExportTrial, tar: StreamedBytes, script: str) -> None:
    """Unpack an environment where it belongs, and see; and elsewhere, after its script, beside that.

    Args:
        together: has the containers.
        image_id: the target's image; nothing else is in the containers, and its Python is hidden where the
            environment has its own.
        trial: what is tried.
        tar: it may still be written; without the tar's end.
        script: the name of what makes it work elsewhere, in the environment.

    Raises:
        NotIsolated, RehearsalFailed, RehearsalTimeout: as `try_image`.
    """
    kept = Future[None]()
    with (
        together.engine.scratch_volume() as volume,
        ThreadPoolExecutor(1, thread_name_prefix="moved") as pool,
    ):
        trying = _Trying(together, image_id, trial, volume, kept)
        moved = pool.submit(_try_elsewhere, trying, script)
        try:
            _try_in_place(trying, tar)
        except BaseException:
            kept.cancel()  # who waits for it in vain need wait no longer
            together.end()  # nor need anybody hear of the other what takes long
            raise
        moved.result()


@dataclass(frozen=True)
class _Trying:
    """What both have: a volume with the tar, and what says when it is all there."""

    together: Together
    image_id: str
    trial: ExportTrial
    volume: str
    kept: Future[None]


def _try_in_place(trying: _Trying, tar: StreamedBytes) -> None:
    trial = trying.trial
    with _ready(trying, trial, trial.prefix, read_only=False) as container:
        tar.promised()  # an engine need not wait for the first byte
        container.put(carried(trial.prefix), _files(tar))
        trying.kept.set_result(None)
        _root(container, _FAULT, _UNPACK, *posixpath.split(trial.prefix), carried(trial.prefix))
        demand_all(container, trial, "the environment", user=trial.user)


def _try_elsewhere(trying: _Trying, script: str) -> None:
    place, name = elsewhere(trying.trial.prefix), posixpath.basename(trying.trial.prefix)
    # Commands say paths of the prefix that was asked for; imports must work anywhere.
    plan = replace(trying.trial.plan, commands=())
    trial = replace(trying.trial, prefix=f"{place}/{name}", plan=plan)
    with _ready(trying, trial, place, read_only=True) as container:
        trying.kept.result()
        _root(container, _FAULT, _UNPACK, place, name, carried(trying.trial.prefix))
        _root(container, "the environment cannot be moved", 'sh "$1"', f"{trial.prefix}/{script}")
        demand_all(container, trial, "the environment that was moved", user=trial.user)


def _files(tar: StreamedBytes) -> Iterator[bytes]:
    """The tar as two files of an archive: how long the second is shows at its end alone."""
    begin = tar.promised()
    yield from file_entry(_BEGIN, begin, tar.chunks(size=begin))
    rest = b"".join((*tar.chunks(begin), ustar.END))
    yield from file_entry(_REST, len(rest), (rest,))
    yield ustar.END


def elsewhere(prefix: str) -> str:
    """A folder to move it into: neither below its prefix nor above it."""
    return _ANOTHER if prefix.startswith(_ELSEWHERE) else _ELSEWHERE


def carried(prefix: str) -> str:
    """Where the volume with the tar lies: both have it, and so nothing may be unpacked into it."""
    return _ALONG if prefix.startswith(_CARRIED) else _CARRIED


@contextmanager
def _ready(trying: _Trying, trial: ExportTrial, memory: str, *, read_only: bool) -> Iterator[Container]:
    """A container for a tar, with memory at a folder where that is wanted."""
    spec = ContainerSpec(
        image=trying.image_id,
        network=Network.NONE,
        purpose="trial",
        platform=trial.platform,
        mounts=(Mount(trying.volume, carried(trying.trial.prefix), read_only=read_only),),
        tmpfs={**TMP, **({memory: memory_options(trial.plan)} if trial.in_memory else {})},
        memory=trial.plan.memory,
        pids=512,
        # It may wait while the environment is made, which has a limit of its own.
        lifetime=3 * trial.plan.timeout + 3600,
    )
    with trying.together.started(spec) as container:
        if trial.hidden:
            _root(container, "the image's Python cannot be hidden", _HIDE, trial.hidden)
        yield container


def _root(container: Container, fault: str, line: str, *words: str) -> None:
    try:
        done = container.exec(["sh", "-e", "-c", line, "sh", *words], user="0:0", timeout=_SECONDS)
    except TimeoutError as error:
        raise RehearsalTimeout(f"{fault}: {error}") from None
    if done.exit_code:
        said = printable(done.stderr.decode("utf-8", "replace")[-800:])
        raise RehearsalFailed(f"{fault}: {said}")
