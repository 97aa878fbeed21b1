"""The facts of real images, held against what packaging says in the same container."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import packaging
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


def _packaging() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(Path(packaging.__file__).parent, "packaging")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "version", "libc", "pip"),
    [
        ("debian11", "11", [2, 31], "20.3.4"),
        ("debian12", "12", [2, 36], "23.0.1"),
        ("debian13", "13", [2, 41], "25.1.1"),
    ],
)
def test_tags_and_markers_are_those_of_packaging(
    engine: DockerEngine, request: pytest.FixtureRequest, name: str, version: str, libc: list[int], pip: str
) -> None:
    image: PinnedImage = request.getfixturevalue(name)
    spec = ContainerSpec(image=image.id, network=Network.NONE, purpose="facts", user="65534:65534")
    with engine.container(spec) as container:
        container.put("/", guest_tar())
        container.put("/", _packaging())
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
