"""What people do today: pip in a matching container, and pex."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tests.bench.place import PYTHON_MINOR, REQUIREMENTS, Place, Ran

from parity.engine import Network
from parity.model import PinnedImage
from parity.probe import measure

DOWNLOAD = f"pip3 download --only-binary=:all: -r {REQUIREMENTS} -d /work/wheels"
INSTALL = (
    "python3 -m venv /opt/venv; "
    f"/opt/venv/bin/pip install --no-index --find-links /work/wheels -r {REQUIREMENTS}"
)
PACK = (
    "cd /work; tar -czf wheels.tar.gz wheels; "
    "openssl dgst -sha256 -sign key.pem -out wheels.sig wheels.tar.gz"
)
_KEY = "openssl ecparam -name prime256v1 -genkey -noout -out /work/key.pem"


def recipe(place: Place) -> dict[str, float]:
    """The articles' recipe, containers started and removed included; the key was there before.

    Wheels pass from one container to the next in a volume, which costs the recipe nothing.
    """
    parts: dict[str, float] = {}
    with place.engine.scratch_volume() as volume:
        with place.container(Network.NONE, volume) as container:
            place.inside(container, _KEY)
        place.calm(volume)
        begin = time.perf_counter()
        with place.container(Network.DEFAULT, volume) as container:
            parts["recipe-download"] = place.inside(container, DOWNLOAD)
        with place.container(Network.NONE, volume) as container:
            parts["recipe-install"] = place.inside(container, INSTALL)
            parts["recipe-pack"] = place.inside(container, PACK)
        parts["recipe"] = time.perf_counter() - begin
    return parts


class Pex:
    """pex in a virtual environment of its own, told the target by the image's own facts."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._bin = place.folder / "pex" / "bin"
        self._platform = place.folder / "complete-platform.json"
        self.version = ""

    def prepare(self) -> None:
        """Install the newest pex and write the complete platform; not measured."""
        if not (self._bin / "python").exists():
            self._place.child([sys.executable, "-m", "venv", self._bin.parent])
        self._run(self._bin / "python", "-m", "pip", "install", "--quiet", "--upgrade", "pex")
        self.version = self._run(self._bin / "pex3", "--version").output.strip()
        self._platform.write_text(json.dumps(self._facts()), encoding="utf-8")

    def download(self) -> Ran:
        """Download the set with a cold cache."""
        root, wheels = self._place.fresh("pex-root"), self._place.fresh("pex-wheels")
        return self._run(
            *(self._bin / "pex3", "download", "--use-pip-config", "--pex-root", root, "--no-build"),
            *("--complete-platform", self._platform, "-r", self._place.requirements, "-d", wheels),
        )

    def _run(self, *command: str | Path) -> Ran:
        environment = self._place.peer_environment(str(self._place.ca_file))
        return self._place.child(command, {"PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": "", **environment})

    def _facts(self) -> dict[str, object]:
        image = self._place.image
        pinned = PinnedImage(image.id, "", "bench", image.platform, "local")
        facts = measure(self._place.engine, pinned, PYTHON_MINOR)
        return {"marker_environment": facts["markers"], "compatible_tags": facts["tags"]}
