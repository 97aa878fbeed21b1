"""The replica of a RHEL 9: real rpm and dnf, Debian 11's packages as signed rpms, a repository of its own.

Not like RHEL: Debian's folders of libraries, most packages' names, no modules, few scriptlets, glibc 2.31.
"""

from __future__ import annotations

import functools
import http.server
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.reach.families.kept import Recipe, made
from tests.support import registry
from tests.support.threads import answering

VENDOR = "registry.access.redhat.com"
"""Whose name a registry of this machine answers to."""
FULL, MINIMAL = "ubi9/ubi", "ubi9/ubi-minimal"
# Of no network (RFC 5737); on the loopback device it is this machine, from every container with network.
_ADDRESS, _PORT = "198.51.100.14", 8019
_HERE = Path(__file__).parent


def recipe() -> Recipe:
    """How it is made."""
    files = {
        "Dockerfile": (_HERE / "rpm.Dockerfile").read_bytes(),
        "deb2rpm.py": (_HERE / "deb2rpm.py").read_bytes(),
        "microdnf.c": Path(registry.__file__).with_name("microdnf.c").read_bytes(),
    }
    arguments = {"BASE": "parity/debian11-py39:latest", "REPOSITORY": f"http://{_ADDRESS}:{_PORT}/"}
    return Recipe("rpm", files, arguments, "work", ("full", "minimal"), "/srv/repo")


@contextmanager
def served() -> Iterator[Recipe]:
    """The replica, made where it is not there, and its repository served for as long as the context lasts."""
    found = recipe()
    repository = made(found)
    subprocess.run(["ip", "address", "replace", f"{_ADDRESS}/32", "dev", "lo"], check=True)
    handler = functools.partial(_Quiet, directory=str(repository))
    server = http.server.ThreadingHTTPServer((_ADDRESS, _PORT), handler)
    try:
        with answering(server):
            yield found
    finally:
        subprocess.run(["ip", "address", "delete", f"{_ADDRESS}/32", "dev", "lo"], check=True)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:  # what is fetched is of no interest
        pass
