"""A scheduler of this call's own: its workers are not heard, and none is waited for in vain."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dask
import pytest

from parity.cluster import door
from parity.cluster.door import WorkerGone
from parity.cluster.local import local_scheduler
from parity.model import ServingEngine

ENGINES = [ServingEngine(name="default", archs=("x86_64",), at_once=1)]
# A worker's process imports the program that started it, so it is a file.
PROGRAM = """
from parity.cluster.local import local_scheduler
from parity.model import ServingEngine

if __name__ == "__main__":
    with local_scheduler([ServingEngine(name="default", archs=("x86_64",), at_once=1)]) as cluster:
        print(len(cluster.workers("x86_64")))
"""


def test_nothing_but_the_program_itself_is_heard(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


def test_a_worker_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_ANSWER_SECONDS", 0.5)
    with local_scheduler(ENGINES) as cluster:
        (address,) = cluster.workers("x86_64")
        assert cluster.ask(address, bool, 1) is True
        with pytest.raises(WorkerGone, match="TimeoutError"):
            cluster.ask(address, time.sleep, 3)


def test_a_worker_is_seen_whoever_else_asks() -> None:
    # Dask's own clock asks, too: for no worker.
    often = dask.config.set({"distributed.client.scheduler-info-interval": "1ms"})
    with often, local_scheduler(ENGINES) as cluster, ThreadPoolExecutor(4) as threads:
        seen = list(threads.map(lambda _: len(cluster.workers("x86_64")), range(100)))
    assert seen == [1] * 100
