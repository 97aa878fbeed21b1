"""A time limit for the head of a registry's answer, which the socket's own does not give.

A timeout of a socket begins anew with each byte, so that a head which drips would never end.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection


def _within(seconds: Callable[[], float]) -> dict[str, type]:
    """Pools whose connections close themselves where a head has not come in time."""

    class TimedConnection(HTTPConnection):
        def getresponse(self) -> Any:
            """The next answer's head."""
            waited = self.sock.gettimeout() if self.sock else None
            late = threading.Event()
            timer = threading.Timer((waited or 0.0) + seconds(), self._end, [late])
            timer.daemon = True
            timer.start()
            try:
                answer = super().getresponse()
            finally:
                timer.cancel()
            if late.is_set():  # a head that was cut passes for one that is whole
                raise TimeoutError("its answer comes too slowly")
            return answer

        def _end(self, late: threading.Event) -> None:
            late.set()
            with suppress(OSError, AttributeError):
                self.sock.shutdown(socket.SHUT_RDWR)

    class TimedTlsConnection(TimedConnection, HTTPSConnection):
        pass

    plain = type("TimedPool", (urllib3.HTTPConnectionPool,), {"ConnectionCls": TimedConnection})
    tls = type("TimedTlsPool", (urllib3.HTTPSConnectionPool,), {"ConnectionCls": TimedTlsConnection})
    return {"http": plain, "https": tls}


class TimedAdapter(HTTPAdapter):
    """Requests' adapter whose heads come in time, or not at all.

    Args:
        seconds: gives how long a head may take beyond the wait for its first byte.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        super().__init__()

    def init_poolmanager(self, *args: Any, **how: Any) -> None:
        """As the base class does it, with connections of our own."""
        super().init_poolmanager(*args, **how)
        self.poolmanager.pool_classes_by_scheme = _within(self._seconds)

    def proxy_manager_for(self, proxy: str, **how: Any) -> urllib3.ProxyManager:
        """The same by way of a proxy."""
        manager: urllib3.ProxyManager = super().proxy_manager_for(proxy, **how)
        manager.pool_classes_by_scheme = _within(self._seconds)
        return manager
