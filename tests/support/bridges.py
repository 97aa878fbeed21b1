"""A network bridge for an engine of our own, and the way out of it."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.namespaced import run_plain

_NUMBERS = range(1, 255)
_LOCKS = Path(tempfile.gettempdir()) / "parity-bridges"
"""A lock for each number: the kernel opens it when its holder dies, so what was left is seen as left."""


class Bridge:
    """A bridge with an address, whose guests reach what this machine reaches.

    dockerd's own rules are off where one is used: two of them would flush each other's chains.
    """

    def __init__(self, number: int) -> None:
        self.name = f"parity-t{number}"
        self.network = f"10.213.{number}.0/24"
        self.gateway = f"10.213.{number}.1"

    def make(self) -> None:
        """Make it and its rules."""
        run_plain(["ip", "link", "add", self.name, "type", "bridge"])
        run_plain(["ip", "address", "add", f"{self.gateway}/24", "dev", self.name])
        run_plain(["ip", "link", "set", self.name, "up"])
        let_out(self.name, self.network)

    def remove(self) -> None:
        """Remove both, as far as they are there."""
        shut(self.name, self.network)
        run_plain(["ip", "link", "delete", self.name], check=False)


def let_out(bridge: str, network: str) -> None:
    """Let a network reach what this machine reaches, whether its bridge is there yet or not."""
    for rule in _rules(bridge, network):
        run_plain(["iptables", *rule])


def shut(bridge: str, network: str) -> None:
    """Take that back, as far as it was."""
    for rule in _rules(bridge, network):
        deleted = ["-D" if word == "-I" else word for word in rule]
        run_plain(["iptables", *deleted], check=False)


def _rules(bridge: str, network: str) -> list[list[str]]:
    masquerade = ["-s", network, "!", "-o", bridge, "-j", "MASQUERADE"]
    return [
        ["-t", "nat", "-I", "POSTROUTING", *masquerade],
        ["-I", "FORWARD", "-i", bridge, "-j", "ACCEPT"],
        ["-I", "FORWARD", "-o", bridge, "-j", "ACCEPT"],
    ]


@contextmanager
def free_bridge() -> Iterator[Bridge]:
    """A bridge that no other process uses, for as long as the context lasts.

    One that a killed run left is taken over: it is removed and made again.

    Raises:
        RuntimeError: every number is in use.
    """
    _LOCKS.mkdir(exist_ok=True)
    for number in _NUMBERS:
        with (_LOCKS / str(number)).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            bridge = Bridge(number)
            bridge.remove()
            try:
                bridge.make()
                yield bridge
            finally:
                bridge.remove()
            return
    raise RuntimeError(f"every bridge in {_LOCKS} is in use")
