"""Where the real image cannot be had: told in seconds, and replaced only by what proves something."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Parity, containers_left_by, write_profile
from tests.support.engine import remove_images
from tests.support.index import PackageIndex, tiny_wheel

from parity.docker_engine import DockerEngine
from parity.model import PinnedImage
from parity.portable.bundle.reader import member_bytes, open_bundle, read_unverified

pytestmark = pytest.mark.engine

WANTED = ["idna", "markupsafe"]


@pytest.fixture
def debians(debian11: PinnedImage, debian13: PinnedImage) -> None:
    """Their images are present."""


def test_a_registry_that_does_not_answer_is_told_in_seconds_with_the_way_out(
    parity: Parity, tmp_path: Path
) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM registry.invalid/ubi9\n")
    image = {"reference": "registry.invalid/ubi9/python-39:1", "folder": "images"}
    profile = write_profile(tmp_path, "gone", extends="rhel9-py39", image=image, requirements=WANTED)
    begin = time.monotonic()
    done = parity.build(profile, tmp_path)
    assert time.monotonic() - begin < 60
    assert (done.code, done.error["kind"]) == (23, "ImageUnavailable")
    details = "\n".join(done.error["details"])
    for way in (
        "local image registry.invalid",
        "pull registry.invalid/ubi9/python-39:1",
        "build images/Dockerfile",
    ):
        assert way in details
    assert "--stand-in" in done.error["remedy"]
    assert containers_left_by(done) == []


def test_a_stand_in_builds_and_everything_says_so(
    parity: Parity, index: PackageIndex, debian11: PinnedImage, tmp_path: Path
) -> None:
    tiny_wheel(index.wheels, "alpha", "1.0", tag="py3-none-manylinux_2_31_x86_64")
    tiny_wheel(index.wheels, "alpha", "2.0", tag="py3-none-manylinux_2_34_x86_64")
    url = {"url": index.url}
    profile = write_profile(tmp_path, "rhel", extends="rhel9-py39", requirements=["alpha"], index=url)
    options = ("-o", tmp_path, "--stand-in", "debian11-py39", "--bundle-version", "1")
    done = parity.run("build", profile, *options)
    assert done.code == 0, done.stderr
    said = "images/debian11-py39 stood in for images/rhel9-py39"
    assert said in done.stdout
    assert "warning: images/debian11-py39 stands in for images/rhel9-py39" in done.stderr
    bundle = tmp_path / "rhel-1-rhel.parity.tar"
    manifest, proof = _inside(bundle)
    assert manifest["stand_in"] == {"image": debian11.id, "for": "images/rhel9-py39"}
    assert manifest["target"]["os"] == {"id": "rhel", "version": "9"}
    assert proof["image"]["stand_in_for"] == "images/rhel9-py39"
    assert proof["machine"]["os"] == "Debian GNU/Linux 11 (bullseye)"
    rehearsed = _one_line(parity, "verify", bundle, "--rehearse")
    assert "stood in for images/rhel9-py39" in rehearsed
    assert "1 of 1 module imported" in rehearsed
    # The target could run 2.0, the stand-in could not: nobody has seen it work.
    assert [package["version"] for package in manifest["packages"]] == ["1.0"]
    assert "stood in for images/rhel9-py39" in _one_line(parity, "inspect", bundle)


@pytest.mark.parametrize(
    ("base", "stand_in", "reasons"),
    [
        (
            "rhel8-py39",
            "debian11-py39",
            ["libc: the profile says glibc 2.28 or older, the image has glibc 2.31"],
        ),
        ("rhel9-py312", "debian11-py39", ["Python: the profile says 3.12, the image has 3.9.2"]),
        (
            "alpine322-py312",
            "debian13-py313",
            [
                "libc family: the profile says musl, the image has glibc",
                "Python: the profile says 3.12, the image has 3.13.5",
            ],
        ),
    ],
)
def test_what_is_no_safe_stand_in_is_refused(
    parity: Parity, debians: None, tmp_path: Path, base: str, stand_in: str, reasons: list[str]
) -> None:
    profile = write_profile(tmp_path, "unsafe", extends=base, requirements=WANTED)
    done = parity.build(profile, tmp_path, "--stand-in", stand_in)
    assert (done.code, done.error["kind"]) == (24, "NotAStandIn")
    assert done.error["details"] == reasons
    assert list(tmp_path.glob("*.parity.tar*")) == []
    assert containers_left_by(done) == []


def test_a_stand_in_of_another_architecture_is_not_even_started(
    parity: Parity, engine: DockerEngine, debian11: PinnedImage, tmp_path: Path
) -> None:
    # A name and a folder of its own: of parity's own images the engine may have those of other architectures.
    engine.tag(debian11.id, "parity-tests/amd64-alone:1")
    (tmp_path / "amd64-alone").mkdir()
    (tmp_path / "amd64-alone/Dockerfile").write_text("FROM registry.invalid/base:1\n")
    source = {"reference": "parity-tests/amd64-alone:1", "folder": "./amd64-alone"}
    other = write_profile(tmp_path, "x86", image=source)
    profile = write_profile(
        tmp_path, "arm", extends="rhel9-py39", target={"arch": "aarch64"}, requirements=WANTED
    )
    try:
        done = parity.build(profile, tmp_path, "--stand-in", other)
    finally:
        remove_images(engine, "parity-tests/amd64-alone")
    assert done.code == 23
    assert "it is for linux/amd64, not linux/arm64: not used" in "\n".join(done.error["details"])


def _inside(bundle: Path) -> tuple[Any, Any]:
    with open_bundle(str(bundle)) as file:
        manifest = read_unverified(file).manifest
        return manifest.document, json.loads(member_bytes(file, manifest, "proof.json"))


def _one_line(parity: Parity, *words: str | Path) -> str:
    done = parity.run(*words)
    assert done.code == 0, done.stderr
    return " ".join(done.stdout.split())
