"""Runs one guest script: the job comes on stdin, events and the result go to stdout as JSON lines."""

import importlib
import json
import sys
import threading
from typing import Any, Dict, List


def run(arguments: List[str]) -> int:
    """Run the guest script named by the first argument; 0 when it gave a result."""
    script = importlib.import_module("." + arguments[0], __package__)
    job = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    out = sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever a script prints by mistake must not look like an event
    lock = threading.Lock()

    def emit(event: Dict[str, Any]) -> None:
        with lock:
            out.write(json.dumps(event).encode("ascii") + b"\n")
            out.flush()

    emit({"event": "result", "result": script.main(job, emit)})
    return 0
