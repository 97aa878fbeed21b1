"""Environments that carry their own interpreter, for hosts whose Python is missing or another one."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Parity, write_profile
from tests.support.hosts import host
from tests.support.index import PackageIndex, tiny_wheel
from tests.support.interpreters import Mirror, make_interpreter, mirror, packed

from parity.docker_engine import DockerEngine
from parity.engine.together import Together
from parity.errors import RehearsalFailed
from parity.export import moving
from parity.export.spool import spooling
from parity.export.streamed import StreamedBytes
from parity.export.tar_trial import try_tar
from parity.export.trial import ExportTrial
from parity.model import PinnedImage, RehearsalPlan
from parity.portable.bundle import ustar
from parity.portable.bundle.manifest import HEAD_SIZE

pytestmark = pytest.mark.engine
MINOR, VERSION = "3.9", "3.9.2"
PREFIX = "/apps/one/app"
LIST = "UV_PYTHON_DOWNLOADS_JSON_URL"


@pytest.fixture(scope="module")
def interpreter(engine: DockerEngine, debian11: PinnedImage) -> bytes:
    """A real one, made of Debian 11's own packages."""
    return make_interpreter(engine, debian11, MINOR)


@pytest.fixture
def place() -> Iterator[Mirror]:
    with mirror() as found:
        yield found


