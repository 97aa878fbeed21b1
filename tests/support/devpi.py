"""The real devpi, and what any real index server as a child process needs."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.tools import tools_environment

DEVPI = ("devpi-server>=6.20,<7", "devpi-client>=7.3,<8")
USER, PASSWORD = "root", "canary-5ecret"


@dataclass(frozen=True)
class Index:
    """A running index: where to upload, where to install from."""

    upload: str
    simple: str


@contextmanager
def running_devpi(folder: Path, host: str = "127.0.0.1") -> Iterator[Index]:
    """devpi with one index that replaces nothing and one that does; neither inherits from elsewhere."""
    tools = tools_environment(*DEVPI)
    data, client = str(folder / "data"), ["--clientdir", str(folder / "client")]
    run([tools / "devpi-init", "--serverdir", data, "--root-passwd", PASSWORD, "--no-root-pypi"], folder)
    port = free_port(host)
    url = f"http://{host}:{port}/"
    server = [str(tools / "devpi-server"), "--serverdir", data, "--host", host, "--port", str(port)]
    with started(server, f"{url}+api", folder / "log"):
        run([tools / "devpi", "use", *client, url], folder)
        run([tools / "devpi", "login", *client, USER, "--password", PASSWORD], folder)
        run([tools / "devpi", "index", *client, "-c", "prod", "volatile=False", "bases="], folder)
        run([tools / "devpi", "index", *client, "-c", "loose", "volatile=True", "bases="], folder)
        yield Index(f"{url}root/prod/", f"{url}root/prod/+simple/")


@contextmanager
def started(command: Sequence[str], ready: str, log: Path) -> Iterator[None]:
    """A server as a child process, from its first answer at `ready` on."""
    with (
        log.open("wb") as file,
        subprocess.Popen(command, stdout=file, stderr=file, cwd=log.parent) as process,
    ):
        try:
            for _ in range(300):
                assert process.poll() is None, log.read_text()
                if answers(ready):
                    break
                time.sleep(0.1)
            yield
        finally:
            process.terminate()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own
            return True
    except OSError:
        return False


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket() as one:
        one.bind((host, 0))
        return int(one.getsockname()[1])


def run(command: Sequence[str | Path], folder: Path) -> None:
    environment = {"PATH": os.defpath, "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [str(word) for word in command],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
