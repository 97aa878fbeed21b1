"""The parity check on real images: every way in which an image is not the target is named and refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Parity, containers_left_by, write_profile
from tests.support.engine import docker_client, remove_images

from parity.docker_engine import DockerEngine
from parity.images.archive import image_archive
from parity.model import PinnedImage

pytestmark = pytest.mark.engine

MISMATCHES = {
    "os": ({"os": {"id": "ubuntu"}}, "OS: the profile says ubuntu, the image has debian"),
    "release": ({"os": {"version": "12"}}, "OS version: the profile says 12, the image has 11"),
    "libc": ({"libc": "glibc 2.36"}, "libc: the profile says glibc 2.36, the image has glibc 2.31"),
    "family": ({"libc": "musl 1.2"}, "libc: the profile says musl 1.2, the image has glibc 2.31"),
    "python": ({"python": "3.11"}, "Python: the profile says 3.11, the image has 3.9.2"),
    "patch": ({"python": "3.9.9"}, "Python: the profile says 3.9.9, the image has 3.9.2"),
}


@pytest.fixture(scope="module")
def mislabelled(
    engine: DockerEngine, debian11: PinnedImage, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Debian 11 for x86_64 whose label says arm64, as a careless import on another machine leaves it."""
    layer = tmp_path_factory.mktemp("mislabelled") / "layer.tar"
    client = docker_client(timeout=300)
    container = client.create_container(debian11.id, "true")["Id"]
    digest = hashlib.sha256()
    with layer.open("wb") as file:
        for chunk in client.export(container):
            digest.update(chunk)
            file.write(chunk)
    client.remove_container(container)
    client.close()
    archive = image_archive(layer, digest.hexdigest(), "linux/arm64", "mislabelled")
    engine.load(archive, "parity/parity-test-mislabelled:1")
    layer.unlink()
    yield "parity/parity-test-mislabelled:1"
    remove_images(engine, "parity/parity-test-mislabelled")


def test_every_difference_is_named_with_both_sides_and_nothing_is_built(
    parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    profiles = [
        write_profile(tmp_path, name, target=target, requirements=["idna"])
        for name, (target, _) in MISMATCHES.items()
    ]
    done = parity.run("build", *profiles, "--json", "-o", tmp_path / "out")
    assert done.code == 83
    errors = {each["profile"]: each["error"] for each in done.document["bundles"]}
    for name, (_, said) in MISMATCHES.items():
        assert (errors[name]["kind"], errors[name]["exit_code"]) == ("ParityMismatch", 30)
        assert said in errors[name]["details"]
        assert f"{name}.yaml, image images/debian11-py39" in errors[name]["where"]
    assert list(tmp_path.rglob("*.parity.tar*")) == []
    assert containers_left_by(done) == []


def test_all_differences_are_told_at_once_in_one_line_each(
    parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    target = {"os": {"id": "ubuntu", "version": "22.04"}, "libc": "glibc 2.35", "python": "3.10"}
    profile = write_profile(tmp_path, "jammy", target=target, requirements=["idna"])
    done = parity.run("build", profile, "-o", tmp_path)
    assert (done.code, done.stdout) == (30, "")
    for line in ("OS:", "OS version:", "libc:", "Python:", "do:"):
        assert sum(each.strip().startswith(line) for each in done.stderr.splitlines()) == 1
    assert containers_left_by(done) == []


def test_an_image_whose_label_lies_about_its_architecture_is_found_out(
    parity: Parity, mislabelled: str, tmp_path: Path
) -> None:
    image: dict[str, Any] = {"reference": mislabelled}
    profile = write_profile(
        tmp_path,
        "arm",
        target={"arch": "aarch64"},
        image=image,
        extends="debian11-py39",
        requirements=["idna"],
    )
    done = parity.build(profile, tmp_path)
    assert (done.code, done.error["kind"]) == (30, "ParityMismatch")
    assert done.error["details"] == ["architecture: the profile says aarch64, the image has x86_64"]
    assert containers_left_by(done) == []
    other = write_profile(tmp_path, "only", image=mislabelled)
    refused = parity.build("rhel9-py39", tmp_path, "--stand-in", other, "-r", _idna(tmp_path))
    assert refused.code == 23  # labelled for another platform: not even tried
    assert "it is for linux/arm64, not linux/amd64: not used" in "".join(refused.error["details"])


def _idna(folder: Path) -> Path:
    path = folder / "idna.txt"
    path.write_text("idna\n")
    return path
