"""A real scheduler of dask and real workers, each bound to an engine, as processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.engine import ROOT

_SECONDS = 60


@dataclass
class Workers:
    """The scheduler's address, and the process of each worker by its name."""

    address: str
    folder: Path
    nannies: dict[str, subprocess.Popen[bytes]]

    def worker(self, name: str) -> int:
        """The process below a nanny that does the work."""
        return next(pid for pid in children(self.nannies[name].pid) if "spawn_main" in command(pid))


def children(pid: int) -> list[int]:
    """The processes that one has started and that live, by the kernel's own list."""
    found = [each for task in Path(f"/proc/{pid}/task").glob("*") for each in _of(task)]
    return [each for each in found if Path(f"/proc/{each}").exists()]


def _of(task: Path) -> list[int]:
    try:
        return [int(word) for word in (task / "children").read_text().split()]
    except OSError:
        return []


def command(pid: int) -> str:
    """How a process was called; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def builds_of(folder: Path) -> list[int]:
    """The children of workers whose builds lie below a folder."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return [pid for pid in pids if "parity.cli.working" in (said := command(pid)) and str(folder) in said]


@contextmanager
def workers(folder: Path, engines: Mapping[str, Mapping[str, str]], *, at_once: int = 1) -> Iterator[Workers]:
    """A scheduler, and a worker for each engine: name → environment."""
    folder.mkdir(parents=True)
    common = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}/src:{ROOT}", "LC_ALL": "C.UTF-8"}
    told = folder / "scheduler.json"
    with ExitStack() as stack:
        words = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        stack.enter_context(
            _started([*words, "--scheduler-file", str(told)], common, folder / "scheduler.log")
        )
        _wait(lambda: told.exists() and told.read_text().rstrip().endswith("}"))
        address = str(json.loads(told.read_text())["address"])
        nannies = {}
        for name, environment in engines.items():
            words = ["worker", address, "--name", name, "--nthreads", str(at_once), "--no-dashboard"]
            words += ["--resources", f"x86_64={at_once}", "--local-directory", str(folder / name)]
            nannies[name] = stack.enter_context(
                _started(words, {**common, **environment}, folder / f"{name}.log")
            )
        logs = [folder / f"{name}.log" for name in engines]
        _wait(lambda: all("Registered to" in log.read_text() for log in logs))
        yield Workers(address, folder, nannies)


@contextmanager
def _started(
    words: Sequence[str], environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]],
            env={**environment},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + _SECONDS
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.1)
