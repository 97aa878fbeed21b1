"""Ctrl-C, SIGTERM, an engine that goes away: one clear line, soon, and nothing left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.support.engine import ROOT
from tests.support.faults import Done, User, finish, owned_by, side_by_side, wait_for
from tests.support.index import PackageIndex, gateway, tiny_wheel
from tests.support.second_engine import SecondEngine

from parity.model import PinnedImage

pytestmark = pytest.mark.engine

ENDS = {signal.SIGINT: (130, "interrupted"), signal.SIGTERM: (143, "terminated")}
INSIDE = ["installing with the bundle's own", "importing every"]
MOMENTS = {
    signal.SIGINT: [": image", ": probe", ": fetch", *INSIDE, ": pack"],
    signal.SIGTERM: [": resolve", ": audit", ": rehearse", ": pack"],
}
SIDE_BY_SIDE = {signal.SIGINT: "p2: pack", signal.SIGTERM: "p1: rehearse"}  # earlier ones are MOMENTS
TARGETS = ("debian11-py39", "debian12-py311", "debian13-py313")


@pytest.fixture(scope="module")
def slow_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackageIndex]:
    """Serves two packages, each file a moment late."""
    wheels = tmp_path_factory.mktemp("wheels")
    tiny_wheel(wheels, "alpha", requires=["beta"])
    tiny_wheel(wheels, "beta")
    with PackageIndex(wheels, host=gateway()) as index:
        index.fail(".whl", delay=0.2)
        yield index


def signalled(user: User, number: signal.Signals, words: str) -> Done:
    """A build that gets a signal as soon as it says these words."""
    process = user.start_build("--fresh", "--upgrade")
    said = wait_for(process, words)
    process.send_signal(number)
    return finish(process, 90, said)


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether the process has a handler for the signal (proc(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(line for line in lines if line.startswith("SigCgt:")).split()[1]
    return bool(int(caught, 16) >> (number - 1) & 1)


def assert_ended_well(user: User, done: Done, number: signal.Signals, seconds: float = 15) -> None:
    code, word = ENDS[number]
    assert (done.code, done.error) == (code, word)
    assert "repeat" in done.line("do") or "again" in done.line("do")
    assert done.seconds < seconds
    assert user.leftovers(done.pid) == []
    assert not list(user.out.iterdir())


@pytest.mark.parametrize("number", ENDS)
def test_a_signal_at_every_stage_leaves_nothing(
    number: signal.Signals, debian11: PinnedImage, slow_index: PackageIndex, tmp_path: Path
) -> None:
    users = {
        words: User(tmp_path / str(n), slow_index.url, "alpha") for n, words in enumerate(MOMENTS[number])
    }
    ended = side_by_side(
        {words: partial(signalled, users[words], number, words) for words in MOMENTS[number]}
    )
    for words, done in ended.items():
        # Six at once, each with containers to remove, beside the other tests.
        assert_ended_well(users[words], done, number, seconds=60)


@pytest.mark.parametrize("number", ENDS)
def test_a_signal_ends_several_profiles_at_once(
    number: signal.Signals,
    debian11: PinnedImage,
    debian12: PinnedImage,
    debian13: PinnedImage,
    slow_index: PackageIndex,
    tmp_path: Path,
) -> None:
    user = User(tmp_path / "user", slow_index.url, "alpha", targets=TARGETS)
    done = signalled(user, number, SIDE_BY_SIDE[number])
    assert (done.code, done.error) == ENDS[number]
    assert user.leftovers(done.pid) == []
    assert all(bundle.suffix == ".tar" for bundle in user.out.iterdir())


def test_a_signal_while_the_command_starts_is_taken_too(slow_index: PackageIndex, tmp_path: Path) -> None:
    user = User(tmp_path / "user", slow_index.url, "alpha")
    for delay in (0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4):
        process = user.start_build("--fresh")
        while not catches(process.pid, signal.SIGTERM):
            time.sleep(0.001)
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        done = finish(process)
        assert_ended_well(user, done, signal.SIGINT)


def test_two_more_signals_end_even_a_command_that_cleans_up(
    slow_index: PackageIndex, debian11: PinnedImage, tmp_path: Path
) -> None:
    user = User(tmp_path / "user", slow_index.url, "alpha")
    process = user.start_build("--fresh")
    wait_for(process, ": resolve")
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    assert finish(process, 30).code == 130
    assert user.build().code == 0
    assert owned_by(process.pid) == []


def lost(user: User, there: SecondEngine, words: str) -> Done:
    """A build whose engine is gone when it says these words."""
    process = user.start_build("--fresh")
    said = wait_for(process, words)
    there.kill()
    return finish(process, 60, said)


@pytest.mark.parametrize(("words", "profiles"), [(": fetch", 1), ("installing with", 1), (": rehearse", 2)])
def test_an_engine_that_goes_away_is_told_in_one_line(
    words: str, profiles: int, doomed: SecondEngine, slow_index: PackageIndex, tmp_path: Path
) -> None:
    with PackageIndex(slow_index.wheels, host=doomed.gateway) as index:
        targets = ["debian11-py39"] * profiles
        user = User(tmp_path / "u", index.url, "alpha", environment=doomed.environment, targets=targets)
        done = lost(user, doomed, words)
    lines = [line for line in done.stderr.splitlines() if "the container engine went away" in line]
    assert done.code == (21 if profiles == 1 else 83)
    assert len(lines) == profiles
    assert "Traceback" not in done.output
    assert "start the engine again" in done.stderr
    assert done.seconds < 50
    assert not list(user.out.iterdir())


DEAF = """
import os, signal, sys, time
from parity.cli.signals import Signals
from parity.errors import Interrupted
signals = Signals()
signals.install()
signals.heed()
class Deaf:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
try:
    Deaf()
    time.sleep(20)
except Interrupted:
    print("heard")
"""


def test_a_signal_is_not_lost_in_a_finaliser_that_swallows_exceptions() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DEAF], cwd=ROOT, capture_output=True, text=True, check=False, timeout=15
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "heard\n", "")
