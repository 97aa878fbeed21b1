"""Secrets of this machine reach the index and nothing else; its settings for pip and uv reach nothing."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from tests.support.faults import User, finish, in_store, owned_by
from tests.support.index import PackageIndex, basic, gateway, tiny_wheel

from parity.docker_engine import DockerEngine
from parity.model import PinnedImage

pytestmark = pytest.mark.engine

LOGIN = ("canary-user", f"canary-{secrets.token_hex(8)}")
ENCODED = base64.b64encode(":".join(LOGIN).encode()).decode()
SECRETS = [LOGIN[1], ENCODED, ENCODED.rstrip("=")[:-2]]
SEARCH = 'for each; do grep -raFl -e "$each" /store; done; true'


class Watch:
    """Looks at all that the engine records of a process's containers, and at all command lines."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.seen = ""
        self.containers: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        client = docker.APIClient()
        while not self._over.wait(0.05):
            for name in owned_by(self.pid):
                self._record(client, name.lstrip("/"))
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):  # it has ended meanwhile
                    self.seen += path.read_bytes().decode(errors="replace")
        client.close()

    def _record(self, client: docker.APIClient, name: str) -> None:
        try:
            found = client.inspect_container(name)
            self.seen += json.dumps(found) + client.logs(name).decode(errors="replace")
            self.seen += "".join(json.dumps(client.exec_inspect(each)) for each in found["ExecIDs"] or ())
        except docker.errors.APIError:  # it has gone meanwhile
            return
        self.containers.add(name.split("-")[1])

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PackageIndex]:
    """An index that demands a login, for pages and files."""
    tiny_wheel(tmp_path / "wheels", "alpha", requires=["beta"], padding=50_000)
    tiny_wheel(tmp_path / "wheels", "beta")
    with PackageIndex(tmp_path / "wheels", host=gateway(), login=LOGIN) as index:
        yield index


def with_address(index: PackageIndex, folder: Path) -> User:
    address = index.url.replace("://", f"://{LOGIN[0]}:{LOGIN[1]}@")
    return User(folder, address, "alpha")


def with_netrc(index: PackageIndex, folder: Path) -> User:
    user = User(folder, index.url, "alpha")
    netrc = user.home / ".netrc"
    netrc.write_text(f"machine {gateway()} login {LOGIN[0]} password {LOGIN[1]}\n")
    netrc.chmod(0o600)
    return user


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file below a folder but netrc, and what is signed in it."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name != ".netrc":
            data = path.read_bytes()
            yield str(path), data.decode("latin-1")
            if path.name.endswith(".parity.tar"):
                envelope = json.loads(data[512:65536])
                yield f"{path}: statement", base64.b64decode(envelope["payload"]).decode()


@pytest.mark.parametrize("told", [with_address, with_netrc])
def test_a_token_for_the_index_gets_to_the_index_and_nowhere_else(
    told: object, index: PackageIndex, engine: DockerEngine, debian11: PinnedImage, tmp_path: Path
) -> None:
    assert callable(told)
    user: User = told(index, tmp_path / "user")
    process = user.start_build("--verbose", "--fresh")
    watch = Watch(process.pid)
    done = finish(process)
    watch.stop()
    index.fail(".whl", status=500)
    index.fail("/simple/alpha/", status=500)
    failed = user.build("--verbose", "--upgrade", "--json")
    client = docker.APIClient()
    history = json.dumps([client.inspect_image(debian11.id), client.history(debian11.id)])  # type: ignore[no-untyped-call]
    client.close()

    assert (done.code, failed.code) == (0, 42), done.output + failed.output
    assert {seen.authorization for seen in index.seen} <= {basic(*LOGIN), ""}
    assert watch.containers >= {"workshop", "rehearsal"}
    places = {
        "output": done.output,
        "failure": failed.output,
        "engine": watch.seen,
        "image": history,
        **dict(texts(tmp_path / "user")),
    }
    assert str(user.bundle) in places
    found = [(place, secret) for place, text in places.items() for secret in SECRETS if secret in text]
    assert found == []
    assert in_store(engine, debian11.id, SEARCH, *SECRETS) == ""


NASTY = {
    "PIP_TARGET": "/tmp/parity-canary",
    "PIP_REQUIRE_VIRTUALENV": "1",
    "PIP_NO_BINARY": ":all:",
    "PIP_PRE": "1",
    "PIP_CONSTRAINT": "/nowhere",
    "PIP_REQUIREMENT": "/nowhere",
    "PIP_USER": "1",
    "UV_INDEX_STRATEGY": "unsafe-best-match",
    "UV_PYTHON": "3.12",
    "UV_SYSTEM_PYTHON": "1",
    "UV_PRERELEASE": "allow",
    "UV_RESOLUTION": "lowest",
    "UV_EXCLUDE_NEWER": "2001-01-01",
    "UV_NO_INDEX": "1",
    "UV_CONSTRAINT": "/nowhere",
    "UV_OVERRIDE": "/nowhere",
    "UV_CACHE_DIR": "/nowhere",
    "UV_OFFLINE": "1",
    "UV_REQUIRE_HASHES": "1",
    "UV_NO_BINARY": "1",
    "PYTHONPATH": "/nowhere",
    "PYTHONWARNINGS": "ignore",
    "PYTHONSTARTUP": "/nowhere",
    "VIRTUAL_ENV": "/nowhere",
    "CONDA_PREFIX": "/nowhere",
    "SETUPTOOLS_USE_DISTUTILS": "stdlib",
    "LC_ALL": "C",
    "TZ": "Asia/Kathmandu",
}


def test_settings_for_pip_and_uv_do_not_leak_into_a_build(debian11: PinnedImage, tmp_path: Path) -> None:
    wheels, trap = tmp_path / "wheels", tmp_path / "trap"
    tiny_wheel(wheels, "alpha", "1.0", requires=["beta"])
    tiny_wheel(wheels, "alpha", "0.9")
    tiny_wheel(wheels, "alpha", "1.1rc1")
    tiny_wheel(wheels, "beta", "1.0")
    tiny_wheel(trap, "beta", "99.0")
    with PackageIndex(wheels, host=gateway()) as index, PackageIndex(trap, host=gateway()) as other:
        user = User(tmp_path / "user", index.url, "alpha")
        assert user.build().code == 0
        plain, lock = user.bundle.read_bytes()[65536:], user.lock.read_bytes()
        user.lock.unlink()
        extra = {"PIP_EXTRA_INDEX_URL": other.url, "UV_INDEX": other.url, "UV_FIND_LINKS": str(trap)}
        done = user.build("--fresh", **{**NASTY, **extra})
    assert done.code == 0, done.output
    assert user.lock.read_bytes() == lock
    assert user.bundle.read_bytes()[65536:] == plain
    assert other.seen == []
    assert f"{other.url} (pip's extra-index-url) is not taken" in done.stderr
    assert not Path("/tmp/parity-canary").exists()
