"""Child processes of this machine, with an environment that we write and an end that we see to."""

from __future__ import annotations

import atexit
import fcntl
import os
import platform
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, TypeVar, cast

T = TypeVar("T")

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_MOUNTS = Path("/proc/self/mountinfo")
_QEMU = {"armv7l": "arm", "armv6l": "arm", "i686": "i386", "i586": "i386"}
"""Where qemu-user's packages register another name with the kernel than `uname -m` has."""
_ALSO_RUN = {"x86_64": ("i686", "i586")}
"""What a processor runs by itself besides its own."""
_PATIENCE = 10
_LONGEST_LINE = 64 * 1024
"""Bytes; a longer line is heard in pieces."""
_running: set[subprocess.Popen[bytes]] = set()
"""What `run` has started and not yet seen the end of."""


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What a child process gets: nothing of the caller's but the home folder and the proxies."""
    proxies = {n: v for name in _PROXIES for n in (name, name.upper()) if (v := environment.get(n))}
    # LC_ALL=C: messages in English, which we look for words in. DEBIAN_FRONTEND: debconf asks nobody.
    written = {"PATH": _PATH, "LANG": "C", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    return {**written, "HOME": environment.get("HOME", "/"), **proxies}


def run(
    argv: Sequence[str],
    environment: Mapping[str, str],
    *,
    on_line: Callable[[str], None],
    keep_open: Sequence[int] = (),
    seconds: float | None = None,
) -> int:
    """Run a program to its end; both its streams are heard line by line, as one.

    Args:
        argv: program and arguments; no shell.
        environment: the whole environment of the child.
        on_line: hears each line without its newline, a very long one in pieces.
        keep_open: file descriptors that the child and its children inherit.
        seconds: how long it may take; without an end if not given.

    Returns:
        The exit code; negative where a signal ended it.

    Raises:
        OSError: the program cannot be started.
        TimeoutError: it took longer, and was ended.
    """
    process = subprocess.Popen(
        list(argv),
        env=dict(environment),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # so that all of its children can be ended with it
        pass_fds=tuple(keep_open),
    )
    _running.add(process)
    with process, _ended_after(process, seconds) as late:
        stdout = cast("IO[bytes]", process.stdout)
        try:
            for line in iter(partial(stdout.readline, _LONGEST_LINE), b""):
                on_line(line.decode(errors="replace").rstrip())
            code = process.wait()
        except BaseException:
            _end(process)
            raise
        finally:
            _running.discard(process)
    if late.is_set():
        raise TimeoutError
    return code


def read_from(
    argv: Sequence[str],
    environment: Mapping[str, str],
    take: Callable[[IO[bytes]], T],
    stdin: IO[bytes] | None = None,
) -> tuple[T, int, str]:
    """Run a program and let `take` read what it says; what is left unread ends it.

    Args:
        argv: program and arguments; no shell.
        environment: the whole environment of the child.
        take: reads stdout as far as it wants to.
        stdin: a file that the child reads; nothing by default.

    Returns:
        What `take` gave, the exit code, and the end of stderr.

    Raises:
        OSError: the program cannot be started. Whatever `take` raises.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            list(argv),
            env=dict(environment),
            cwd="/",
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        with process:
            try:
                stdout = cast("IO[bytes]", process.stdout)
                found = take(stdout)
                stdout.close()
                code = process.wait()
            except BaseException:
                _end(process)
                raise
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - _LONGEST_LINE))
        return found, code, errors.read().decode(errors="replace")


@contextmanager
def _ended_after(process: subprocess.Popen[bytes], seconds: float | None) -> Iterator[threading.Event]:
    """End a process, and all that it started, once its time is over; tells whether that happened."""
    late = threading.Event()
    if seconds is None:
        yield late
        return

    def end() -> None:
        late.set()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


@atexit.register
def _end_left() -> None:
    """A daemon thread ends with us wherever it is: nobody else ends what it has started."""
    for process in tuple(_running):
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


class ThisMachine:
    """This machine as the place where an image's files are put together (`parity.images.Machine`).

    Args:
        folder: where temporary folders go; made when needed, for this user alone.
        environment: the caller's, of which children get what `child_environment` lets through.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = child_environment(environment)
        self._locks: list[int] = []

    @property
    def arch(self) -> str:
        """As `uname -m` says it."""
        return platform.machine()

    @property
    def is_root(self) -> bool:
        """Whether we may make device nodes and change roots."""
        return os.geteuid() == 0

    def find(self, program: str) -> str | None:
        """The program's path, None where it is not installed."""
        return shutil.which(program, path=self._environment["PATH"])

    def emulates(self, arch: str) -> bool:
        """Whether the kernel runs programs of that architecture (its own, or through binfmt)."""
        if arch == self.arch or arch in _ALSO_RUN.get(self.arch, ()):
            return True
        return _registered(_BINFMT / f"qemu-{_QEMU.get(arch, arch)}")

    def run(self, argv: Sequence[str], on_line: Callable[[str], None]) -> int:
        """Run a program, hear its lines, give back its exit code."""
        return run(argv, self._environment, on_line=on_line, keep_open=self._locks)

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """A private temporary folder, removed by any exit; what killed runs left is swept first.

        The folder is locked while anyone uses it. Children inherit the lock, so a child that
        outlives us is not robbed of its folder.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._sweep()
        new = Path(tempfile.mkdtemp(prefix="new-", dir=self._folder))
        lock = os.open(new, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = new.rename(self._folder / f"work-{new.name}")  # others sweep it only under this name
        self._locks.append(lock)
        try:
            yield path
        finally:
            self._locks.remove(lock)
            _remove_tree(path)
            os.close(lock)

    def _sweep(self) -> None:
        for path in self._folder.glob("work-*"):
            with suppress(FileNotFoundError, BlockingIOError):
                lock = os.open(path, os.O_RDONLY)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _remove_tree(path)
                finally:
                    os.close(lock)


def _remove_tree(path: Path) -> None:
    # A bootstrap that was killed leaves /proc and others mounted inside; never delete through them.
    # From the deepest up; `--lazy`, since something may still have its folder there.
    for mount in sorted(_mounts_below(path), reverse=True):
        subprocess.run(["umount", "--lazy", mount], env={"PATH": _PATH}, check=True)
    shutil.rmtree(path)


def _mounts_below(path: Path) -> list[str]:
    if not _MOUNTS.exists():
        return []
    # Spaces and the like are written as \040 (proc(5)).
    points = (line.split()[4].encode().decode("unicode_escape") for line in _MOUNTS.read_text().splitlines())
    return [point for point in points if point.startswith(f"{path.resolve()}/")]


def _registered(entry: Path) -> bool:
    """Whether the kernel starts that interpreter, in containers too (binfmt_misc: enabled, and flag F)."""
    try:
        lines = entry.read_text(errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line.partition(":")[2] for line in lines if line.startswith("flags:")), "")
    return lines[:1] == ["enabled"] and "F" in flags
