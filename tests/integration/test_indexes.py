"""Several indexes for real: a locked devpi behind a private CA, and one beside it that offers more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.canary import SEARCH_STORE, Watch, history, spellings, texts
from tests.support.cli import write_profile
from tests.support.devpi import PASSWORD, USER, locked_devpi
from tests.support.faults import User, finish, in_store
from tests.support.index import PackageIndex, gateway, tiny_wheel
from tests.support.recorder import Recorder
from tests.support.targets import inputs_for
from tests.support.tls import Authority
from tests.support.workshops import Shop, shop

from parity.docker_engine import DockerEngine
from parity.errors import HashMismatch, IndexFailed
from parity.fetch import fetch_wheels
from parity.model import PinnedImage
from parity.model.network import HostNetwork
from parity.resolve import read_lock, resolve_lock

pytestmark = pytest.mark.engine
SECRETS = spellings(USER, PASSWORD)


@dataclass(frozen=True)
class Servers:
    """The public index, the private one's address, and the CA that vouches for that."""

    public: PackageIndex
    private: str
    ca: Path

    def user(self, folder: Path, *packages: str, **index: Any) -> User:
        """Somebody who may read both; `packages` are bound to the private index."""
        login = {"UV_INDEX_TEAM_USERNAME": USER, "UV_INDEX_TEAM_PASSWORD": PASSWORD}
        user = User(folder, self.public.url, environment={**login, "PIP_CERT": str(self.ca)})
        self.bind(user, *packages, **index)
        return user

    def bind(self, user: User, *packages: str, **index: Any) -> None:
        """Write the user's profile, with other bindings."""
        team = {"name": "team", "url": self.private, "packages": list(packages)}
        more = {"index": index} if index else {}
        write_profile(
            user.folder,
            "p0",
            product="demo",
            version="1",
            requirements=["app", "lonely"],
            indexes=[team],
            **more,
        )


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("servers")
    public, private = folder / "public", folder / "private"
    tiny_wheel(public, "app", requires=["acme-core", "lib"])
    tiny_wheel(public, "lib")
    for name in ("acme-core", "acme-base"):
        tiny_wheel(public, name, "9.0")
    own = [
        tiny_wheel(private, "acme-core", "1.0", requires=["acme-base"], padding=300_000),
        tiny_wheel(private, "acme-base", "1.5"),
        tiny_wheel(private, "lonely", "0.1"),
    ]
    authority = Authority(folder / "ca")
    with ExitStack() as stack:
        tls = authority.server(gateway())
        address = stack.enter_context(locked_devpi(folder, own, tls, gateway()))
        index = stack.enter_context(PackageIndex(public, host=gateway()))
        yield Servers(index, address, folder / "ca" / "ca.pem")


def test_a_bound_package_comes_from_its_index_and_the_password_gets_nowhere_else(
    servers: Servers, engine: DockerEngine, debian11: PinnedImage, tmp_path: Path
) -> None:
    user = servers.user(tmp_path / "user", "acme-*")
    process = user.start_build("--verbose", "--fresh")
    watch = Watch(process.pid)
    done = finish(process)
    watch.stop()
    assert done.code == 0, done.output
    lock = read_lock(user.lock)
    assert lock is not None
    assert {w.name: (w.version, w.index) for w in lock.wheels} == {
        "acme-base": ("1.5", "team"),
        "acme-core": ("1.0", "team"),
        "app": ("1.0", servers.public.url),
        "lib": ("1.0", servers.public.url),
        "lonely": ("0.1", "team"),
    }
    assert all(w.url.startswith(servers.private.split("root/")[0]) for w in lock.wheels if w.index == "team")
    assert not [seen for seen in servers.public.seen if "/acme-" in seen.path]
    assert "3 from team" in done.output
    again = user.build("--locked", "--json")
    assert again.code == 0, again.output
    assert watch.containers >= {"workshop", "rehearsal"}
    places = {
        "output": done.output + again.output,
        "engine": watch.seen,
        "image": history(debian11.id),
        "public index": "".join(seen.authorization for seen in servers.public.seen),
        **dict(texts(tmp_path / "user")),
    }
    assert str(user.bundle) in places
    assert [(p, secret) for p, text in places.items() for secret in SECRETS if secret in text] == []
    assert in_store(engine, debian11.id, SEARCH_STORE, *SECRETS) == ""


