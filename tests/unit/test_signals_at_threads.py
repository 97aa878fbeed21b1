"""A signal in the middle of a thread's start."""

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
