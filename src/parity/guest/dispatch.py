"""Runs one guest script: the job comes on stdin, events and the result go to stdout as JSON lines.

Each line begins with a mark that came with the job: what else is said on stdout (a Python that greets,
say) is no event.
"""

import importlib
import json
import sys
import threading
from typing import Dict, List

from .confinement.alone import hide


def run(arguments: List[str]) -> int:
    """Run the guest script named by the first argument; 0 when it gave a result."""
    hide()  # before the mark is read, and before any code of a package can run
    script = importlib.import_module(f".tasks.{arguments[0]}", __package__)
    told = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    # A newline first: what package code wrote to the descriptor without one must not hide the mark.
    head, out = ("\n" + told["mark"]).encode("ascii"), sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever a script prints by mistake must not look like an event
    lock = threading.Lock()

    def emit(event: Dict[str, object]) -> None:
        with lock:
            out.write(head + json.dumps(event).encode("ascii") + b"\n")
            out.flush()

    emit({"event": "result", "result": script.main(told["job"], emit)})
    return 0
