"""The facts of real images, held against what packaging says in the same container."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from parity.docker_engine import DockerEngine
from parity.engine import ContainerSpec, Network
from parity.engine.guests import guest_tar, run_guest
from parity.model import PinnedImage
from parity.wire.rehearsing import Nothing
from parity.wire.tasks import PROBE

pytestmark = pytest.mark.engine

_ASK = """
import json, sys
sys.path.insert(0, "/")
from packaging import markers, tags
print(json.dumps([[str(tag) for tag in tags.sys_tags()], dict(markers.default_environment())]))
"""


def _packaging(folder: Path, python: str) -> bytes:
    """The newest packaging that a target's Python runs, as a tar archive: newer ones want a newer Python."""
    command = [sys.executable, "-I", "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += [
        "--no-deps",
        "--only-binary=:all:",
        f"--python-version={python}",
        f"--dest={folder}",
        "packaging",
    ]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("*.whl")
    shutil.unpack_archive(wheel, folder / "unpacked", "zip")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(folder / "unpacked" / "packaging", "packaging")
    return buffer.getvalue()


IMAGES = {
    "debian11": ("11", [2, 31], "20.3.4", "3.9"),
    "debian12": ("12", [2, 36], "23.0.1", "3.11"),
    "debian13": ("13", [2, 41], "25.1.1", "3.13"),
}


@pytest.mark.parametrize("name", IMAGES)
def test_tags_and_markers_are_those_of_packaging(
    engine: DockerEngine, request: pytest.FixtureRequest, tmp_path: Path, name: str
) -> None:
    version, libc, pip, python = IMAGES[name]
    image: PinnedImage = request.getfixturevalue(name)
    spec = ContainerSpec(image=image.id, network=Network.NONE, purpose="facts", user="65534:65534")
    with engine.container(spec) as container:
        container.put("/", guest_tar())
        container.put("/", _packaging(tmp_path, python))
        container.start()
        nothing: Nothing = {}
        facts: Any = run_guest(container, "/usr/bin/python3", PROBE, nothing)
        tags, markers = json.loads(container.exec(["/usr/bin/python3", "-I", "-B", "-c", _ASK]).stdout)
    assert facts["tags"] == tags
    assert facts["markers"] == markers
    assert facts["os"] == {"id": "debian", "version": version, "name": facts["os"]["name"]}
    assert facts["os"]["name"].startswith(f"Debian GNU/Linux {version}")
    assert (facts["libc"]["family"], facts["libc"]["version"]) == ("glibc", libc)
    assert (facts["pip"], set(facts["pip_tags"])) == (pip, set(tags))
    assert (facts["has_venv"], facts["bits"], facts["executable"]) == (True, 64, "/usr/bin/python3")
