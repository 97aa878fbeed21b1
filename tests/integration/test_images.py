"""Images for real: what a bootstrapped one holds, and how soon a missing registry is told."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path

import pytest
from tests.support.engine import IMAGES, remove_images
from tests.support.recorder import Recorder

from parity.docker_engine import DockerEngine
from parity.engine import ContainerSpec, Network
from parity.errors import ImageUnavailable
from parity.host.processes import ThisMachine
from parity.images import ImageMaker, ensure_image, image_tag, list_images
from parity.model import ImageSource, PinnedImage

pytestmark = pytest.mark.engine


def test_the_debian_images_are_what_their_folders_say(
    engine: DockerEngine, debian11: PinnedImage, debian12: PinnedImage, debian13: PinnedImage
) -> None:
    expected = {debian11: ("11", "3.9"), debian12: ("12", "3.11"), debian13: ("13", "3.13")}
    look = "import sys, platform; print(platform.libc_ver()[0], '%d.%d' % sys.version_info[:2])"
    for image, (release, python) in expected.items():
        spec = ContainerSpec(image=image.id, network=Network.NONE, purpose="images")
        with engine.container(spec) as container:
            container.start()
            assert f'VERSION_ID="{release}"'.encode() in container.exec(["cat", "/etc/os-release"]).stdout
            assert container.exec(["python3", "-c", look]).stdout.decode().split() == ["glibc", python]
            assert container.exec(["python3", "-m", "venv", "--without-pip", "/tmp/v"]).exit_code == 0
            assert container.exec(["test", "-s", "/etc/machine-id"]).exit_code == 1


def test_byte_code_in_the_image_is_valid(engine: DockerEngine, debian11: PinnedImage) -> None:
    # A read-only root cannot mend stale byte code: every import of the rehearsal would compile again.
    spec = ContainerSpec(image=debian11.id, network=Network.NONE, purpose="images", read_only=True)
    with engine.container(spec) as container:
        container.start()
        told = container.exec(["python3", "-v", "-c", "import json.decoder"]).stderr
    assert b"json/__pycache__/decoder.cpython-39.pyc matches" in told


def test_an_image_that_is_present_is_found_at_once_and_listed(
    engine: DockerEngine, machine: ThisMachine, debian11: PinnedImage
) -> None:
    source = ImageSource(folder=IMAGES / "debian11-py39")
    again = ensure_image(source, "x86_64", ImageMaker(engine, machine, Recorder()))
    assert (again.id, again.origin, again.pin) == (debian11.id, "local", debian11.id)
    rows = {row.name: row.present for row in list_images(IMAGES, engine)}
    found = rows["debian11-py39"]
    assert found is not None
    assert found.id == debian11.id


def test_where_no_registry_answers_it_is_told_in_seconds_with_every_way_tried(
    engine: DockerEngine, machine: ThisMachine, tmp_path: Path
) -> None:
    folder = tmp_path / "nowhere"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM registry.invalid/base:1\nRUN true\n")
    (folder / "bootstrap.json").write_text(
        json.dumps({"tool": "debootstrap", "suite": "no-such-suite", "packages": ["python3"]})
    )
    begin = time.monotonic()
    with pytest.raises(ImageUnavailable) as caught:
        ensure_image(
            ImageSource(reference="registry.invalid/image:1", folder=folder),
            "x86_64",
            ImageMaker(engine, machine, Recorder()),
        )
    assert time.monotonic() - begin < 60
    details = "\n".join(caught.value.details)
    for way in ("local image", "pull registry.invalid/image:1", "build nowhere/Dockerfile", "bootstrap"):
        assert way in details
    assert "no such host" in details
    assert engine.image(image_tag(folder)) is None


def test_a_dockerfile_on_a_local_base_is_built_and_its_failure_shows_its_output(
    engine: DockerEngine,
    machine: ThisMachine,
    debian11: PinnedImage,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    folder = tmp_path / "parity-test-built"
    folder.mkdir()
    request.addfinalizer(lambda: remove_images(engine, "parity/parity-test-built"))
    base = image_tag(IMAGES / "debian11-py39")
    once = uuid.uuid4().hex  # an earlier test run's image must not do
    (folder / "Dockerfile").write_text(f"FROM {base}\nRUN echo progress && echo {once} >/made\n")
    recorder = Recorder()
    source = ImageSource(folder=folder)
    built = ensure_image(source, "x86_64", ImageMaker(engine, machine, recorder))
    assert (built.origin, built.platform) == ("built", "linux/amd64")
    assert any(line == "debug progress" for line in recorder.lines)
    (folder / "Dockerfile").write_text(f"FROM {base}\nRUN echo so far; exit 7\n")
    with pytest.raises(ImageUnavailable) as caught:
        ensure_image(source, "x86_64", ImageMaker(engine, machine, Recorder()))
    details = "\n".join(caught.value.details)
    assert "returned a non-zero code: 7" in details
    assert "so far" in details
