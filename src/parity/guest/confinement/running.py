"""Runs a command that may be package code: its own end decides, and what it says has a limit."""

import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from typing import IO, Callable, Dict, List, NamedTuple, Sequence

from . import alone

# As timeout(1) has it.
OVERTIME = 124
_KEEP = 64 * 1024
_CHUNK = 64 * 1024
_LOOK = 1.0  # seconds between looks at what children left behind
_IDLE = 4.0  # seconds for which nothing but that must run
_PATIENCE = 0.25  # seconds between looks at a command that says nothing


class CommandEnd(NamedTuple):
    """How a command ended (124: its time was over), and the end of what it said on each stream."""

    exit_code: int
    stdout: str
    stderr: str


def run(
    command: Sequence[str],
    environment: Dict[str, str],
    folder: str,
    timeout: float,
    *,
    keep: int = _KEEP,
    single: bool = False,
    give_up: Callable[[], bool] = lambda: False,
) -> CommandEnd:
    """Run a command in a session of its own and wait for its end, not for that of what it left behind.

    Args:
        command: what to run.
        environment: all of it.
        folder: where.
        timeout: seconds.
        keep: bytes of each stream's end that are kept.
        single: whether this user runs nothing else: then what the command's children left behind is ended
            where the command waits for nobody but that (for the end of a stream that it holds, say).
        give_up: asked about every second; the command is ended, as if its time were over, where it says so.

    Raises:
        OSError: it cannot be started.
    """
    process = subprocess.Popen(
        list(command),
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # One kill then reaches all that it started and that did not make a session of its own.
        start_new_session=True,
    )
    assert process.stdout is not None  # noqa: S101 - for the type checker
    assert process.stderr is not None  # noqa: S101
    heard = _Heard([process.stdout, process.stderr], keep)
    try:
        in_time = _wait(process, heard, time.monotonic() + timeout, single, give_up)
    finally:
        _end_session(process)
        said = heard.end()
    return CommandEnd(process.returncode if in_time else OVERTIME, said[0], said[1])


def _wait(
    process: "subprocess.Popen[bytes]",
    heard: "_Heard",
    deadline: float,
    single: bool,
    give_up: Callable[[], bool],
) -> bool:
    """Listen until the command has ended; False where its time was over before, or somebody gave up."""
    busy = looked = time.monotonic()
    while process.poll() is None:
        if time.monotonic() - looked > _LOOK:
            looked = time.monotonic()
            if give_up():
                return False
            left = alone.left_by(process.pid) if single else []
            busy = busy if left else looked
            if looked - busy > _IDLE:
                alone.end(left)
        if time.monotonic() > deadline:
            return False
        if not heard.listen(_PATIENCE):  # nobody holds a stream any more
            with suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
    return True


def _end_session(process: "subprocess.Popen[bytes]") -> None:
    with suppress(OSError):  # all of it may have ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class _Heard:
    """The ends of several streams."""

    def __init__(self, streams: List[IO[bytes]], keep: int) -> None:
        self._streams = streams
        self._keep = keep
        self._kept = [bytearray() for _ in streams]
        self._selector = selectors.DefaultSelector()
        for number, stream in enumerate(streams):
            # A stream may be announced and yet have nothing, and the other one must not wait for it.
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, selectors.EVENT_READ, number)

    def listen(self, seconds: float) -> bool:
        """Take what comes; False where all streams are closed."""
        if not self._selector.get_map():
            return False
        for key, _ in self._selector.select(seconds):
            self._take(key.data)
        return True

    def end(self) -> List[str]:
        """Take what is still there, as much as a pipe holds; close all; gives the ends as text."""
        # A bound: somebody who outlived the command could write on without an end.
        for _ in range(32):
            if not (self._selector.get_map() and self._selector.select(0)):
                break
            self.listen(0)
        self._selector.close()
        for stream in self._streams:
            stream.close()
        return [bytes(kept[-self._keep :]).decode("utf-8", "replace") for kept in self._kept]

    def _take(self, number: int) -> None:
        stream, kept = self._streams[number], self._kept[number]
        try:
            chunk = os.read(stream.fileno(), _CHUNK)
        except BlockingIOError:
            return
        if not chunk:
            self._selector.unregister(stream)
        kept += chunk
        if len(kept) > 2 * self._keep:
            del kept[: -self._keep]
