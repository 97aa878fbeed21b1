"""Where a secret may have got to: what the engine records, every command line, every file of a user."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import docker
from tests.support.engine import docker_client
from tests.support.faults import Done, User, finish, owned_by
from tests.support.index import PackageIndex, gateway

SEARCH_STORE = 'for each; do grep -raFl -e "$each" /store; done; true'
"""A shell script (see `in_store`) that names the files of the store that hold one of its arguments."""


def spellings(user: str, password: str) -> list[str]:
    """A password as itself, quoted, and as both are sent (RFC 7617), also in the middle of something."""
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return sorted({password, quote(password, safe=""), encoded, encoded.rstrip("=")[:-2]})


def history(image: str) -> str:
    """What the engine knows of an image and its layers."""
    client = docker_client()
    try:
        return json.dumps([client.inspect_image(image), client.history(image)])  # type: ignore[no-untyped-call]
    finally:
        client.close()


LOGIN = ("canary-user", f"canary-{secrets.token_hex(8)}")
"""What the index of a test demands, and what must not be found anywhere but there."""


def with_address(index: PackageIndex, folder: Path) -> User:
    """A user whose index's address holds the login."""
    address = index.url.replace("://", f"://{LOGIN[0]}:{LOGIN[1]}@")
    return User(folder, address, "alpha")


def with_netrc(index: PackageIndex, folder: Path) -> User:
    """A user whose netrc holds the login."""
    user = User(folder, index.url, "alpha")
    netrc = user.home / ".netrc"
    netrc.write_text(f"machine {gateway()} login {LOGIN[0]} password {LOGIN[1]}\n")
    netrc.chmod(0o600)
    return user


def watched(process: subprocess.Popen[str]) -> tuple[Done, Watch]:
    """Wait for a command, looking at all that is to be seen of it meanwhile."""
    watch = Watch(process.pid)
    done = finish(process)
    watch.stop()
    return done, watch


def leaks(places: Mapping[str, str]) -> list[tuple[str, str]]:
    """Where the secrets stand, each with its spelling."""
    return [
        (place, secret) for place, text in places.items() for secret in spellings(*LOGIN) if secret in text
    ]


class Watch:
    """Looks at all that the engine records of a process's containers, and at all command lines."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.seen = ""
        self.containers: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        client = docker_client()
        while not self._over.wait(0.05):
            for name in owned_by(self.pid):
                self._record(client, name.lstrip("/"))
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):  # it has ended meanwhile
                    self.seen += path.read_bytes().decode(errors="replace")
        client.close()

    def _record(self, client: docker.APIClient, name: str) -> None:
        try:
            found = client.inspect_container(name)
            self.seen += json.dumps(found) + client.logs(name).decode(errors="replace")
            self.seen += "".join(json.dumps(client.exec_inspect(each)) for each in found["ExecIDs"] or ())
        except docker.errors.APIError:  # it has gone meanwhile
            return
        self.containers.add(name.split("-")[1])

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file below a folder but netrc, and what is signed in it."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name != ".netrc":
            data = path.read_bytes()
            yield str(path), data.decode("latin-1")
            if path.name.endswith(".parity.tar"):
                envelope = json.loads(data[512:65536])
                yield f"{path}: statement", base64.b64decode(envelope["payload"]).decode()
