"""The articles' recipe and ours, both for real: what was downloaded elsewhere, and what installs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.bundles import stock_check_script
from tests.support.cli import Parity, written_environment
from tests.support.inside import fresh_room, inside, tar_of

from parity.docker_engine import DockerEngine
from parity.engine import Container
from parity.model import PinnedImage
from parity.resolve import uv_wheel

pytestmark = pytest.mark.engine

SCI = ("numpy", "pandas", "scipy", "scikit-learn", "matplotlib")
IMPORT = "import numpy, pandas, scipy.linalg, sklearn.linear_model, matplotlib.pyplot; print('all work')"


@pytest.fixture(scope="module")
def room(engine: DockerEngine, debian11: PinnedImage) -> Iterator[Container]:
    """A machine like the target: Debian 11, its own Python and pip, no network."""
    with fresh_room(engine, debian11) as container:
        yield container


def test_the_recipe_downloads_happily_what_the_target_cannot_install(room: Container, tmp_path: Path) -> None:
    platforms = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64")
    options = [f"--platform={each}" for each in platforms] + ["--python-version=3.9", "--only-binary=:all:"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "-d", str(tmp_path), *options, *SCI]
    subprocess.run(command, check=True, env=written_environment(tmp_path))
    room.put("/", tar_of(tmp_path, "recipe"))
    install = f"/recipe-venv/bin/pip install --no-index --find-links /recipe {' '.join(SCI)}"
    failed = inside(room, f"python3 -m venv /recipe-venv && {install}")
    assert failed.code != 0
    assert "importlib-resources" in failed.output
    assert inside(room, "ls /recipe-venv/lib/python3.9/site-packages | grep -i numpy").output == ""


@pytest.mark.long
def test_ours_installs_there_and_every_import_works(parity: Parity, room: Container, tmp_path: Path) -> None:
    bundle = parity.build("demo", tmp_path).bundle
    assert {each["name"] for each in bundle["packages"] if each["requested"]} == set(SCI)
    room.put("/", tar_of(Path(bundle["bundle"]), "b.tar"))
    unpacked = inside(room, "mkdir /b && cd /b && tar xf ../b.tar && sh parity-bundle/install.sh /opt/sci")
    assert unpacked.code == 0, unpacked.output
    worked = inside(room, f'/opt/sci/current/bin/python -c "{IMPORT}"', MPLCONFIGDIR="/tmp")
    assert worked.output == "all work\n"
    assert bundle["size"] == os.stat(bundle["bundle"]).st_size


@pytest.fixture(scope="module")
def unpacked(room: Container, small: dict[str, Any]) -> str:
    """The folder, in the room, where `tar xf` unpacked a small bundle."""
    key = Path(small["public_key"])
    room.put("/", tar_of(Path(small["bundle"]), "small.tar"))
    room.put("/", tar_of(key, "sender.pub"))
    done = inside(room, "mkdir /small && cd /small && tar xf ../small.tar && ls . && ls parity-bundle")
    assert done.code == 0, done.output
    assert {"README.txt", "install.sh", "manifest.json", "wheels"} <= set(done.output.split())
    assert done.output.split()[0] == "parity-bundle"
    return "/small/parity-bundle"


def test_stock_tools_check_the_bundle(room: Container, unpacked: str, small: dict[str, Any]) -> None:
    digest = small["payload_sha256"]
    script = stock_check_script("/small.tar", "/sender.pub")
    good = inside(room, f"mkdir /check && cd /check\n{script}")
    assert (good.code, "Verified OK" in good.output) == (0, True), good.output
    assert good.output.endswith(f"payload: {digest} OK\n")
    flip = "printf x | dd of=/bad.tar bs=1 seek=3000000 conv=notrunc 2>/dev/null"
    script = stock_check_script("/bad.tar", "/sender.pub")
    bad = inside(room, f"cp /small.tar /bad.tar && {flip}\ncd /check\n{script}")
    assert bad.code != 0
    assert "payload:" not in bad.output


def test_the_readme_in_the_bundle_gives_the_same_check(room: Container, unpacked: str) -> None:
    # What stands indented between the two sentences is the script that a receiver would paste.
    lines = "BUNDLE=/small.tar KEY=/sender.pub\n" + (
        "eval \"$(sed -n '/^  dd if=/,/^It must print/p' " + unpacked + "/README.txt | sed '$d')\""
    )
    done = inside(room, f"mkdir /readme && cd /readme\n{lines}")
    assert (done.code, "Verified OK" in done.output) == (0, True), done.output


def test_the_old_pip_installs_from_requirements_with_hashes(room: Container, unpacked: str) -> None:
    options = "--no-index --find-links wheels --require-hashes -r requirements.txt"
    done = inside(
        room,
        f"cd {unpacked} && python3 -m venv /old && /old/bin/pip --version && "
        f"/old/bin/pip install {options} && /old/bin/python -c 'import requests, yaml'",
    )
    assert done.code == 0, done.output
    assert done.output.startswith("pip 20.3.4 ")
    # One byte of one wheel: the hash is what refuses it.
    broken = f"cp -r {unpacked} /broken && cd /broken && printf x >>$(ls wheels/idna*) && "
    done = inside(room, f"{broken} python3 -m venv /none && /none/bin/pip install {options}")
    assert done.code != 0
    assert "DO NOT MATCH THE HASHES" in done.output


def test_the_carried_uv_installs_from_the_lock_without_a_network(room: Container, unpacked: str) -> None:
    uv = f"/uv/{uv_wheel('x86_64').member}"
    take = f"cd {unpacked} && python3 -m zipfile -e tools/uv-*.whl /uv && chmod +x {uv}"
    install = f"{uv} pip install -p /new --offline --no-index -r pylock.toml"
    done = inside(
        room, f"{take} && {uv} venv -q /new && {install} && /new/bin/python -c 'import requests, yaml'"
    )
    assert done.code == 0, done.output


def test_the_installer_refuses_a_machine_of_another_kind(
    engine: DockerEngine, debian12: PinnedImage, small: dict[str, Any]
) -> None:
    with fresh_room(engine, debian12) as other:
        other.put("/", tar_of(Path(small["bundle"]), "small.tar"))
        done = inside(other, "mkdir /b && cd /b && tar xf ../small.tar && sh parity-bundle/install.sh /opt/x")
        assert done.code == 62
        assert "3.9" in done.output
        assert "3.11" in done.output
        assert inside(other, "ls /opt").output == ""