@pytest.fixture(scope="module")
def exported(
    parity: Parity, small: dict[str, Any], interpreter: bytes, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """An environment with its interpreter, and the lock that was written of it."""
    folder = tmp_path_factory.mktemp("with-python")
    with mirror() as place:
        words: list[str | Path] = ["--prefix", PREFIX, "-o", folder, "--json"]
        words += ["--python-lock", folder / "python.toml"]
        env = {LIST: place.offer(interpreter, VERSION)}
        done = parity.run("export", "environment", small["bundle"], *words, env=env)
    assert done.code == 0, done.stderr + done.stdout
    return done.document


def refused(parity: Parity, bundle: str, folder: Path, *words: str | Path, **env: str) -> dict[str, Any]:
    """The error of an export that leaves nothing behind."""
    done = parity.run(
        "export", "environment", bundle, "--with-python", "-o", folder, *words, "--json", env=env
    )
    assert not list(folder.glob("*.tar"))
    return done.error


def test_it_runs_on_a_host_without_that_python_where_it_was_made_for_and_elsewhere(
    engine: DockerEngine, debian13: PinnedImage, exported: dict[str, Any], tmp_path: Path
) -> None:
    assert exported["python"]["version"] == VERSION
    assert exported["python"]["tried"] == "without the target's Python"
    (tmp_path / "app.tar").write_bytes(Path(exported["file"]).read_bytes())
    program = "import os, ssl, sys, requests, yaml._yaml as y; "
    program += "print(*map(os.path.realpath, (sys.base_prefix, os.__file__, y.__file__)))"
    # Debian 13 has Python 3.13 alone: 3.9 is not there, whoever asks for it.
    with host(engine, debian13, tmp_path) as there:
        there.says("sh", "-c", "mkdir /apps/one && tar -xf /media/app.tar -C /apps/one app")
        for place, move in (
            (PREFIX, "true"),
            ("/apps/new/app", f"mkdir /apps/new && mv {PREFIX} /apps/new/"),
        ):
            there.says("sh", "-c", f"{move} && PATH=/usr/bin:/bin sh {place}/relocate.sh")
            base, library, native = there.says(f"{place}/bin/python", "-c", program).split()
            assert (base, library) == (f"{place}/python", f"{place}/python/lib/python{MINOR}/os.py")
            assert native.startswith(f"{place}/lib/python{MINOR}/site-packages/yaml/_yaml.")
            assert there.says("head", "-n", "1", f"{place}/bin/normalizer") == f"#!{place}/bin/python"
            assert "usage" in there.says(f"{place}/bin/normalizer", "--help")
            assert there.says("readlink", f"{place}/bin/python{MINOR}") == f"../python/bin/python{MINOR}"
        told = there.run("grep", "-rlF", "--exclude-dir=__pycache__", PREFIX, "/apps/new")
        assert told.stdout == b""


@pytest.mark.long
def test_the_same_inputs_give_the_same_bytes_and_other_bytes_are_refused(
    parity: Parity,
    small: dict[str, Any],
    exported: dict[str, Any],
    interpreter: bytes,
    place: Mirror,
    tmp_path: Path,
) -> None:
    lock = Path(exported["file"]).with_name("python.toml")
    other = tmp_path / "other.toml"
    other.write_text(lock.read_text().replace(exported["python"]["sha256"], "0" * 64))
    # As uv's list says, and yet not what was locked.
    env = {LIST: place.offer(interpreter, VERSION)}
    error = refused(parity, small["bundle"], tmp_path, "--python-lock", other, **env)
    assert (error["kind"], exported["python"]["sha256"] in error["message"]) == ("HashMismatch", True)
    # Not as the list says.
    place.files[f"/cpython-{VERSION}-x86_64.tar.gz"] = interpreter + bytes(10)
    error = refused(parity, small["bundle"], tmp_path, **env)
    assert (error["kind"], "than uv's list says" in error["message"]) == ("HashMismatch", True)
    # What was locked is kept by its digest: nobody need be asked for it again.
    place.files.clear()
    words: list[str | Path] = ["--prefix", PREFIX, "--python-lock", lock, "-o", tmp_path, "--json"]
    again = parity.run("export", "environment", small["bundle"], *words, env=env).document
    ours, theirs = (Path(each["file"]).read_bytes()[HEAD_SIZE:] for each in (exported, again))
    assert ours == theirs


def test_a_mirror_that_lacks_it_is_told_with_what_helps(
    parity: Parity, small: dict[str, Any], place: Mirror, tmp_path: Path
) -> None:
    login = place.url.replace("http://", "http://me:canary-secret@")
    error = refused(parity, small["bundle"], tmp_path, UV_PYTHON_INSTALL_MIRROR=login)
    assert "canary-secret" not in json.dumps(error)
    assert error["kind"] == "PythonUnavailable"
    assert "UV_PYTHON_INSTALL_MIRROR=ADDRESS" in error["remedy"]
    # uv's own list, and the mirror's own place for each file of it.
    assert place.seen
    assert "install_only" in place.seen[0]


def test_what_is_no_python_of_the_target_is_refused(
    parity: Parity, small: dict[str, Any], interpreter: bytes, place: Mirror, tmp_path: Path
) -> None:
    with tarfile.open(fileobj=io.BytesIO(interpreter)) as tar:
        held = {each.name: file.read() for each in tar if each.isreg() and (file := tar.extractfile(each))}
    program = held[f"python/bin/python{MINOR}"]
    # uv wants no more than this of an interpreter.
    least = {f"lib/python{MINOR}/os.py": b""}
    least |= {each.removeprefix("python/"): data for each, data in held.items() if "/_sysconfigdata" in each}
    cases = {
        "which the target has": {"bin/python3.11": program, **least},
        "does not run": {f"bin/python{MINOR}": program, **least},
    }
    for said, members in cases.items():
        address = place.offer(packed(members), VERSION)
        error = refused(parity, small["bundle"], tmp_path, **{LIST: address})
        assert (error["kind"], said in error["message"]) == ("PythonUnfit", True), error


def test_the_trial_lets_nobody_use_the_images_python(
    engine: DockerEngine, debian11: PinnedImage, tmp_path: Path
) -> None:
    """What an environment without an interpreter would do."""
    app = ustar.entry(ustar.TarEntry("app/bin/python", mode=0o777, kind=ustar.LINK, link="/usr/bin/python3"))
    trial = ExportTrial(debian11.platform, "/opt/app", "65534:65534", {}, RehearsalPlan(timeout=60))
    hiding = ExportTrial(**{**vars(trial), "hidden": "/usr/bin/python3.9"})
    with spooling(tmp_path) as new:
        tar = StreamedBytes(new())
        tar.promise(len(app))
        tar.write(app)
        tar.end()
        with pytest.raises(RehearsalFailed, match="relocate"):  # it works until it is to be moved
            try_tar(Together(engine), debian11.id, trial, tar, moving.SCRIPT)
        with pytest.raises(RehearsalFailed, match="Python does not work"):
            try_tar(Together(engine), debian11.id, hiding, tar, moving.SCRIPT)


def test_a_build_locks_the_interpreter_beside_its_lock(
    parity: Parity, index: PackageIndex, interpreter: bytes, place: Mirror, tmp_path: Path
) -> None:
    tiny_wheel(index.wheels, "alpha", "1.0")
    plan = {"form": "environment", "prefix": "/opt/house", "with-python": True}
    profile = write_profile(tmp_path, "house", requirements=["alpha"], index={"url": index.url}, vehicle=plan)
    words = ("--serial", "7", "--bundle-version", "1.0")
    env = {LIST: place.offer(interpreter, VERSION)}
    out = tmp_path / "out"
    error = parity.build(profile, out, "--locked", env=env).error
    assert error["kind"] in ("LockOutdated", "LockInvalid")
    alone = parity.run("lock", profile, "--lock", out / "pylock.toml", env=env)
    assert alone.code == 0, alone.stderr
    assert sorted(os.listdir(out)) == ["pylock.python.toml", "pylock.toml"]
    # Of another Python than the target has now: it is told, or locked anew, before anything is built.
    of_interpreter = out / "pylock.python.toml"
    right = of_interpreter.read_text()
    of_interpreter.write_text(right.replace(f'version = "{VERSION}"', 'version = "3.5.10"'))
    error = parity.build(profile, out, "--locked", env=env).error
    assert (error["kind"], error["where"]) == ("LockOutdated", str(of_interpreter))
    alone = parity.run("lock", profile, "--lock", out / "pylock.toml", env=env)
    assert alone.code == 0, alone.stderr
    assert of_interpreter.read_text() == right
    first = parity.build(profile, out, "--locked", *words, env=env).bundle
    assert sorted(os.listdir(out)) == [
        "house-1.0-house.environment.tar",
        "pylock.python.toml",
        "pylock.toml",
    ]
    assert f'sha256 = "{first["export"]["python"]["sha256"]}"' in (out / "pylock.python.toml").read_text()
    again = parity.build(profile, out, "--locked", *words, env=env).bundle
    assert again["payload_sha256"] == first["payload_sha256"]
    told = parity.run("verify", first["bundle"], "--json").document
    assert json.dumps(told["python"]) == json.dumps(first["export"]["python"])
