"""Whether the kernel killed something in this container for want of memory."""

import os

_FILES = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")  # cgroup v2, v1


def kills() -> int:
    """How many processes of this container were killed over its memory limit; 0 where nobody tells."""
    for path in _FILES:
        if os.path.exists(path):
            with open(path) as lines:
                # Both versions of cgroups call it `oom_kill`; an older v1 has no such line.
                counts = dict(line.split()[:2] for line in lines)
            return int(counts.get("oom_kill", "0"))
    return 0
