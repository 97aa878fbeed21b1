"""Images from a real registry of this machine: by tag, by digest, moved, with logins and without."""

from __future__ import annotations

import base64
import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest
from tests.support.cli import Parity, write_profile
from tests.support.devpi import free_port
from tests.support.engine import remove_images
from tests.support.index import PackageIndex, gateway
from tests.support.recorder import Recorder
from tests.support.registry import PASSWORD, USER, Registry, forget, registry
from tests.support.second_engine import second_engine
from tests.support.tls import Authority
from tests.support.wheels import make_wheel

from parity.docker_engine import DockerEngine, connect
from parity.engine import ImageInfo
from parity.errors import EngineRefused, ImageUnavailable
from parity.host.processes import ThisMachine
from parity.images import ImageMaker, image_by_lock
from parity.images.archive import image_archive, write_layer
from parity.model import ImageSource, PinnedImage
from parity.resolve import read_lock

pytestmark = pytest.mark.engine


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Registry]:
    with registry(tmp_path / "registry") as found:
        yield found
        forget(found.host)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Registry]:
    with registry(tmp_path / "guarded", login=True) as found:
        yield found
        forget(found.host)


@pytest.fixture
def tiny(engine: DockerEngine, tmp_path: Path) -> Iterator[ImageInfo]:
    """An image of one file, which is pushed in no time."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "here").write_text(str(tmp_path))
    layer = tmp_path / "layer.tar"
    digest = write_layer(root, layer, 0)
    yield engine.load(image_archive(layer, digest, "linux/amd64", "tiny"), "parity-tests/tiny:1")
    remove_images(engine, "parity-tests/tiny", "parity-tests/changed")


def changed(engine: DockerEngine, image: str, folder: Path) -> str:
    """The same image with a layer more; its id."""
    recipe = f"FROM {image}\nLABEL changed={folder}\nCOPY Dockerfile /changed\n".encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(recipe)
        archive.addfile(info, io.BytesIO(recipe))
    return engine.build(buffer.getvalue(), "parity-tests/changed:1", "linux/amd64", Recorder().note).id


def test_the_lock_holds_the_image_and_the_payload_knows_no_other_name_of_it(
    parity: Parity,
    served: Registry,
    engine: DockerEngine,
    debian11: PinnedImage,
    index: PackageIndex,
    tmp_path: Path,
) -> None:
    make_wheel(index.wheels, "alpha", "1.0", {"alpha.py": b""})
    reference = served.push(debian11.id, "team/base:1")
    first = served.digest("team/base:1")
    profile = write_profile(
        tmp_path, "held", image={"reference": reference}, requirements=["alpha"], index={"url": index.url}
    )
    lock_file = tmp_path / "pylock.held.toml"
    options = ("--bundle-version", "1", "--serial", "1", "--lock", lock_file)
    built = parity.build(profile, tmp_path / "one", *options).bundle
    lock = read_lock(lock_file)
    assert lock is not None
    assert lock.image is not None
    assert (lock.image.digest, lock.image.content) == (first, debian11.content)
    assert built["image"]["pin"] == f"{served.host}/team/base@{first}"

    # More names of the same image, one with a secret in it, in this engine and in a registry.
    engine.tag(debian11.id, "secret-project/base:1")
    served.push(debian11.id, "secret-project/base:2")
    # And the tag moves, here and in the registry.
    other = changed(engine, debian11.id, tmp_path)
    served.push(other, "team/base:1")
    engine.pull(reference, "linux/amd64", Recorder().note)
    again = parity.build(profile, tmp_path / "two", "--locked", *options).bundle
    assert again["payload_sha256"] == built["payload_sha256"]
    assert b"secret-project" not in Path(again["bundle"]).read_bytes()

    newer = parity.build(profile, tmp_path / "three", "--upgrade", *options).bundle
    assert newer["image"]["pin"] == f"{served.host}/team/base@{served.digest('team/base:1')}"
    remove_images(engine, "secret-project/base")


def test_an_image_that_the_registry_has_no_more_is_an_error_with_a_remedy(
    served: Registry, engine: DockerEngine, tiny: ImageInfo, machine: ThisMachine, tmp_path: Path
) -> None:
    reference = served.push(tiny.id, "team/base:1")
    maker, source = ImageMaker(engine, machine, Recorder()), ImageSource(reference=reference)
    _, held = image_by_lock(source, "x86_64", maker, None)
    with registry(tmp_path / "empty") as empty:
        other = changed(engine, tiny.id, tmp_path)
        moved = empty.push(other, "team/base:1")
        assert held is not None
        gone = type(held)(moved, held.platform, held.content, held.digest)
        with pytest.raises(ImageUnavailable, match="the lock holds") as caught:
            image_by_lock(ImageSource(reference=moved), "x86_64", maker, gone, locked=True)
        forget(empty.host)
    assert "--upgrade" in str(caught.value.remedy)
    assert any("manifest unknown" in line or "not found" in line for line in caught.value.details)


def test_an_index_is_held_by_each_platforms_own_digest(
    served: Registry, engine: DockerEngine, tiny: ImageInfo
) -> None:
    served.push(tiny.id, "team/both:amd")
    served.index("team/both:1", {"linux/arm64": "amd", "linux/amd64": "amd"})
    found = engine.registry_image(f"{served.host}/team/both:1", "linux/amd64")
    assert found.digest == served.digest("team/both:amd")
    assert found.layers == tiny.layers
    with pytest.raises(EngineRefused, match="it has none for linux/s390x"):
        engine.registry_image(f"{served.host}/team/both:1", "linux/s390x")


def _config(folder: Path, document: object) -> dict[str, str]:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(document))
    return {"DOCKER_CONFIG": str(folder), "HOME": str(folder)}


def test_a_login_is_asked_for_and_used(
    guarded: Registry, tiny: ImageInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = guarded.push(tiny.id, "team/base:1")
    login = {"auths": {guarded.host: {"auth": _basic()}}}
    # The Docker command's own file, and Podman's.
    podman = tmp_path / "auth.json"
    podman.write_text(json.dumps(login))
    for number, (document, more) in enumerate(
        [(login, {}), ({"auths": {}}, {"REGISTRY_AUTH_FILE": str(podman)})]
    ):
        environment = {**_config(tmp_path / f"config{number}", document), **more}
        monkeypatch.setenv("DOCKER_CONFIG", environment["DOCKER_CONFIG"])
        engine = connect(environment=environment)
        assert engine.registry_image(reference, "linux/amd64").layers == tiny.layers
        assert engine.pull(reference, "linux/amd64", Recorder().note).layers == tiny.layers
        engine.close()


def test_a_missing_helper_costs_its_login_and_no_traceback(
    guarded: Registry,
    served: Registry,
    tiny: ImageInfo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As a laptop's file is on a server, or in WSL.
    laptop = {"credsStore": "desktop.exe", "credHelpers": {"x.example": "gone"}}
    environment = _config(tmp_path / "config", laptop)
    monkeypatch.setenv("DOCKER_CONFIG", environment["DOCKER_CONFIG"])
    engine = connect(environment=environment)
    free, closed = (each.push(tiny.id, "team/base:1") for each in (served, guarded))
    assert engine.pull(free, "linux/amd64", Recorder().note).layers == tiny.layers
    with pytest.raises(EngineRefused) as caught:
        engine.pull(closed, "linux/amd64", Recorder().note)
    assert any("docker-credential-desktop.exe is not installed" in line for line in caught.value.details)
    assert "docker-credential-desktop.exe is not installed" in engine.registry_problem(closed)
    with pytest.raises(EngineRefused, match="it wants a login"):
        engine.registry_image(closed, "linux/amd64")
    changed(engine, tiny.id, tmp_path)  # a build sends every login
    engine.close()


def _basic() -> str:
    return base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def test_doctor_asks_the_profiles_own_registry_and_says_how_to_log_in(
    parity: Parity, guarded: Registry, tiny: ImageInfo, tmp_path: Path
) -> None:
    reference = guarded.push(tiny.id, "team/base:1")
    profile = write_profile(tmp_path, "own", image={"reference": reference}, requirements=["idna"])

    def registry_finding(document: object, name: str) -> dict[str, str]:
        environment = _config(tmp_path / name, document)
        done = parity.run("doctor", profile, "--json", env={"DOCKER_CONFIG": environment["DOCKER_CONFIG"]})
        (found,) = [each for each in done.document["findings"] if each["what"] == "registry"]
        return dict(found)

    shut = registry_finding({"auths": {}}, "without")
    assert shut["state"] == "warning"
    assert reference in shut["found"]
    assert f"docker login {guarded.host}" in shut["remedy"]
    let_in = registry_finding({"auths": {guarded.host: {"auth": _basic()}}}, "with")
    assert (let_in["state"], let_in["remedy"]) == ("ok", "")


@pytest.fixture
def vouched(engine: DockerEngine, tmp_path: Path) -> Iterator[tuple[Registry, Authority, Path]]:
    """A registry with a private CA, at an address that no engine takes for its own machine; its certs.d."""
    authority = Authority(tmp_path / "ca")
    at = f"{gateway()}:{free_port(gateway())}"
    trusted = Path("/etc/docker/certs.d") / at
    with registry(tmp_path / "vouched", at=at, authority=authority) as found:
        try:
            yield found, authority, trusted
        finally:
            shutil.rmtree(trusted, ignore_errors=True)
            forget(found.host)


def test_a_private_authority_is_trusted_where_the_remedy_says(
    vouched: tuple[Registry, Authority, Path], engine: DockerEngine, tiny: ImageInfo, machine: ThisMachine
) -> None:
    served, authority, trusted = vouched
    maker, source = (
        ImageMaker(engine, machine, Recorder()),
        ImageSource(reference=f"{served.host}/team/base:1"),
    )
    with pytest.raises(ImageUnavailable) as caught:
        image_by_lock(source, "x86_64", maker, None)
    told = f"{trusted}/ca.crt"
    assert told in str(caught.value.remedy)

    trusted.mkdir(parents=True)
    Path(told).write_text(authority.pem)
    served.push(tiny.id, "team/base:1")
    found, held = image_by_lock(source, "x86_64", maker, None)
    assert held is not None
    assert found.layers == tiny.layers
    assert held.digest == engine.registry_image(source.reference or "", "linux/amd64").digest

    forget(served.host)
    again, _ = image_by_lock(source, "x86_64", maker, held, locked=True)
    assert (again.origin, again.layers) == ("pulled", tiny.layers)


def test_an_engine_behind_a_mirror_has_images_by_tag_and_by_the_digest_that_is_locked(
    served: Registry, tiny: ImageInfo, machine: ThisMachine, tmp_path: Path
) -> None:
    served.push(tiny.id, "library/parity-tests-mirrored:1")
    source = ImageSource(reference="parity-tests-mirrored:1")
    with (
        second_engine(mirror=f"http://{served.host}") as behind,
        closing(behind.connect()) as engine,
    ):
        maker = ImageMaker(engine, machine, Recorder())
        found, held = image_by_lock(source, "x86_64", maker, None)
        assert held is not None
        assert (found.origin, found.layers) == ("pulled", tiny.layers)
        assert held.digest == served.digest("library/parity-tests-mirrored:1")

        with closing(docker.APIClient(behind.address)) as client:
            forget("parity-tests-mirrored", client)
        again, _ = image_by_lock(source, "x86_64", maker, held, locked=True)
        assert (again.origin, again.layers) == ("pulled", tiny.layers)
