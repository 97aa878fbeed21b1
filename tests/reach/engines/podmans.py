"""Podman's service, rootful, with a storage and a network of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.reach.engines.cargo import TARGET
from tests.reach.engines.roots import debian_root, inside
from tests.reach.engines.served import NoEngine, Served, folder_of, served
from tests.support.bridges import let_out, shut
from tests.support.namespaced import run_plain

# runc: crun refuses hybrid control groups. No limits above the caller's: that takes CAP_SYS_RESOURCE.
CONF = """
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
[network]
network_backend = "netavark"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
"""
_PACKAGES = ("podman", "runc", "netavark", "nftables", "iptables", "catatonit", "ca-certificates", "procps")
_KEEPER = "reach-keeper"
# netavark takes its rules away while containers are still there, where others start and end at once; the one
# of bookworm (1.4) cannot be told to make none.
_OWN_RULES = {"bookworm": {}, "sid": {"NETAVARK_FW": "none"}}


@contextmanager
def podman(name: str, number: int, suite: str) -> Iterator[Served]:
    """The Podman of a Debian suite, for as long as the context lasts.

    Args:
        name: in the table.
        number: of its bridge and network, unique among those that run at the same time.
        suite: `bookworm` or `sid`.

    Raises:
        NoEngine: it does not come up.
    """
    folder = folder_of(f"podman-{number}")
    (folder / "containers.conf").write_text(CONF)
    (folder / "networks").mkdir()
    (folder / "networks" / "podman.json").write_text(json.dumps(_network(number)))
    places = ("--root", f"{folder}/root", "--runroot", f"{folder}/run")
    service = [
        *("podman", *places, "--network-config-dir", f"{folder}/networks"),
        *("system", "service", "--time=0", f"unix://{folder}/sock"),
    ]
    command = inside(debian_root(suite, "podman", _PACKAGES), folder, service)
    bridge, subnet = f"parity-p{number}", f"10.215.{number}.0/24"
    shut(bridge, subnet)  # a killed run's
    let_out(bridge, subnet)
    try:
        words = {"CONTAINERS_CONF": str(folder / "containers.conf"), **_OWN_RULES[suite]}
        with served(name, folder, command, words) as engine:
            (folder / "sock").chmod(0o660)  # as podman.socket of systemd makes it
            yield engine
    finally:
        shut(bridge, subnet)
        run_plain(["ip", "link", "delete", bridge], check=False)


@contextmanager
def bridge_kept(engine: Served) -> Iterator[None]:
    """Keep Podman's bridge: it is there while a container is on it, and the tests serve on its address.

    Raises:
        NoEngine: Podman starts no container.
    """
    docker = ["docker", "-H", engine.address]
    keeper = [*docker, "run", "-d", "--name", _KEEPER, TARGET, "sleep", "7d"]
    begun = subprocess.run(keeper, check=False, capture_output=True, text=True)
    if begun.returncode:
        raise NoEngine(f"no container of its own starts: {begun.stderr[-2000:]}")
    try:
        yield
    finally:
        # In this order the network's rules go with the last container on it.
        subprocess.run([*docker, "rm", "-f", _KEEPER], check=False, capture_output=True)


def _network(number: int) -> dict[str, object]:
    return {
        "name": "podman",
        "id": "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9",
        "driver": "bridge",
        "network_interface": f"parity-p{number}",
        "created": "2026-01-01T00:00:00Z",
        "subnets": [{"subnet": f"10.215.{number}.0/24", "gateway": f"10.215.{number}.1"}],
        "ipv6_enabled": False,
        "internal": False,
        "dns_enabled": False,
        "ipam_options": {"driver": "host-local"},
    }
