"""An engine for which a vendor's registry is one of this machine: it alone knows the name so."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.bridges import Bridge, free_bridge
from tests.support.registry import registry
from tests.support.second_engine import SecondEngine

# dockerd takes a name that leads there as insecure, so plain HTTP on the usual port will do.
_ADDRESS = "127.0.0.9"


class KnowingEngine(SecondEngine):
    """A second engine with an /etc/hosts of its own."""

    def __init__(self, folder: Path, bridge: Bridge, hosts: Path) -> None:
        super().__init__(folder, bridge, None)
        self._hosts = hosts

    def _command(self) -> list[str]:
        bound = 'mount --bind "$0" /etc/hosts && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", bound, str(self._hosts), *super()._command()]


@contextmanager
def vendor_engine(host: str, images: Mapping[str, str]) -> Iterator[KnowingEngine]:
    """An engine of its own, and a registry that answers it under a vendor's name.

    Args:
        host: the vendor's.
        images: what the registry has: `repository:tag` → an image of this machine's engine.
    """
    folder = Path(tempfile.mkdtemp(prefix="parity-vendor-"))
    (folder / "hosts").write_text(f"{_ADDRESS} {host}\n" + Path("/etc/hosts").read_text())
    (folder / "engine").mkdir()
    try:
        with registry(folder / "registry", at=f"{_ADDRESS}:80") as served, free_bridge() as bridge:
            for name, image in images.items():
                served.push(image, name)
            engine = KnowingEngine(folder / "engine", bridge, folder / "hosts")
            try:
                engine.start()
                yield engine
            finally:
                engine.close()
    finally:
        shutil.rmtree(folder)
