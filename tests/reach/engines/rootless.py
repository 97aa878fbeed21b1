"""Engines that an ordinary user runs: Debian 12's Podman and Docker, in a root of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.reach.engines.podmans import CONF
from tests.reach.engines.roots import debian_root, inside
from tests.reach.engines.served import Served, folder_of, served

_PACKAGES = (
    *("podman", "docker.io", "runc", "rootlesskit", "slirp4netns", "fuse-overlayfs", "uidmap", "catatonit"),
    *("netavark", "iptables", "iproute2", "ca-certificates", "procps"),
)
# Devices of its own, since those of the machine are root's alone; a proc of its own, as a machine has it.
_AS_TESTER = """
set -e
folder=$1; shift
id tester >/dev/null 2>&1 || useradd --create-home --uid 1000 --shell /bin/sh tester
mkdir -p /run/user/1000 /run/devices
mknod -m 666 /run/devices/fuse c 10 229
mknod -m 666 /run/devices/tun c 10 200
mount --bind /run/devices/fuse /dev/fuse
mount --bind /run/devices/tun /dev/net/tun
mount -t proc proc /proc
chown tester: /run/user/1000 "$folder"
exec setpriv --reuid=tester --regid=tester --init-groups --inh-caps=-all env -i \\
  HOME=/home/tester USER=tester LOGNAME=tester LANG=C.UTF-8 XDG_RUNTIME_DIR=/run/user/1000 \\
  PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin CONTAINERS_CONF="$folder/containers.conf" \\
  DOCKERD_ROOTLESS_ROOTLESSKIT_NET=slirp4netns DOCKERD_ROOTLESS_ROOTLESSKIT_PORT_DRIVER=builtin "$@"
"""


@contextmanager
def rootless_podman() -> Iterator[Served]:
    """Podman 4.3 as a user's service; NoEngine where it does not come up."""
    places = ("--root", "{0}/root", "--storage-driver", "overlay")
    service = ("podman", *places, "system", "service", "--time=0", "unix://{0}/sock")
    with _served("podman 4.3 rootless", service) as engine:
        yield engine


@contextmanager
def rootless_docker() -> Iterator[Served]:
    """Docker 20.10 as a user's service; NoEngine where it does not come up."""
    script = "/usr/share/docker.io/contrib/dockerd-rootless.sh"
    places = ("--data-root", "{0}/data", "--pidfile", "{0}/pid")
    with _served("docker 20.10 rootless", (script, *places, "--host", "unix://{0}/sock")) as engine:
        yield engine


@contextmanager
def _served(name: str, command: Sequence[str]) -> Iterator[Served]:
    root = debian_root("bookworm", "rootless", _PACKAGES)
    folder = folder_of(name.replace(" ", "-"))
    (folder / "containers.conf").write_text(CONF)
    words = ["sh", "-c", _AS_TESTER, "as", str(folder), *(word.format(folder) for word in command)]
    with served(name, folder, inside(root, folder, words)) as engine:
        yield engine
