"""Connections to hosts whose names are looked up once."""

import socket
import threading
from typing import Dict, List, Optional, Tuple


class _Names:
    """Host names looked up once for all threads: a burst of lookups loses packets, and each costs 5 s."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: Dict[Tuple[str, int], List[str]] = {}

    def addresses(self, host: str, port: int) -> List[str]:
        """The numeric addresses of a host, in the resolver's order; raises socket.gaierror."""
        with self._lock:
            if (host, port) not in self._known:
                # Under the lock: of many threads that want the same name one asks, the others get its answer.
                answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                self._known[host, port] = [str(answer[4][0]) for answer in answers]
            return self._known[host, port]


_NAMES = _Names()


def connected(
    address: Tuple[str, int], timeout: Optional[float] = None, source: Optional[Tuple[str, int]] = None
) -> socket.socket:
    """As `socket.create_connection`, with names that are looked up once."""
    first, *others = _NAMES.addresses(*address)
    try:
        return socket.create_connection((first, address[1]), timeout, source)
    except OSError:
        if not others:
            raise
    # One other try and no more: each costs the whole time limit again.
    return socket.create_connection((others[0], address[1]), timeout, source)
