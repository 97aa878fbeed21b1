"""Images and environments out of a real bundle: used across a gap, twice the same, refused when touched."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from tests.support.cli import Parity
from tests.support.hosts import host

from parity.docker_engine import DockerEngine
from parity.model import PinnedImage
from parity.pack.singlefile import NAME, single_file
from parity.portable.bundle.manifest import HEAD_SIZE
from parity.portable.errors import BundleDamaged

pytestmark = pytest.mark.engine
NAMED = "localhost/parity-test-export:1"


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The single file."""
    path = tmp_path_factory.mktemp("single") / NAME
    path.write_text(single_file())
    return path


@pytest.fixture(scope="module")
def image(parity: Parity, small: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("image")
    done = parity.run("export", "image", small["bundle"], "-o", folder, "--name", NAMED, "--json")
    assert done.code == 0, done.stderr
    return done.document


@pytest.fixture(scope="module")
def environment(
    parity: Parity, small: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("environment")
    words = ["export", "environment", small["bundle"], "--prefix", "/apps/one/app", "-o", folder, "--json"]
    done = parity.run(*words)
    assert done.code == 0, done.stderr
    return done.document


def far(single: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """The single file, as whoever receives something runs it."""
    command = [sys.executable, str(single), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def key_of(parity: Parity) -> Path:
    return parity.home / "config" / "keys" / "parity.key.pub"


@pytest.fixture
def loaded(parity: Parity, image: dict[str, Any], sender: Path) -> Iterator[docker.DockerClient]:
    done = far(sender, "load", image["file"], "--key", key_of(parity), "--with", "docker")
    assert done.returncode == 0, done.stderr
    client = docker.from_env()
    yield client
    client.images.remove(NAMED, force=True)
    client.close()


def test_an_image_that_was_verified_and_loaded_runs_read_only_without_network_as_nobody(
    image: dict[str, Any], loaded: docker.DockerClient
) -> None:
    found = loaded.images.get(NAMED)
    assert found.id == f"sha256:{image['image']['config']}"
    assert found.labels["org.opencontainers.image.title"] == image["file"].split("/")[-1].split("-")[0]
    program = "import os, requests, yaml; print(os.getuid(), requests.__file__)"
    said = loaded.containers.run(
        NAMED, ["python", "-c", program], network_mode="none", read_only=True, remove=True
    )
    user, where = said.decode().split()
    assert user == "65534"
    assert where.startswith(image["prefix"] + "/lib/python3.9/site-packages/requests/")


def test_the_same_bundle_gives_the_same_image(
    parity: Parity, small: dict[str, Any], image: dict[str, Any], tmp_path: Path
) -> None:
    again = parity.run("export", "image", small["bundle"], "-o", tmp_path, "--name", NAMED, "--json").document
    assert again["image"] == image["image"]
    first, second = (Path(each["file"]).read_bytes()[HEAD_SIZE:] for each in (image, again))
    assert first == second


def test_a_layout_holds_the_base_as_it_is_and_one_layer_more(
    image: dict[str, Any], debian11: PinnedImage
) -> None:
    with tarfile.open(image["file"]) as tar:
        names = tar.getnames()
        (described,) = json.load(content(tar, "index.json"))["manifests"]
        manifest = json.load(content(tar, "blobs/" + described["digest"].replace(":", "/")))
        digests = [each["digest"] for each in manifest["layers"]]
        assert tuple(digests[:-1]) == debian11.layers
        assert all("blobs/" + each.replace(":", "/") in names for each in digests)
        data = content(tar, "blobs/" + digests[-1].replace(":", "/")).read()
    assert b"/carry" not in data
    with tarfile.open(fileobj=io.BytesIO(data)) as layer:
        assert {each.name.split("/")[0] for each in layer} == {"opt"}
        assert {(each.uid, each.gid, each.mtime) for each in layer} == {(0, 0, 0)}


def content(tar: tarfile.TarFile, name: str) -> io.BufferedReader:
    found = tar.extractfile(name)
    assert isinstance(found, io.BufferedReader)
    return found


def test_a_touched_image_is_not_loaded(
    parity: Parity, image: dict[str, Any], sender: Path, tmp_path: Path
) -> None:
    data = bytearray(Path(image["file"]).read_bytes())
    data[len(data) // 2] ^= 1
    bad = tmp_path / "bad.image.tar"
    bad.write_bytes(data)
    done = far(sender, "load", bad, "--key", key_of(parity))
    assert done.returncode == BundleDamaged.exit_code
    client = docker.from_env()
    assert not client.images.list(name=NAMED)
    client.close()
    assert parity.run("verify", bad, "--json").error["kind"] == "BundleDamaged"


def test_a_prefix_that_the_image_has_already_is_refused(
    parity: Parity, small: dict[str, Any], tmp_path: Path
) -> None:
    for prefix, said in (("/usr/bin", "is there already"), ("/bin/app", "is no folder")):
        done = parity.run("export", "image", small["bundle"], "-o", tmp_path, "--prefix", prefix, "--json")
        assert said in done.error["message"]
    assert list(tmp_path.iterdir()) == []


def test_an_environment_works_where_it_was_made_for_and_elsewhere_with_tar_and_a_shell_alone(
    engine: DockerEngine, debian11: PinnedImage, environment: dict[str, Any], tmp_path: Path
) -> None:
    media = tmp_path / "media"
    media.mkdir()
    (media / "app.tar").write_bytes(Path(environment["file"]).read_bytes())
    program = "import requests, yaml; print(requests.__file__)"
    with host(engine, debian11, media) as there:
        there.says("sh", "-c", "mkdir /apps/one && tar -xf /media/app.tar -C /apps/one app")
        assert there.says("/apps/one/app/bin/python", "-c", program).startswith("/apps/one/app/lib/")
        assert "usage" in there.says("/apps/one/app/bin/normalizer", "--help")
        there.says(
            "sh", "-c", "mkdir -p /apps/new && mv /apps/one/app /apps/new/ && sh /apps/new/app/relocate.sh"
        )
        assert there.says("/apps/new/app/bin/python", "-c", program).startswith("/apps/new/app/lib/")
        assert "usage" in there.says("/apps/new/app/bin/normalizer", "--help")
        assert there.run("grep", "-rlF", "/apps/one/app", "/apps/new/app").stdout == b""


def test_an_environment_names_nobodys_folders_and_is_the_same_each_time(
    parity: Parity, small: dict[str, Any], environment: dict[str, Any], tmp_path: Path
) -> None:
    words = ["export", "environment", small["bundle"], "--prefix", "/apps/one/app", "-o", tmp_path, "--json"]
    again = parity.run(*words).document
    first, second = (Path(each["file"]).read_bytes()[HEAD_SIZE:] for each in (environment, again))
    assert first == second
    for each in (b"/carry", str(tmp_path).encode(), str(parity.home).encode()):
        assert each not in first
