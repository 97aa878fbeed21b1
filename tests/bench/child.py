"""Run one command and write down how long it took and its peak memory.

Started as a small process of its own, because a child's peak starts at what its parent occupies.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main(report: str, command: list[str]) -> None:
    begin = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - begin
    document = {
        "seconds": seconds,
        "exit_code": os.waitstatus_to_exitcode(status),
        "peak_bytes": usage.ru_maxrss * 1024,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
    }
    with open(report, "w", encoding="ascii") as file:
        json.dump(document, file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
