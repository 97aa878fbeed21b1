"""Publishing to the real devpi and pypiserver, and installing from there with real clients."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.bundles import MadeBundle, lock_of
from tests.support.cli import Done, Parity
from tests.support.devpi import PASSWORD, USER, Index, answers, free_port, run, running_devpi, started
from tests.support.index import tiny_wheel
from tests.support.served import bundle_of, some_wheels
from tests.support.tools import tools_environment

from parity.pack import requirements_txt

PYPISERVER = ("pypiserver>=2.4,<3", "passlib>=1.7,<2")


@pytest.fixture(scope="module")
def devpi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with running_devpi(tmp_path_factory.mktemp("devpi")) as index:
        yield index


@pytest.fixture(scope="module")
def pypiserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """pypiserver with a password for uploads, falling back to nobody."""
    folder, tools = tmp_path_factory.mktemp("pypiserver"), tools_environment(*PYPISERVER)
    (folder / "packages").mkdir()
    script = "import sys; from passlib.apache import HtpasswdFile as H; "
    script += (
        "f = H('htpasswd', new=True, default_scheme='sha256_crypt'); f.set_password(*sys.argv[1:]); f.save()"
    )
    run([tools / "python", "-c", script, USER, PASSWORD], folder)
    port = free_port()
    command = [str(tools / "pypi-server"), "run", "-i", "127.0.0.1", "-p", str(port), "-P", "htpasswd"]
    url = f"http://127.0.0.1:{port}/"
    with started([*command, "--disable-fallback", "packages"], url, folder / "log"):
        yield Index(url, f"{url}simple/")


@pytest.fixture
def made(tmp_path: Path) -> MadeBundle:
    """A bundle; beside it, the sender's key."""
    bundle = bundle_of(tmp_path, some_wheels(tmp_path / "w"))
    (tmp_path / "sender.pub").write_bytes(bundle.key.public.pem)
    return bundle


def publish(home: Path, made: MadeBundle, upload: str, *words: str, password: str = PASSWORD) -> Done:
    """`parity publish --json`, credentials in the environment; no secret is ever shown."""
    key = made.path.parent / "sender.pub"
    done = Parity(home).run(
        "publish", made.path, "--to", upload, "--key", key, "--json", *words,
        env={"PARITY_PUBLISH_USERNAME": USER, "PARITY_PUBLISH_PASSWORD": password, "HOME": str(home)},
    )  # fmt: skip
    assert PASSWORD not in done.stdout + done.stderr
    return done


def install(tmp_path: Path, simple: str, made: MadeBundle) -> set[str]:
    """Install the bundle's requirements with hashes by this machine's pip; gives the modules."""
    wheels = {path.removeprefix("wheels/"): data for path, data in made.files.items() if "wheels/" in path}
    (tmp_path / "requirements.txt").write_text(requirements_txt(lock_of(wheels)))
    command = [sys.executable, "-I", "-m", "pip", "install", "-q", "--require-hashes", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--index-url", simple, "--target", str(tmp_path / "t")]
    environment = {"PATH": os.defpath, "HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(
        [*command, "-r", "requirements.txt"],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return {path.stem for path in (tmp_path / "t").glob("*.py")}


@pytest.fixture(params=["devpi", "pypiserver"])
def index(request: pytest.FixtureRequest) -> Index:
    """Each of the real servers in turn."""
    found: Index = request.getfixturevalue(request.param)
    return found


def test_published_skipped_installed_and_never_replaced(
    index: Index, made: MadeBundle, tmp_path: Path
) -> None:
    names = sorted(path.removeprefix("wheels/") for path in made.files if path.startswith("wheels/"))
    denied = publish(tmp_path, made, index.upload, password="wrong").error
    assert denied["kind"] == "PublishDenied"
    assert "PARITY_PUBLISH_PASSWORD" in denied["remedy"]

    assert sorted(publish(tmp_path, made, index.upload, "--dry-run").document["uploaded"]) == names
    assert sorted(publish(tmp_path, made, index.upload).document["uploaded"]) == names
    again = publish(tmp_path, made, index.upload).document
    assert (again["uploaded"], sorted(again["already_there"])) == ([], names)
    assert install(tmp_path, index.simple, made) == {"alpha", "Beta.Lib", "gamma_x"}

    (tmp_path / "other").mkdir()
    wheel = tiny_wheel(tmp_path / "other" / "w", "gamma_x", "0.1", padding=77)
    newer = tiny_wheel(tmp_path / "other" / "w", "delta")
    other = bundle_of(tmp_path / "other", [wheel, newer], "2.0")
    (tmp_path / "other" / "sender.pub").write_bytes(other.key.public.pem)
    refused = publish(tmp_path, other, index.upload).error
    assert refused["kind"] == "OtherBytesThere"
    assert refused["message"].count("sha256 ") == 2
    assert not answers(f"{index.simple}delta/")


def test_an_interrupted_publication_is_resumed(devpi: Index, made: MadeBundle, tmp_path: Path) -> None:
    loose = devpi.upload.replace("/prod/", "/loose/")
    (tmp_path / "part").mkdir()
    part = bundle_of(tmp_path / "part", [tmp_path / "w" / "alpha-1.0-py3-none-any.whl"])
    (tmp_path / "part" / "sender.pub").write_bytes(part.key.public.pem)
    assert publish(tmp_path, part, loose).code == 0
    rest = publish(tmp_path, made, loose).document
    assert (len(rest["uploaded"]), rest["already_there"]) == (2, ["alpha-1.0-py3-none-any.whl"])


def test_credentials_from_netrc_and_pypirc(devpi: Index, made: MadeBundle, tmp_path: Path) -> None:
    key = tmp_path / "sender.pub"
    parity, environment = Parity(tmp_path), {"HOME": str(tmp_path)}
    loose = devpi.upload.replace("/prod/", "/loose/")
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
    netrc.chmod(0o600)
    done = parity.run("publish", made.path, "--to", loose, "--key", key, "--verbose", env=environment)
    assert done.code == 0, done.stderr
    assert "credentials: netrc" in done.stderr
    netrc.unlink()
    (tmp_path / ".pypirc").write_text(
        "[distutils]\nindex-servers = corp\n"
        f"[corp]\nrepository = {devpi.upload}\nusername = {USER}\npassword = {PASSWORD}\n"
    )
    second = parity.run("publish", made.path, "--repository", "corp", "--key", key, "-v", env=environment)
    assert second.code == 0, second.stderr
    assert "credentials: .pypirc" in second.stderr
    assert PASSWORD not in done.stdout + done.stderr + second.stdout + second.stderr


def test_addresses_that_cannot_be(made: MadeBundle, tmp_path: Path) -> None:
    for upload, kind in (
        (f"http://{USER}:{PASSWORD}@127.0.0.1/", "AddressUnusable"),
        ("http://127.0.0.1/simple/", "AddressUnusable"),
        ("http://127.0.0.1:9/", "PublishFailed"),
    ):
        assert publish(tmp_path, made, upload).error["kind"] == kind
