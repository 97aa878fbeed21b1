"""Old pips, the real ones: what they take is what their facts, our texts and our warnings say."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from packaging.version import Version
from tests.support.bundles import lock_of
from tests.support.cli import Parity, write_profile
from tests.support.engine import remove_images
from tests.support.index import PackageIndex
from tests.support.inside import fresh_room, inside
from tests.support.signed import Signed
from tests.support.unpacked import pip_wheel
from tests.support.wheels import make_wheel

from parity.docker_engine import DockerEngine
from parity.engine import Container
from parity.model import PinnedImage
from parity.pack import oldest_pip, requirements_txt
from parity.pack.singlefile import NAME, single_file
from parity.portable.names import parse_wheel_name

pytestmark = pytest.mark.engine

OLD_PIPS = ("9.0.3", "18.1", "19.2.3", "20.0.2", "20.2.4")
OWN_PIP = "20.3.4"
SITE = "/usr/local/lib/python3.9/dist-packages"
PLATFORMS = {
    "plain": "py3-none-any",
    "stable": "cp36-abi3-manylinux1_x86_64",
    "m1": "cp39-cp39-manylinux1_x86_64",
    "m2010": "cp39-cp39-manylinux2010_x86_64",
    "m2014": "cp39-cp39-manylinux2014_x86_64",
    "both": "cp39-cp39-manylinux2014_x86_64.manylinux_2_17_x86_64",
    "m217": "cp39-cp39-manylinux_2_17_x86_64",
}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A wheel for each platform: file name and bytes."""
    folder = tmp_path_factory.mktemp("wheels")
    made = [make_wheel(folder, name, "1.0", {f"{name}.py": b""}, tag=tag) for name, tag in PLATFORMS.items()]
    return {wheel.name: wheel.read_bytes() for wheel in made}


@pytest.fixture(scope="module")
def room(engine: DockerEngine, debian11: PinnedImage, wheels: dict[str, bytes]) -> Iterator[Container]:
    """Debian 11 with the wheels, the old pips and the single file."""
    carried = {f"wheels/{name}": data for name, data in wheels.items()}
    carried |= {f"pips/{version}.whl": pip_wheel(version).read_bytes() for version in OLD_PIPS}
    with fresh_room(engine, debian11) as container:
        container.put("/opt", in_tar({**carried, NAME: single_file().encode()}))
        yield container


def in_tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def download(room: Container, names: list[str], wheels: dict[str, bytes]) -> tuple[int, str]:
    """The README's line, with `download` in the place of `install`."""
    lock = lock_of({name: wheels[name] for name in names})
    room.put("/opt", in_tar({"requirements.txt": requirements_txt(lock).encode()}))
    options = "--no-index --find-links wheels --require-hashes -r requirements.txt"
    done = inside(room, f"cd /opt; python3 -W ignore -m pip download -d /tmp/got {options}")
    return done.code, done.output


@pytest.mark.parametrize("version", [*OLD_PIPS, OWN_PIP])
def test_an_old_pip_takes_what_we_say(room: Container, wheels: dict[str, bytes], version: str) -> None:
    put = f"python3 -m zipfile -e /opt/pips/{version}.whl {SITE}" if version != OWN_PIP else ":"
    inside(room, f"rm -rf {SITE}/pip*; {put}")
    facts = json.loads(inside(room, f"python3 /opt/{NAME} facts --tools --json").output)["facts"]
    assert facts["pip"] == version
    taken = [name for name in wheels if parse_wheel_name(name).tags & set(facts["pip_tags"])]  # type: ignore[union-attr]
    known = [
        one.filename
        for one in lock_of(wheels).wheels
        if Version(oldest_pip([one], "glibc")) <= Version(version)
    ]
    assert sorted(taken) == sorted(known)
    code, output = download(room, taken, wheels)
    assert code == 0, output
    refused = sorted(set(wheels) - set(taken))
    if refused:
        code, output = download(room, refused[:1], wheels)
        assert code != 0
        assert "No matching distribution found" in output


# --- builds for a target with an old pip ----------------------------------------------------------------


@pytest.fixture(scope="module")
def old_image(engine: DockerEngine, room: Container) -> Iterator[str]:
    """An image of Debian 11 whose pip is 19.2.3."""
    inside(room, f"rm -rf {SITE}/pip*; python3 -m zipfile -e /opt/pips/19.2.3.whl {SITE}")
    client = docker.APIClient(engine.info().address)
    try:
        client.commit(room.id, repository="parity/parity-test-old-pip")
        yield "parity/parity-test-old-pip:latest"
    finally:
        client.close()
        remove_images(engine, "parity/parity-test-old-pip")


@pytest.mark.long
def test_a_build_tells_of_the_targets_old_pip_and_heeds_it_where_it_installs(
    parity: Parity, old_image: str, index: PackageIndex, tmp_path: Path
) -> None:
    for version, tag in (("1.0", PLATFORMS["m2010"]), ("2.0", PLATFORMS["m2014"])):
        make_wheel(index.wheels, "alpha", version, {"alpha.py": b""}, tag=tag)
    make_wheel(index.wheels, "beta", "1.0", {"beta.py": b""})
    parts = {
        "requirements": ["alpha", "beta"],
        "index": {"url": index.url},
        "image": {"reference": old_image},
    }
    free = parity.build(write_profile(tmp_path, "free", **parts), tmp_path / "free")
    refused = "pip 19.2.3 would refuse 1 of the wheels (alpha-2.0-cp39-cp39-manylinux2014_x86_64.whl)"
    assert any(refused in line for line in free.bundle["warnings"])
    texts = Signed(Path(free.bundle["bundle"]), tmp_path).unpack(tmp_path / "free" / "unpacked")
    assert refused in (texts / "requirements.txt").read_text()
    assert refused in " ".join((texts / "README.txt").read_text().split())
    bound = parity.build(write_profile(tmp_path, "bound", installer="pip", **parts), tmp_path / "bound")
    assert "alpha-1.0" in (tmp_path / "bound" / "pylock.toml").read_text()
    assert not any("refuse" in line for line in bound.bundle["warnings"])
