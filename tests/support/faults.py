"""A user whose builds go wrong: with an index of their own, and processes that a test may end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import docker
from tests.support.cli import write_profile
from tests.support.engine import ROOT, engine_words

from parity.docker_engine import DockerEngine
from parity.docker_engine.owner import OWNER, RUN
from parity.engine import ContainerSpec, Mount, Network
from parity.engine.workshop import STORE, STORE_VOLUME
from parity.host.folders import cache_folder
from parity.host.network import host_network
from parity.host.uv_tool import ensure_uv, uv_binary
from parity.resolve import uv_wheel

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_COMMAND = [sys.executable, "-m", "parity"]
_AT_ONCE = 4

T = TypeVar("T")


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str
    pid: int
    seconds: float

    @property
    def output(self) -> str:
        """All it said."""
        return self.stdout + self.stderr

    @property
    def error(self) -> str:
        """The one line that says what went wrong; there is no traceback."""
        assert "Traceback" not in self.output, self.output
        lines = [line for line in self.stderr.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.output
        return lines[0].removeprefix("error: ")

    def line(self, word: str) -> str:
        """What stands after `at:` or `do:`; empty where there is no such line."""
        lines = [line.strip() for line in self.stderr.splitlines()]
        return next((line.removeprefix(f"{word}: ") for line in lines if line.startswith(f"{word}: ")), "")


class User:
    """Somebody with a home, profiles, an index and an output folder of their own.

    Args:
        folder: holds it all; made here.
        index: what PIP_INDEX_URL says.
        requirements: what the profiles install.
        environment: more variables, such as DOCKER_HOST.
        targets: which profiles to write, by the name of what they extend.
    """

    def __init__(
        self,
        folder: Path,
        index: str,
        *requirements: str,
        environment: Mapping[str, str] | None = None,
        targets: Sequence[str] = ("debian11-py39",),
    ) -> None:
        self.folder = folder
        self.out = folder / "dist"
        self.home = folder / "home"
        tools = folder / "parity" / "cache" / "tools"
        for each in (self.home, self.out, tools):
            each.mkdir(parents=True)
        for path in _uv_files():
            (tools / path.name).symlink_to(path)
        self.environment = {
            "PATH": _PATH,
            "HOME": str(self.home),
            "PARITY_HOME": str(folder / "parity"),
            "LC_ALL": "C.UTF-8",
            "PIP_INDEX_URL": index,
            **engine_words(),
            **(environment or {}),
        }
        self.profiles = [
            write_profile(
                folder, f"p{n}", extends=target, product="demo", version="1", requirements=[*requirements]
            )
            for n, target in enumerate(targets)
        ]
        self.lock = folder / "pylock.demo-p0.toml"
        self.bundle = self.out / "demo-1-p0.parity.tar"

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Start `parity WORDS...`."""
        return subprocess.Popen(
            [*_COMMAND, *words],
            cwd=ROOT,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start_build(self, *options: str, **environment: str) -> subprocess.Popen[str]:
        """Start building all profiles."""
        profiles = [str(path) for path in self.profiles]
        return self.start("build", *profiles, "-o", str(self.out), *options, **environment)

    def build(self, *options: str, **environment: str) -> Done:
        """Build all profiles and wait for it."""
        return finish(self.start_build(*options, **environment))

    def run(self, *words: str, **environment: str) -> Done:
        """Run `parity WORDS...` to its end."""
        return finish(self.start(*words, **environment))

    def leftovers(self, pid: int) -> list[str]:
        """What a process that has ended left half done: on disk and at the engine."""
        files = [path for path in self.folder.rglob("*") if path.suffix == ".tmp" or "work-" in path.name]
        return [*map(str, files), *owned_by(pid, self.environment.get("DOCKER_HOST"))]


def finish(process: subprocess.Popen[str], seconds: float = 300, said: str = "") -> Done:
    """Wait for a command; `said` is what was read of its stderr already."""
    begin = time.monotonic()
    with process:
        try:
            stdout, stderr = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return Done(process.returncode, stdout, said + stderr, process.pid, time.monotonic() - begin)


def wait_for(process: subprocess.Popen[str], words: str) -> str:
    """Read a command's stderr until it says these words; gives all that was read."""
    said = ""
    assert process.stderr is not None
    for line in process.stderr:
        said += line
        if words in line:
            return said
    raise AssertionError(f"it ended without saying {words!r}: {said}{finish(process).output}")


def owned_by(pid: int, address: str | None = None) -> list[str]:
    """Names of the containers and volumes that a process owns at the engine."""
    client = docker.APIClient(address or os.environ.get("DOCKER_HOST"))
    try:
        volumes = client.volumes(filters={"label": RUN}).get("Volumes") or ()
        found = [(str(volume["Name"]), volume["Labels"]) for volume in volumes]
        containers = client.containers(all=True, filters={"label": RUN})
        found += [(str(each["Names"][0]), each["Labels"]) for each in containers]
    finally:
        client.close()
    return [name for name, labels in found if labels[OWNER].split(":")[1] == str(pid)]


def side_by_side(tasks: Mapping[str, Callable[[], T]]) -> dict[str, T]:
    """Do several things at once: most of them wait for somebody."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        futures = {name: pool.submit(task) for name, task in tasks.items()}
    return {name: future.result() for name, future in futures.items()}


def in_store(engine: DockerEngine, image: str, script: str, *arguments: str) -> str:
    """Run a shell script in a container that has the real store at /store; gives what it printed."""
    mount = Mount(STORE_VOLUME, STORE, read_only=False)
    engine.ensure_volume(STORE_VOLUME)
    spec = ContainerSpec(image=image, network=Network.NONE, purpose="look", mounts=(mount,))
    with engine.container(spec) as container:
        container.start()
        done = container.exec(["sh", "-c", script, "sh", *arguments])
    assert done.exit_code == 0, done.stderr
    return done.stdout.decode()


@cache
def _uv_files() -> tuple[Path, ...]:
    """The pinned uv of whoever runs the tests, fetched once: an index made by a test has none."""
    wheel = uv_wheel("x86_64")
    path = ensure_uv(wheel, cache_folder(), host_network(None, os.environ))
    return path, uv_binary(wheel, path)
