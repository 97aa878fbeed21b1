"""What runs in a worker of dask: a build as a child process, and the pieces that go to and fro.

The caller calls each of these functions by name. All of a build lies in one folder, which goes when its
task goes: when the caller has fetched what it wants, cancels, or is gone itself.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO, Any

PIECE = 8 * 1024 * 1024
"""Bytes that travel at once: what a scheduler, a worker and a caller hold of a bundle."""
PARCEL, REPORT, BUNDLE = "parcel.tar", "report.json", "bundle"
"""The files of a build: what came from the caller, what its child tells at the end, what it built."""
_LOOK = 0.2  # seconds between two looks at whether the task is still wanted
_GRACE = 40.0  # seconds that a child has for its clean-up
_TAIL = 2000
_WANTED = ("executing", "long-running")
_ALIVE = ("running", "paused", "init")


class Unwanted(Exception):
    """The task was cancelled, its caller is gone, or the worker closes."""


class _BuildHere:
    """A build that this process does for a caller."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.begun, self.fetched = threading.Event(), threading.Event()


_TASKS: dict[str, _BuildHere] = {}


def build(topic: str, run: str) -> None:
    """The task: build what the caller sends, and keep it until the caller has fetched it.

    Args:
        topic: where the caller listens.
        run: how the caller calls this build.
    """
    worker: Any = import_module("distributed").get_worker()
    key, token = worker.get_current_task(), uuid.uuid4().hex

    def tell(said: str, **words: object) -> None:
        worker.log_event(topic, {"run": run, "token": token, "said": said, **words})

    def is_wanted() -> bool:
        # Of a task that is cancelled, dask drops the result; it does not tell the thread.
        state = worker.state.tasks.get(key)
        return state is not None and state.state in _WANTED and worker.status.name in _ALIVE

    folder = Path(tempfile.mkdtemp(prefix="parity-", dir=worker.local_directory))
    task = _TASKS[token] = _BuildHere(folder)
    try:
        tell("ready", name=str(worker.name), engine=_engine_name())
        _await(task.begun, is_wanted)
        last = _told(folder, is_wanted, lambda event: tell("event", event=event))
        tell("ended", last=last, sizes={name: _size(folder / name) for name in (REPORT, BUNDLE)})
        _await(task.fetched, is_wanted)
    except Unwanted:
        pass
    except Exception as error:  # noqa: BLE001 - such as a full disk: of an exception the caller hears nothing
        tell("ended", last=_died(-1, f"{type(error).__name__}: {error}"), sizes={})
    finally:
        del _TASKS[token]
        shutil.rmtree(folder, ignore_errors=True)
        tell("gone")


def put(token: str, data: bytes) -> bool:
    """Add to the caller's parcel; False where there is no such build any more."""
    task = _TASKS.get(token)
    if task is not None:
        with (task.folder / PARCEL).open("ab") as file:
            file.write(data)
    return task is not None


def begin(token: str) -> bool:
    """The parcel is whole."""
    return _set(token, "begun")


def done(token: str) -> bool:
    """The caller has what it wants."""
    return _set(token, "fetched")


def is_here(token: str) -> bool:
    """Whether anything of that build is still here."""
    return token in _TASKS


def piece(token: str, name: str, offset: int) -> bytes:
    """At most `PIECE` bytes of what was built; none where there is no such build any more."""
    task = _TASKS.get(token)
    if task is None or name not in (REPORT, BUNDLE):
        return b""
    with (task.folder / name).open("rb") as file:
        file.seek(offset)
        return file.read(PIECE)


def _set(token: str, event: str) -> bool:
    task = _TASKS.get(token)
    if task is not None:
        getattr(task, event).set()
    return task is not None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else -1


def _engine_name() -> str:
    names = ("DOCKER_HOST", "DOCKER_CONTEXT", "CONTAINER_HOST")
    return next((os.environ[name] for name in names if os.environ.get(name)), "its own engine")


def _await(event: threading.Event, is_wanted: Callable[[], bool]) -> None:
    while not event.wait(_LOOK):
        if not is_wanted():
            raise Unwanted


# --- the child ----------------------------------------------------------------------------------------


def _told(folder: Path, is_wanted: Callable[[], bool], hear: Callable[[str], None]) -> str:
    """Run the build; gives the last line that it said, or why there is none, as JSON."""
    last = ""
    with _child(folder) as (child, lines):
        while (line := _next(lines, is_wanted)) is not None:
            if last:
                hear(last)
            last = line
        child.wait()
    if last.startswith('{"ended"'):
        return last
    return _died(child.returncode, (folder / "stderr").read_bytes()[-_TAIL:].decode(errors="replace"))


def _died(code: int, said: str) -> str:
    return json.dumps({"ended": "died", "code": code, "stderr": said})


def _next(lines: queue.Queue[str | None], is_wanted: Callable[[], bool]) -> str | None:
    while True:
        if not is_wanted():
            raise Unwanted
        try:
            return lines.get(timeout=_LOOK)
        except queue.Empty:
            continue


@contextmanager
def _child(folder: Path) -> Iterator[tuple[subprocess.Popen[str], queue.Queue[str | None]]]:
    """The build as a child that ends with this thread, and the lines that it says."""
    # A session of its own: who presses Ctrl-C beside a worker ends the worker, and that ends the child.
    with (folder / "stderr").open("wb") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "parity.cli.working", str(folder), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    lines: queue.Queue[str | None] = queue.Queue()
    reader = threading.Thread(target=_read, args=(child.stdout, lines), daemon=True)
    reader.start()
    try:
        yield child, lines
    finally:
        _end(child)
        reader.join()


def _read(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    with stream:
        for line in stream:
            lines.put(line.rstrip("\n"))
    lines.put(None)


def _end(child: subprocess.Popen[str]) -> None:
    """See to it that the child is over: by its own clean-up, else by force."""
    begin_at = time.monotonic()
    child.terminate()
    while child.poll() is None and time.monotonic() - begin_at < _GRACE:
        time.sleep(_LOOK / 4)
    child.kill()
    child.wait()
