"""The offline install on the target: the bundle's own installer, and pip from the same wheels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.place import REQUIREMENTS, Place, tar_of

from parity.engine import Network

UNPACK = "mkdir /bundle; cd /bundle; tar -xf /work/bundle.tar --strip-components=1; "
OURS = UNPACK + "sh install.sh /opt/app"
PIP = (
    UNPACK + "python3 -m venv /opt/app; "
    "/opt/app/bin/pip install --no-index --find-links /bundle/wheels {options} -r " + REQUIREMENTS
)
WAYS = {
    "install": OURS,
    "install-bare": OURS + " --no-imports",
    "install-pip": PIP.format(options=""),
    "install-pip-plain": PIP.format(options="--no-compile"),
}


@contextmanager
def carried(place: Place, bundle: Path) -> Iterator[str]:
    """A volume that holds the bundle, as a medium would; gives its name."""
    with place.engine.scratch_volume() as volume:
        with place.container(Network.NONE, volume) as container:
            container.put("/work", tar_of("bundle.tar", bundle))
        yield volume


def install(place: Place, volume: str, way: str) -> float:
    """Install in a fresh container without network; its start and removal are not counted."""
    place.calm(volume)
    with place.container(Network.NONE, volume) as container:
        return place.inside(container, WAYS[way])
