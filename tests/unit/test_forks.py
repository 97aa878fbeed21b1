"""Work shared out to forks: the results are those of doing it here, and no fork outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from parity.portable.wheel.forks import fork_map

# In a process of its own: here are threads, and it forks.
_BEGIN = """
import os, signal, sys, time
from parity.portable.errors import InstallFailed
from parity.portable.wheel.forks import fork_map
os.cpu_count = lambda: 3
folder = sys.argv[1]
parent = os.getpid()
"""


def run(body: str, folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _BEGIN + body, folder],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert list(folder.iterdir()) == []
    return done.stdout.splitlines()


def test_the_results_come_in_the_order_of_the_items_from_other_processes(tmp_path: Path) -> None:
    body = """
def work(number):
    time.sleep(0.05 if number == 0 else 0.001)
    return number * number, os.getpid()
found = fork_map(work, list(range(200)), folder)
print([square for square, _ in found] == [number * number for number in range(200)])
pids = {pid for _, pid in found}
print(len(pids), parent in pids)
"""
    assert run(body, tmp_path) == ["True", "3 False"]


def test_what_the_work_raises_is_raised_here(tmp_path: Path) -> None:
    body = """
def work(number):
    if number >= 5:
        raise FileNotFoundError(2, "No such file or directory", f"/gone/{number}")
try:
    fork_map(work, list(range(50000)), folder)
except FileNotFoundError as error:
    print(error.filename)
"""
    assert run(body, tmp_path) == ["/gone/5"]


@pytest.mark.parametrize("possible", [0, 1])
def test_where_no_more_can_be_forked_it_is_done_all_the_same(tmp_path: Path, possible: int) -> None:
    body = f"""
real, left = os.fork, [{possible}]
def fork():
    if not left[0]:
        raise BlockingIOError(11, "Resource temporarily unavailable")
    left[0] -= 1
    return real()
os.fork = fork
found = fork_map(lambda number: (number, os.getpid() == parent), list(range(20)), folder)
print(found == [(number, {not possible}) for number in range(20)])
"""
    assert run(body, tmp_path) == ["True"]


def test_a_fork_that_is_killed_is_one_line(tmp_path: Path) -> None:
    body = """
def work(number):
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
try:
    fork_map(work, list(range(20)), folder)
except InstallFailed as error:
    print(error.message)
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    print("none is left")
"""
    assert run(body, tmp_path) == [
        "a process that unpacked wheels was ended by somebody else",
        "none is left",
    ]


def test_an_interruption_ends_the_forks_and_goes_on(tmp_path: Path) -> None:
    body = """
def work(number):
    if number == 1:
        os.kill(parent, signal.SIGINT)
    time.sleep(30)
begin = time.monotonic()
try:
    fork_map(work, list(range(20)), folder)
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - begin < 10)
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    print("none is left")
"""
    assert run(body, tmp_path) == ["interrupted True", "none is left"]


def test_forks_of_a_parent_that_was_killed_end_with_the_item_at_hand(tmp_path: Path) -> None:
    """Each item leaves a file: once the parent is gone, at most the three that were begun still come."""
    body = """
def work(number):
    time.sleep(0.2)
    open(os.path.join(folder, str(number)), "w").close()
fork_map(work, list(range(60)), folder)
"""
    parent = subprocess.Popen([sys.executable, "-c", _BEGIN + body, tmp_path])
    deadline = time.monotonic() + 30
    while not (tmp_path / "0").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    before = len(list(tmp_path.iterdir()))
    time.sleep(1.5)
    assert len(list(tmp_path.iterdir())) <= before + 3


def test_beside_other_threads_nothing_is_forked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    try:
        assert fork_map(lambda _: os.getpid(), [1, 2, 3], str(tmp_path)) == [os.getpid()] * 3
    finally:
        stop.set()
        other.join()
