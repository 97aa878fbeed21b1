"""Images and environments out of a real bundle: used across a gap, twice the same, refused when touched."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from tests.support.cli import Parity, write_profile, written_environment
from tests.support.hosts import host
from tests.support.index import PackageIndex
from tests.support.registry import forget, registry
from tests.support.wheels import make_wheel

from parity.docker_engine import DockerEngine
from parity.docker_engine.owner import SCRATCH_IMAGES, Run, host_id
from parity.model import PinnedImage
from parity.pack.singlefile import NAME, single_file
from parity.portable.bundle.manifest import HEAD_SIZE
from parity.portable.errors import BundleDamaged, InstallFailed

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


def ran(*words: str) -> str:
    """What a command in the image says, run as people run it."""
    # Not by the SDK, which asks for a log afterwards: Podman's may still be empty then.
    command = ["docker", "run", "--rm", "--network", "none", "--read-only", NAMED, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def ids(image: dict[str, Any]) -> list[str]:
    """What engines call it: by its configuration, or with containerd's store by its manifest."""
    return [f"sha256:{image['image'][each]}" for each in ("config", "manifest")]


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
    assert found.id in ids(image)
    assert found.labels["org.opencontainers.image.title"] == image["file"].split("/")[-1].split("-")[0]
    program = "import os, requests, yaml; print(os.getuid(), requests.__file__)"
    user, where = ran("python", "-c", program).split()
    assert user == "65534"
    assert where.startswith(image["prefix"] + "/lib/python3.9/site-packages/requests/")


