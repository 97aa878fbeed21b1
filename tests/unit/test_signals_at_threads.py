"""A signal in the middle of a thread's start, or of a step into a context or out of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

# It comes when the thread is there and its `start` has not returned: no test can wait for that moment.
PROGRAM = """
import signal, threading, time
from parity.cli.signals import Signals
from parity.errors import Interrupted, Terminated

signals = Signals()
signals.install()
signals.heed()
real = threading._start_new_thread

def struck(*words):
    threading._start_new_thread = real
    started = real(*words)
    signal.raise_signal(signal.NUMBER)
    return started

threading._start_new_thread = struck
try:
    threading.Thread(target=print, args=("it ran",)).start()
    time.sleep(20)
except (Interrupted, Terminated) as ended:
    print(ended.exit_code)
"""


@pytest.mark.parametrize(("number", "code"), [("SIGINT", "130"), ("SIGTERM", "143")])
def test_a_signal_while_a_thread_starts_ends_the_command_and_lets_the_thread_be(
    number: str, code: str
) -> None:
    program = PROGRAM.replace("NUMBER", number)
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
        )
        assert (sorted(done.stdout.split("\n")), done.stderr) == (["", code, "it ran"], "")


# It comes in a call of C that the library's own Python makes there: no test could wait for that moment.
DOORS = """
import signal, sys, threading, time
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from parity.cli.signals import Signals
from parity.errors import Interrupted

signals = Signals()
signals.install()
signals.heed()
strike = partial(signal.raise_signal, signal.SIGINT)

def condition(**struck):
    # What the lock's own methods are called with and give does not matter here.
    plain = dict.fromkeys(("acquire", "release", "__enter__"), lambda *_: None)
    made = threading.Condition(SimpleNamespace(**plain, __exit__=lambda *_: print("left")))
    made._lock.__dict__.update(struck)
    return made

def generated():
    made = contextmanager(lambda: iter(()))()
    made.gen = map(signal.raise_signal, [signal.SIGINT])
    return made

def waiting():
    made = threading.Condition()
    made._release_save = strike
    made._acquire_restore = lambda _: print("restored")
    return made

def plain():
    takes = lambda *words: False if words else print("restored")
    return threading.Condition(SimpleNamespace(acquire=takes, release=strike))

try:
    HOW
    print("told")
    time.sleep(20)
except Interrupted as ended:
    print(ended.exit_code)
"""


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("with condition(__enter__=strike): print('inside')", ["inside", "left", "told"]),
        ("made = generated(); made.__enter__()", ["told"]),
        ("made = waiting(); made._lock.acquire(); made.wait()", ["restored"]),
        ("plain().wait()", ["restored"]),
    ],
)
def test_a_signal_in_a_door_waits_until_somebody_can_close_it(how: str, said: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DOORS.replace("HOW", how)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout.split(), done.stderr) == ([*said, "130"], "")


SETTLING = """
import os, signal, threading, time
from parity.cli.signals import Signals
from parity.docker_engine.removals import Removals
from parity.errors import Interrupted

signals = Signals()
signals.install()
signals.heed()
removals = Removals()
removals.begin(lambda: (time.sleep(1.5), print("removed")))
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    removals.settle()
except Interrupted:
    removals.wait()
    print("waited")
"""

LEAVING = """
import os, signal, threading, time
from parity.cli.signals import Signals
from parity.errors import Interrupted
from parity.pipeline.context.background import beside

signals = Signals()
signals.install()
signals.heed()
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    with beside(lambda: (time.sleep(1.5), print("tried"))):
        raise ValueError
except Interrupted:
    print("left")
"""


@pytest.mark.parametrize(
    ("program", "said"), [(SETTLING, ["removed", "waited"]), (LEAVING, ["tried", "left"])]
)
def test_a_signal_while_a_thread_is_waited_for_does_not_forget_it(program: str, said: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout.split(), done.stderr) == (said, "")
