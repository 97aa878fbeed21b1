"""Shell lines in a container without network: what whoever receives a bundle would type."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from parity.docker_engine import DockerEngine
from parity.engine import Container, ContainerSpec, Network
from parity.model import PinnedImage

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Typed:
    """How the lines ended; both streams in one text."""

    code: int
    output: str


@contextmanager
def fresh_room(engine: DockerEngine, image: PinnedImage) -> Iterator[Container]:
    """A machine like the target, started, without network."""
    platform = image.platform if image.emulated else None
    spec = ContainerSpec(
        image=image.id, network=Network.NONE, purpose="target", confined=False, platform=platform
    )
    with engine.container(spec) as container:
        container.start()
        yield container


def inside(container: Container, lines: str, *, seconds: float = 300, **environment: str) -> Typed:
    """Run shell lines there."""
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    done = container.exec(
        ["sh", "-c", f"exec 2>&1\n{lines}"],
        environment={"PATH": path, "HOME": "/root", "LC_ALL": "C.UTF-8", **environment},
        timeout=seconds,
    )
    return Typed(done.exit_code, done.stdout.decode(errors="replace"))


def tar_of(path: Path, name: str) -> Iterator[bytes]:
    """A file, or the files of a folder, as a tar stream under `name`."""
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        inner = f"{name}/{file.name}" if path.is_dir() else name
        info = tarfile.TarInfo(inner)
        info.size, info.mode = file.stat().st_size, 0o644
        yield info.tobuf(tarfile.PAX_FORMAT)
        with file.open("rb") as source:
            yield from iter(lambda source=source: source.read(_CHUNK), b"")  # type: ignore[misc]
        yield bytes(-info.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)
