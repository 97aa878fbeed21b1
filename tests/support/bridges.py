"""A network bridge for an engine of our own, and the way out of it."""

from __future__ import annotations

from tests.support.namespaced import run_plain


class Bridge:
    """A bridge with an address, whose guests reach what this machine reaches.

    dockerd's own rules are off where one is used: two of them would flush each other's chains.
    """

    def __init__(self, name: str, network: str) -> None:
        self.name = name
        self.network = f"{network}.0/24"
        self.gateway = f"{network}.1"

    def make(self) -> None:
        """Make it and its rules."""
        run_plain(["ip", "link", "add", self.name, "type", "bridge"])
        run_plain(["ip", "address", "add", f"{self.gateway}/24", "dev", self.name])
        run_plain(["ip", "link", "set", self.name, "up"])
        for rule in self._rules():
            run_plain(["iptables", *rule])

    def remove(self) -> None:
        """Remove both, as far as they are there."""
        for rule in self._rules():
            deleted = ["-D" if word == "-I" else word for word in rule]
            run_plain(["iptables", *deleted], check=False)
        run_plain(["ip", "link", "delete", self.name], check=False)

    def _rules(self) -> list[list[str]]:
        masquerade = ["-s", self.network, "!", "-o", self.name, "-j", "MASQUERADE"]
        return [
            ["-t", "nat", "-I", "POSTROUTING", *masquerade],
            ["-I", "FORWARD", "-i", self.name, "-j", "ACCEPT"],
            ["-I", "FORWARD", "-o", self.name, "-j", "ACCEPT"],
        ]
