"""Where the benchmark runs: engine, image, index, folders; and the two ways to run something there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from parity.docker_engine import DockerEngine, connect
from parity.engine import Container, ContainerSpec, ImageInfo, Mount, Network
from parity.engine.guests import small_tar
from parity.host.network import host_network
from parity.model.network import HostNetwork
from parity.portable.bundle import ustar

ROOT = Path(__file__).parents[2]
PROFILE = "debian11-py39"
IMAGE = f"parity/{PROFILE}:latest"
PYTHON_MINOR = "3.9"
CA_FILE = "/bench/ca.pem"
REQUIREMENTS = "/bench/requirements.txt"
_MEMORY_DISK = Path("/dev/shm")
_DROP_CACHES = Path("/proc/sys/vm/drop_caches")
_READ = "find /work /usr/lib/python3* /usr/share/python-wheels -type f -print0 | xargs -0 cat >/dev/null"


class MeasurementFailed(Exception):
    """Something that was to be measured did not work."""


@dataclass(frozen=True)
class Ran:
    """A finished child: wall-clock seconds, peak memory in bytes, its output, seconds of processors.

    Memory and processors are those of its own children, too.
    """

    seconds: float
    peak_bytes: int
    output: str
    cpu_seconds: float = 0.0


@dataclass(frozen=True)
class Place:
    """All that the measurements share.

    Attributes:
        engine: the container engine.
        image: the target's image.
        network: this machine's way to the index, the same for us and for the peers.
        requirements: the set's file.
        folder: ours to fill and to empty, `.state/bench`.
    """

    engine: DockerEngine
    image: ImageInfo
    network: HostNetwork
    requirements: Path
    folder: Path

    def child(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Ran:
        """Run a command to its end, after everything earlier has reached the disk.

        Raises:
            MeasurementFailed: it did not succeed; with the end of what it said.
        """
        report = self.folder / "child.json"
        report.unlink(missing_ok=True)
        runner = [sys.executable, "-I", "-S", str(Path(__file__).with_name("child.py")), str(report)]
        os.sync()
        done = subprocess.run(
            [*runner, *map(str, command)],
            env={**os.environ, **(environment or {})},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        told = json.loads(report.read_text()) if report.exists() else {"exit_code": done.returncode or 1}
        if told["exit_code"] != 0:
            said = self.network.redact((done.stderr or done.stdout)[-2000:])
            raise MeasurementFailed(f"{Path(command[0]).name} ended with {told['exit_code']}:\n{said}")
        return Ran(told["seconds"], told["peak_bytes"], done.stdout, told["cpu_seconds"])

    @contextmanager
    def container(self, network: Network, volume: str) -> Iterator[Container]:
        """A started container of the target with the volume at /work; its removal is waited for.

        So does `docker run --rm`, and nothing is left to slow the next measurement.
        """
        spec = ContainerSpec(
            image=self.image.id,
            network=network,
            purpose="bench",
            platform=self.image.platform,
            confined=False,
            mounts=(Mount(volume, "/work", read_only=False),),
        )
        with self.engine.container(spec) as container:
            container.put("/", small_tar(self._carried()))
            container.start()
            yield container
        self.engine.settle()

    def forget(self) -> None:
        """Let the disk forget what was deleted before.

        ext4 without a journal passes by every inode that was deleted in the last minutes before it gives
        one out (`recently_deleted` in fs/ext4/ialloc.c): making 13,000 files took 1.6 s after a removal
        and 0.14 s otherwise. It looks in the page cache alone; only root may empty that.
        """
        os.sync()
        with suppress(OSError):
            _DROP_CACHES.write_text("1", encoding="ascii")

    def calm(self, volume: str) -> None:
        """Forget, and read what will be needed from the disk again."""
        self.forget()
        with self.container(Network.NONE, volume) as container:
            self.inside(container, _READ)

    def inside(self, container: Container, script: str) -> float:
        """Run a shell script in a container; gives the seconds it took.

        Raises:
            MeasurementFailed: it did not succeed.
        """
        begin = time.perf_counter()
        environment = self.peer_environment(CA_FILE) | {"HOME": "/root", "LC_ALL": "C.UTF-8"}
        done = container.exec(["sh", "-euc", script], environment=environment)
        if done.exit_code != 0:
            said = self.network.redact((done.stdout + done.stderr).decode(errors="replace")[-2000:])
            raise MeasurementFailed(f"in the container, exit code {done.exit_code}: {script}\n{said}")
        return time.perf_counter() - begin

    def peer_environment(self, ca_file: str) -> dict[str, str]:
        """What pip and its relatives need to reach the same index by the same way as parity does."""
        found = {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        for key, value in self.network.proxies.items():
            found[f"{key}_proxy"] = value
        if self.network.ca_bundle:
            found |= dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), ca_file)
        if self.network.index_url:
            found["PIP_INDEX_URL"] = self._index_with_login()
        return found

    def _index_with_login(self) -> str:
        address, login = self.network.index_url or "", self.network.index_login
        if login is None:
            return address
        user, password = (quote(part, safe="") for part in login)
        return address.replace("://", f"://{user}:{password}@", 1)

    def _carried(self) -> dict[str, bytes]:
        files = {REQUIREMENTS: self.requirements.read_bytes()}
        if self.network.ca_bundle:
            files[CA_FILE] = self.network.ca_bundle.encode()
        return {path.lstrip("/"): data for path, data in files.items()}

    @cached_property
    def ca_file(self) -> Path:
        """This machine's CA bundle in a file of our own."""
        path = self.folder / "ca.pem"
        path.write_text(self.network.ca_bundle or "", encoding="ascii")
        return path

    def fresh(self, name: str) -> Path:
        """A new empty folder of that name."""
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    @contextmanager
    def quick_folder(self, needed: int) -> Iterator[Path]:
        """An empty folder for so many bytes; in memory where they fit, for when no disk is measured."""
        fits = _MEMORY_DISK.is_dir() and shutil.disk_usage(_MEMORY_DISK).free > needed
        with tempfile.TemporaryDirectory(dir=_MEMORY_DISK if fits else self.folder) as folder:
            yield Path(folder)


@contextmanager
def place(requirement_set: str) -> Iterator[Place]:
    """Find everything, and leave nothing at the engine.

    Raises:
        MeasurementFailed: the image or the set is not there.
    """
    engine = connect()
    try:
        image = engine.image(IMAGE)
        requirements = ROOT / "profiles" / "requirements" / f"{requirement_set}.txt"
        if image is None or not requirements.exists():
            missing = requirements if image else f"image {IMAGE} (make images)"
            raise MeasurementFailed(f"not there: {missing}")
        folder = ROOT / ".state" / "bench"
        folder.mkdir(parents=True, exist_ok=True)
        yield Place(engine, image, host_network(None, os.environ), requirements, folder)
    finally:
        engine.close()


def tar_of(name: str, path: Path) -> Iterator[bytes]:
    """A tar stream of one file of any size."""
    size = path.stat().st_size
    yield ustar.header(name, size)
    with path.open("rb") as file:
        yield from iter(lambda: file.read(1 << 20), b"")
    yield ustar.padding(size) + ustar.END
