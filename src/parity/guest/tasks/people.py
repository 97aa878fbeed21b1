"""Who runs in this container, and whether the kernel killed anybody for want of memory.

Job:
    {"user": number}
Result:
    {"processes": how many that user runs, "memory_kills": see `memory.kills`}
"""

import os
from typing import TYPE_CHECKING

from ..environment import memory
from ..events import Emit

if TYPE_CHECKING:
    from ...wire.rehearsing import PeopleJob, PeopleResult


def main(job: "PeopleJob", emit: Emit) -> "PeopleResult":
    """Look, and change nothing; see the module's docstring."""
    del emit
    mine = [pid for pid in os.listdir("/proc") if pid.isdigit() and _runs(pid, job["user"])]
    return {"processes": len(mine), "memory_kills": memory.kills()}


def _runs(pid: str, user: int) -> bool:
    try:
        with open("/proc/%s/status" % pid) as lines:
            status = {key: value.split() for key, _, value in (line.partition(":") for line in lines)}
    except OSError:
        return False  # it has just ended
    return str(user) in status["Uid"] and status["State"][0] not in "ZX"
