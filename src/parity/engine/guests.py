"""Carrying parity's guest scripts into a container and talking with them.

A guest script is a module of `parity.guest.tasks` with `main(job, emit) -> dict`. The job goes in as one
JSON document on stdin (so secrets in it are recorded nowhere), with a mark that begins each line of
events on stdout; the last of them is the result.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

from parity.engine.events import Event, EventLines, Tail
from parity.engine.protocol import Container
from parity.model.network import HostNetwork
from parity.progress import Reporter, Silent
from parity.wire.shapes import Malformed, read
from parity.wire.tasks import Task

J = TypeVar("J")
R = TypeVar("R")

ROOT = "/parity"
_PACKAGE = Path(__file__).parent.parent
# The image's site-packages may hold modules of the same names as ours or the standard library's.
_MAIN = """import sys
from parity_guest.guest.confinement import ownmodules
ownmodules.alone()
from parity_guest.guest.dispatch import run
sys.exit(run(sys.argv[1:]))
"""


class GuestFailed(Exception):
    """A guest script died; holds the end of what it said on stderr."""

    def __init__(self, script: str, exit_code: int, stderr: str) -> None:
        super().__init__(f"guest script {script} ended with exit code {exit_code}")
        self.script = script
        self.exit_code = exit_code
        self.stderr = stderr

    @property
    def last_line(self) -> str:
        """The last thing it said, or its exit code where it said nothing."""
        lines = [line for line in self.stderr.splitlines() if line.strip()]
        return lines[-1].strip() if lines else str(self)


@cache
def guest_tar() -> bytes:
    """A tar archive to unpack at `/`: all guest scripts and what they share, under /parity."""
    files = {"parity/__main__.py": _MAIN.encode(), "parity/parity_guest/__init__.py": b""}
    for room in ("guest", "portable"):
        # Sorted, because `guest_digest` is a key: the same code must give the same bytes.
        for path in sorted((_PACKAGE / room).rglob("*.py")):
            files[f"parity/parity_guest/{path.relative_to(_PACKAGE)}"] = path.read_bytes()
    return small_tar(files)


@cache
def guest_digest() -> str:
    """SHA-256 over all that runs inside containers: what older code answered is remembered under another."""
    return hashlib.sha256(guest_tar()).hexdigest()


def small_tar(files: Mapping[str, bytes], mode: int = 0o644) -> bytes:
    """Files as a tar archive (pax) in memory, folders included, readable for everyone in the container.

    Args:
        files: bytes by path, relative, with `/` between names.
        mode: of each file; folders have 0755. Owner is root, time 0.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        # An engine makes missing folders itself, but with modes of its own.
        for folder in sorted({str(p) for name in files for p in Path(name).parents if str(p) != "."}):
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(info)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), mode
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def folders_tar(owners: Mapping[str, int]) -> bytes:
    """Empty folders as a tar archive in memory: each its owner's (a user's number), for others to read."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, owner in owners.items():
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.uid, info.gid = tarfile.DIRTYPE, 0o755, owner, owner
            archive.addfile(info)
    return buffer.getvalue()


def run_guest(
    container: Container,
    python: str | Sequence[str],
    task: Task[J, R],
    job: J,
    *,
    on_event: Callable[[Event], None] | None = None,
    timeout: float | None = None,
    user: str = "",
    root: str = ROOT,
) -> R:
    """Run a guest script and give back its result, which has the shape that its task says.

    Args:
        container: a started container into which `guest_tar` was put.
        python: the interpreter inside it, or the beginning of a command line that ends with one.
        task: which script, of `parity.wire.tasks`.
        job: what it is to do.
        on_event: hears every event but the result, as it comes.
        timeout: seconds; TimeoutError after that.
        user: `uid:gid` where it differs from the container's.
        root: the folder that holds the guest scripts inside the container.

    Raises:
        GuestFailed: the script died without a result, or said what is none.
    """
    events, stderr = EventLines(on_event), Tail()
    # -I: neither PYTHON* variables nor the user's packages of the image; -B: nothing is written beside the
    # scripts.
    begin = [python, "-I", "-B"] if isinstance(python, str) else list(python)
    try:
        outcome = container.exec(
            [*begin, root, task.name],
            stdin=json.dumps({"mark": events.mark, "job": job}).encode(),
            # In an image without a locale Python 3.6 reads file names as ASCII.
            environment={"LC_ALL": "C.UTF-8"},
            timeout=timeout,
            user=user,
            on_stdout=events.feed,
            on_stderr=stderr.feed,
        )
    except Malformed as error:
        raise _lied(task.name, stderr, error) from None
    # A result that was sent before a crash does not count.
    if outcome.exit_code != 0 or events.result is None:
        raise GuestFailed(task.name, outcome.exit_code, f"{events.other.text}{stderr.text}"[-8000:])
    try:
        return read(task.result, events.result)
    except Malformed as error:
        raise _lied(task.name, stderr, error) from None


@dataclass(frozen=True)
class Guest:
    """The reach into a container: its Python, asked by guest scripts, and what it may use for the answer.

    Attributes:
        container: started, with the guest scripts in it; the workshop has the store at /store, too.
        python: the interpreter inside it.
        network: how indexes are reached; its secrets go to the script's stdin alone.
        reporter: hears how far a job is, and what a person should know.
    """

    container: Container
    python: str
    network: HostNetwork = field(default_factory=HostNetwork)
    reporter: Reporter = field(default_factory=Silent)

    def ask(
        self,
        task: Task[J, R],
        job: J,
        *,
        on_event: Callable[[Event], None] | None = None,
        timeout: float | None = None,
    ) -> R:
        """Have a job done; see `run_guest`. What it says of addresses tells variables, not their values."""
        veil = self.network.veil

        def hear(event: Event) -> None:
            if on_event is not None:
                on_event(veil.all_over(event))

        try:
            result = run_guest(
                self.container, self.python, task, veil.all_off(job), on_event=hear, timeout=timeout
            )
        except GuestFailed as error:
            raise GuestFailed(error.script, error.exit_code, veil.out_of(error.stderr)) from error
        return veil.all_over(result)


def _lied(script: str, stderr: Tail, error: Malformed) -> GuestFailed:
    return GuestFailed(script, 0, f"{stderr.text}\nit said what it must not: {error}")
