"""What is judged ahead is what the audit would find, and what goes wrong there stops nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.index import tiny_wheel
from tests.support.wheels import make_wheel

from parity.guest.wheels import resources
from parity.portable.wheel.wheelset import WheelFile, judge_set, sha256_of

_BEGIN = """
import contextlib, json, os, signal, sys, threading
from parity.portable.wheel.wheelset import WheelFile
from parity.guest.wheels.audit_pool import AuditPool
wheels, cache, kill, wait = json.load(sys.stdin)
pool = AuditPool(cache)
assert threading.active_count() == 1  # a thread that is there while others fork may never go on
for fork in pool.forks[: {"none": 0, "one": 1, "all": 99}[kill]]:
    os.kill(fork, signal.SIGKILL)
    os.waitid(os.P_PID, fork, os.WEXITED | os.WNOWAIT)  # or it takes a wheel first
for wheel in wheels:
    pool.begin(WheelFile(*wheel), own=True)
forks = pool.forks
pool.close()
for fork in forks if wait else ():
    with contextlib.suppress(ChildProcessError):
        os.waitpid(fork, 0)
"""


def ahead(wheels: list[WheelFile], cache: Path, kill: str = "none", *, wait: bool = True) -> None:
    """In a process of its own: here are threads, and it forks. `wait` is for the end of its forks."""
    job = json.dumps([wheels, str(cache), kill, wait])
    begin = [sys.executable, "-W", "error", "-c", _BEGIN]
    subprocess.run(begin, input=job, text=True, check=True, timeout=20, capture_output=True)


def wheel_file(path: Path, package: str) -> WheelFile:
    return WheelFile(str(path), path.name, package, "1.0", sha256_of(str(path)))


def test_the_audit_finds_what_was_judged_ahead(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    good = wheel_file(tiny_wheel(tmp_path, "good"), "good")
    bad = wheel_file(tiny_wheel(tmp_path, "bad"), "another")
    gone = WheelFile(str(tmp_path / "gone.whl"), "gone-1.0-py3-none-any.whl", "gone", "1.0", "0" * 64)
    ahead([good, gone, bad], cache)
    found = judge_set([good, bad], cache=str(cache))
    assert found.judged == 0
    assert [verdict.kind for verdict in found.verdicts] == ["name-mismatch"]


@pytest.mark.parametrize(("kill", "left"), [("one", 0), ("all", 1)])
def test_judges_that_are_killed_stop_nobody(tmp_path: Path, kill: str, left: int) -> None:
    good = wheel_file(tiny_wheel(tmp_path, "good"), "good")
    ahead([good], tmp_path / "cache", kill)
    if os.cpu_count() == 1:
        left = 1  # there was but one
    assert judge_set([good], cache=str(tmp_path / "cache")).judged == left


def test_more_than_the_pipe_holds_waits_and_is_judged(tmp_path: Path) -> None:
    wheels = [wheel_file(tiny_wheel(tmp_path, f"good{n}"), f"good{n}") for n in range(8)]
    gone = WheelFile(str(tmp_path / "gone.whl"), "gone-1.0-py3-none-any.whl", "gone", "1.0", "0" * 64)
    ahead([*([gone] * 2000), *wheels], tmp_path / "cache")
    assert judge_set(wheels, cache=str(tmp_path / "cache")).judged == 0


def test_nobody_who_reads_the_streams_waits_for_the_last_judge(tmp_path: Path) -> None:
    slow = tmp_path / "slow-1.0-py3-none-any.whl"
    os.mkfifo(slow)
    ahead([WheelFile(str(slow), slow.name, "slow", "1.0", "0" * 64)], tmp_path / "cache", wait=False)
    os.close(_opened_for_its_reader(slow))  # a judge is there still


def _opened_for_its_reader(fifo: Path) -> int:
    for _ in range(200):
        try:
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # noqa: PERF203 - nobody reads it yet
            time.sleep(0.05)
    pytest.fail("nobody reads it")


@pytest.mark.parametrize("use", [b"import pkg_resources\n", b"import os\n"])
def test_who_imports_pkg_resources_is_known_ahead(tmp_path: Path, use: bytes) -> None:
    wheel = wheel_file(make_wheel(tmp_path, "alpha", "1.0", {"alpha/cmd/main.py": use}), "alpha")
    cache = tmp_path / "cache"
    ahead([wheel], cache)
    Path(wheel.path).write_bytes(b"")
    assert resources.uses(wheel.path, wheel.sha256, None, str(cache)) == (b"pkg" in use)
    assert not resources.uses(wheel.path, wheel.sha256, resources.TOP, str(cache))


def test_nothing_is_remembered_under_what_is_no_digest(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "alpha", "1.0", {"alpha/main.py": b"import pkg_resources\n"})
    cache = tmp_path / "cache"
    cache.mkdir()
    assert resources.uses(str(wheel), "../../elsewhere", None, str(cache))
    assert [*cache.iterdir(), *tmp_path.parent.glob("elsewhere*")] == []