def test_an_image_without_the_single_file_is_loaded_by_its_own_install_sh(
    parity: Parity, image: dict[str, Any], tmp_path: Path
) -> None:
    key = tmp_path / "sender.pub"
    key.write_bytes(key_of(parity).read_bytes())
    file = tmp_path / Path(image["file"]).name
    file.symlink_to(image["file"])
    subprocess.run(["tar", "-xf", file.name, "parity-image"], cwd=tmp_path, check=True)
    told = (tmp_path / "parity-image" / "README.txt").read_text()
    assert "sh parity-image/install.sh --load docker --key SENDER.pub\n" in told
    command = ["sh", "parity-image/install.sh", "--load", "docker", "--key", key.name, "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    client = docker.from_env()
    try:
        assert client.images.get(NAMED).id in ids(image)
        assert json.loads(done.stdout)["loaded"] == NAMED
    finally:
        client.images.remove(NAMED, force=True)
        client.close()


def test_containerd_runs_what_was_verified_and_loaded(
    parity: Parity, image: dict[str, Any], sender: Path
) -> None:
    ctr = ["ctr", "--namespace", "parity-tests"]
    environment = {**os.environ, "CONTAINERD_ADDRESS": containerd_socket()}

    def asked(*words: str) -> str:
        return subprocess.run(
            [*ctr, *words], env=environment, capture_output=True, text=True, check=True, timeout=120
        ).stdout

    words = ["load", image["file"], "--key", str(key_of(parity)), "--with", "ctr", "--namespace", ctr[-1]]
    try:
        command = [sys.executable, str(sender), *words, "--json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        assert json.loads(done.stdout)["loaded"] == NAMED
        assert f"sha256:{image['image']['manifest']}" in asked("images", "list", f"name=={NAMED}")
        program = "import os, requests; print(os.getuid(), os.listdir('/sys/class/net'))"
        said = asked("run", "--rm", "--read-only", NAMED, "parity-tests-image", "python", "-c", program)
        assert said == "65534 ['lo']\n"
    finally:
        asked("images", "rm", NAMED)
        asked("content", "prune", "references")


def containerd_socket() -> str:
    """Where the containerd of this machine's engine listens: its own service's place, or dockerd's."""
    places = ("/run/containerd/containerd.sock", "/run/docker/containerd/containerd.sock")
    return next(place for place in places if Path(place).exists())


def test_the_same_bundle_gives_the_same_image_from_the_kept_layers_of_its_base(
    parity: Parity, small: dict[str, Any], image: dict[str, Any], debian11: PinnedImage, tmp_path: Path
) -> None:
    layers = parity.home / "cache" / "layers"
    (kept,) = (layers / f"{each.removeprefix('sha256:')}.tar" for each in debian11.layers)
    os.utime(kept, (1, 1))
    again = parity.run("export", "image", small["bundle"], "-o", tmp_path, "--name", NAMED, "--json").document
    assert again["image"] == image["image"]
    first, second = (Path(each["file"]).read_bytes()[HEAD_SIZE:] for each in (image, again))
    assert first == second
    assert parity.run("cache", "prune", "--days", "3650", "--json").document["layers"] == 0
    assert kept.stat().st_mtime > 1


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
    places = {
        "/usr/bin": "is there already",
        "/bin/app": "is no folder",
        # Engines mount a file there.
        "/etc/hosts": "cannot be an environment's place",
        "/root/app": "lets none but its owner in",
    }
    for prefix, said in places.items():
        done = parity.run("export", "image", small["bundle"], "-o", tmp_path, "--prefix", prefix, "--json")
        assert (done.error["kind"], said in done.error["message"]) == ("OptionConflict", True)
    assert list(tmp_path.iterdir()) == []


def test_an_image_whose_entry_point_is_nowhere_is_refused(
    parity: Parity, small: dict[str, Any], tmp_path: Path
) -> None:
    done = parity.run(
        "export", "image", small["bundle"], "-o", tmp_path, "--entrypoint", "nosuch --all", "--json"
    )
    assert (done.code, done.error["kind"]) == (51, "RehearsalFailed")
    assert "no program nosuch" in done.error["message"]
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
        assert (
            there.run("grep", "-rlF", "--exclude-dir=__pycache__", "/apps/one/app", "/apps/new").stdout == b""
        )


def test_an_environment_names_nobodys_folders_and_is_the_same_each_time(
    parity: Parity, small: dict[str, Any], environment: dict[str, Any], tmp_path: Path
) -> None:
    words = ["export", "environment", small["bundle"], "--prefix", "/apps/one/app", "-o", tmp_path, "--json"]
    again = parity.run(*words).document
    first, second = (Path(each["file"]).read_bytes()[HEAD_SIZE:] for each in (environment, again))
    assert first == second
    for each in (b"/carry", str(tmp_path).encode(), str(parity.home).encode()):
        assert each not in first


@pytest.mark.long
def test_a_base_that_the_site_has_is_left_out_and_asked_for(
    parity: Parity,
    small: dict[str, Any],
    image: dict[str, Any],
    sender: Path,
    debian11: PinnedImage,
    tmp_path: Path,
) -> None:
    client = docker.from_env()
    with registry(tmp_path / "registry") as served:
        reference = served.push(debian11.id, "site/base:1")
        by_digest = f"{served.host}/site/base@{served.digest('site/base:1')}"
        words = ["export", "image", small["bundle"], "--base-on-site", by_digest, "--name", NAMED, "--json"]
        assert parity.run(*words, "-o", tmp_path).error["kind"] == "ImageUnavailable"
        try:
            client.images.pull(reference)
            made = parity.run(*words, "-o", tmp_path).document
            forget(served.host)
            refused = far(sender, "load", made["file"], "--key", key_of(parity))
            client.images.pull(reference)
            done = far(sender, "load", made["file"], "--key", key_of(parity))
            said = ran("python", "-c", "import yaml; print(7)")
        finally:
            forget(served.host)
            client.images.remove(NAMED, force=True)
            client.close()
    assert made["size"] < image["size"] / 10
    # The same image, whether its base travels or not.
    assert {**made["image"], "on_site": None} == image["image"]
    assert refused.returncode == InstallFailed.exit_code
    assert f"pull {by_digest}" in refused.stderr
    assert (done.returncode, said.strip()) == (0, "7")


def test_a_full_disk_leaves_nothing_half_done(parity: Parity, small: dict[str, Any], tmp_path: Path) -> None:
    """A limit on files' sizes stands for it: whoever writes gets an error in the middle."""
    limited = ("prlimit", "--fsize=3000000")
    done = parity.run("export", "image", small["bundle"], "-o", tmp_path, "--json", through=limited)
    assert done.error["kind"] == "WriteFailed"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_an_export_that_was_killed_leaves_nothing_that_the_next_one_does_not_sweep(
    parity: Parity, small: dict[str, Any], image: dict[str, Any], tmp_path: Path
) -> None:
    words = ["export", "image", small["bundle"], "-o", str(tmp_path), "--name", NAMED]
    command = [sys.executable, "-m", "parity", *words, "--progress", "plain"]
    process = subprocess.Popen(
        command, env=written_environment(parity.home), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    with process:
        assert process.stderr is not None
        assert any(b": rehearse: " in line for line in process.stderr)
        process.kill()
    assert not list(tmp_path.glob("*.tar"))
    assert parity.run(*words, "--json").document["image"] == image["image"]
    assert [path.name for path in tmp_path.iterdir()] == [Path(image["file"]).name]
    client = docker.from_env()
    tags = [tag for each in client.images.list(name=SCRATCH_IMAGES) for tag in each.tags]
    client.close()
    assert not [tag for tag in tags if f".{process.pid}." in tag]


def test_what_a_killed_export_left_at_the_engine_is_swept(
    engine: DockerEngine, debian11: PinnedImage
) -> None:
    living = Run()
    dead = Run()
    dead.owner = f"{host_id()}:999999:1"
    kept, left = living.image_name(3600), dead.image_name(3600)
    for name in (kept, left):
        engine.tag(debian11.id, name)
    try:
        assert left in engine.sweep()
        assert engine.image(left) is None
        assert engine.image(kept) is not None
        assert engine.image(debian11.id) is not None
    finally:
        client = docker.from_env()
        client.images.remove(kept)
        client.close()


@pytest.mark.long
def test_carried_system_packages_are_a_layer_of_the_image(
    parity: Parity, debian11: PinnedImage, index: PackageIndex, sender: Path, tmp_path: Path
) -> None:
    code = b"import ctypes\nctypes.CDLL('libgomp.so.1')\n"
    make_wheel(index.wheels, "alpha", "1.0", {"alpha.py": code})
    profile = write_profile(
        tmp_path, "gomp", requirements=["alpha"], index={"url": index.url}, system_packages=["libgomp1"]
    )
    bundle = parity.build(profile, tmp_path / "dist").bundle["bundle"]
    words = ["export", "image", bundle, "--name", NAMED, "--json", "-o"]
    first, second = (parity.run(*words, tmp_path / each).document for each in ("one", "two"))
    assert first["image"] == second["image"]
    assert far(sender, "load", first["file"], "--key", key_of(parity)).returncode == 0
    client = docker.from_env()
    try:
        said = ran("python", "-c", "import alpha; print(7)")
        listed = ran("dpkg-query", "-W", "libgomp1")
    finally:
        client.images.remove(NAMED, force=True)
        client.close()
    assert said.strip() == "7"
    assert listed.startswith("libgomp1")
    done = parity.run("export", "environment", bundle, "-o", tmp_path, "--json")
    assert "system packages" in done.error["message"]
