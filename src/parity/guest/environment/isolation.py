"""Asserts from inside a container that it is cut off: what the engine promised is not believed."""

import errno
import os
import socket
from typing import Dict, List

from . import confines

_CLOSED = "192.0.2.1"  # TEST-NET-1 (RFC 5737): never anybody's address


def isolation() -> Dict[str, bool]:
    """Each promise of the rehearsal's container, and whether it holds as seen from inside."""
    status = _proc_status()
    return {
        "only-loopback": _interfaces() == ["lo"],
        "no-route-out": not _can_route(),
        "no-capabilities": all(
            int(status.get(each, "f"), 16) == 0 for each in ("CapEff", "CapPrm", "CapInh")
        ),
        "no-new-privileges": status.get("NoNewPrivs") == "1",
        "not-root": os.getuid() != 0,
        "read-only-root": "/" not in confines.writable(),
    }


def capabilities() -> int:
    """The capabilities that are in effect or can be had by running a program, as bits."""
    status = _proc_status()
    # The bounding set, too: a program with file capabilities could bring back what is only not in effect.
    return int(status.get("CapEff", "f"), 16) | int(status.get("CapBnd", "f"), 16)


def _proc_status() -> Dict[str, str]:
    with open("/proc/self/status") as lines:
        return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _interfaces() -> List[str]:
    with open("/proc/net/dev") as lines:
        return sorted(line.partition(":")[0].strip() for line in lines if ":" in line)


def _can_route() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing; the kernel only looks for a route.
            probe.connect((_CLOSED, 9))
        except OSError as error:
            # Any other error is not known to mean "no route", and is not believed.
            return error.errno not in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)
    return True
