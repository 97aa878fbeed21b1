"""Newer Dockers than the machine's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.reach.engines.roots import debian_root, inside
from tests.reach.engines.served import Served, folder_of, served
from tests.support.bridges import free_bridge

_PACKAGES = ("docker.io", "iptables", "iproute2", "ca-certificates", "procps")


@contextmanager
def docker(name: str, suite: str, *options: str) -> Iterator[Served]:
    """The Docker of a Debian suite, for as long as the context lasts.

    Args:
        name: in the table.
        suite: `trixie`, `sid`.
        options: dockerd's.

    Raises:
        NoEngine: it does not come up.
    """
    root = debian_root(suite, "docker", _PACKAGES)
    folder = folder_of(name)
    with free_bridge() as bridge:
        command = [
            *("dockerd", "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"),
            *(f"--host=unix://{folder}/sock", f"--bridge={bridge.name}", f"--pidfile={folder}/pid"),
            *("--iptables=false", "--ip6tables=false", "--ip-masq=false", *options),
        ]
        with served(name, folder, inside(root, folder, command)) as engine:
            yield engine