@pytest.mark.long
def test_the_same_name_on_two_indexes_is_refused_and_a_changed_binding_outdates_the_lock(
    servers: Servers, tmp_path: Path
) -> None:
    user = servers.user(tmp_path / "user")
    error = json.loads(user.build("--json").stdout)["error"]
    assert (error["exit_code"], error["where"]) == (54, "acme-core")
    assert "on the indexes default and team" in error["message"]
    assert "packages: [acme-core]}]`" in error["remedy"]
    assert "`index: {packages: [acme-core]}`" in error["remedy"]
    told = "\n".join(error["details"])
    assert servers.private in told
    assert servers.public.url in told
    servers.bind(user, packages=["acme-*"])
    assert user.build().code == 0
    lock = read_lock(user.lock)
    assert lock is not None
    assert {w.name: w.version for w in lock.wheels if w.name.startswith("acme")} == {"acme-core": "9.0"}
    servers.bind(user, "acme-*")
    stale = user.build("--locked")
    assert stale.code == 43, stale.output
    wrong = user.build("--json", UV_INDEX_TEAM_PASSWORD="canary-wrong")
    error = json.loads(wrong.stdout)["error"]
    assert (error["exit_code"], "401" in error["message"]) == (42, True)
    assert "UV_INDEX_TEAM_USERNAME" in error["remedy"]
    assert "canary" not in wrong.output


# --- what an index does not tell ------------------------------------------------------------------


class Terse(PackageIndex):
    """An index whose pages have no hashes, or others than SHA-256."""

    hashed = ""

    def _link(self, root: str, name: str) -> str:
        data = (self.wheels / name).read_bytes()
        digest = f"#{self.hashed}={hashlib.new(self.hashed, data).hexdigest()}" if self.hashed else ""
        return f'<a href="{root}/files/{name}{digest}">{name}</a><br>'


@pytest.fixture(scope="module")
def room(engine: DockerEngine, debian11: PinnedImage) -> Iterator[Shop]:
    with shop(engine, debian11.id, uv=True) as room:
        yield room


@pytest.mark.parametrize("hashed", ["", "md5"])
def test_what_an_index_does_not_hash_is_hashed_once_and_held_to_it(
    hashed: str, room: Shop, engine: DockerEngine, debian11: PinnedImage, tmp_path: Path
) -> None:
    wheel = tiny_wheel(tmp_path, "alpha", requires=["beta"])
    tiny_wheel(tmp_path, "beta")
    reporter = Recorder()
    index = Terse(tmp_path, host=gateway())
    index.hashed = hashed
    with index:
        network = HostNetwork(index_url=index.url)
        lock = resolve_lock(room.guest(network, reporter), inputs_for("alpha"), None)
        locked = {each.filename: each.sha256 for each in lock.wheels}
        assert locked[wheel.name] == hashlib.sha256(wheel.read_bytes()).hexdigest()
        assert any("tells no SHA-256 for alpha, beta" in line for line in reporter.lines)
        fetched = fetch_wheels(room.guest(network, reporter), lock.wheels)
        assert [each.locked.sha256 for each in fetched.wheels] == [each.sha256 for each in lock.wheels]
        tiny_wheel(tmp_path, "alpha", requires=["beta"], padding=100)
        with shop(engine, debian11.id) as elsewhere, pytest.raises(HashMismatch):
            fetch_wheels(elsewhere.guest(network, reporter), lock.wheels)
        dated = inputs_for("alpha", exclude_newer="2026-01-01")
        with pytest.raises(IndexFailed, match=r"does not say when alpha-1\.0-py3-none-any\.whl was"):
            resolve_lock(room.guest(network, reporter), dated, None)


def test_an_index_that_demands_a_clients_certificate_gets_it(room: Shop, tmp_path: Path) -> None:
    tiny_wheel(tmp_path / "wheels", "alpha")
    authority = Authority(tmp_path / "ca")
    tls = authority.server(gateway(), demands_client=True)
    certificate = authority.client().read_text()
    with PackageIndex(tmp_path / "wheels", host=gateway(), tls=tls) as index:
        network = HostNetwork(index_url=index.url, ca_bundle=authority.pem, client_certificate=certificate)
        reporter = Recorder()
        lock = resolve_lock(room.guest(network, reporter), inputs_for("alpha"), None)
        assert fetch_wheels(room.guest(network, reporter), lock.wheels).fetched <= 1
        stranger = HostNetwork(index_url=index.url, ca_bundle=authority.pem)
        with pytest.raises(IndexFailed):
            resolve_lock(room.guest(stranger, reporter), inputs_for("alpha"), None, upgrade=True)
    key = certificate.split("PRIVATE KEY-----")[1].split()[0]
    left = room.container.exec(["grep", "-rlF", key, "/store", "/tmp", "/root", "/parity"])
    assert left.stdout == b""
