"""A process that ends with the one that started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

CHILD = """
import os, signal, sys, time
from parity.host.parent import end_with
signal.signal(signal.SIGTERM, lambda *_: (open(sys.argv[2], "w").close(), os._exit(0)))
print(end_with(int(sys.argv[1])), flush=True)
time.sleep(60)
"""
PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid()), sys.argv[2]])
child.wait()
"""


def test_a_child_hears_of_a_parent_that_was_killed(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD, str(heard)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "True\n"
    parent.kill()
    parent.wait()
    until = time.monotonic() + 20
    while not heard.exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    parent.stdout.close()


def test_a_parent_that_is_gone_already_is_told() -> None:
    code = "import sys; from parity.host.parent import end_with; sys.exit(end_with(int(sys.argv[1])))"
    done = subprocess.run([sys.executable, "-c", code, str(os.getpid() + 1)], check=False)
    assert done.returncode == 0
