"""Named indexes of a profile: what binds to which, what is refused, and who this machine is there."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.credentials import SimpleCredential
from tests.support.index import certificate
from tests.support.targets import inputs_for
from tests.unit.test_profile import GOOD

from parity.errors import IndexConfusion, IndexFailed, ProfileError
from parity.host.certificates import client_certificate
from parity.host.index import choose_index, named_indexes
from parity.host.network import host_network
from parity.host.pipconf import default_index
from parity.host.uvconf import UvSettings
from parity.model import IndexSettings, NamedIndex
from parity.model.network import HostNetwork, clean_url
from parity.profile import load_profile
from parity.resolve import select_project

URL = "https://packages.example.org/simple/"
NAMED = IndexSettings("https://main.example/simple", (NamedIndex("team-a", URL, ("acme-*",)),), ("six",))


class Ring(KeyringBackend):
    """A keyring that knows one service."""

    priority = 1

    def __init__(self, service: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.service = service

    def get_password(self, service: str, username: str) -> str | None:
        return "canary-ring" if service == self.service else None

    def get_credential(self, service: str, username: str | None) -> SimpleCredential | None:
        return SimpleCredential("ring-user", "canary-ring") if service == self.service else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "xdg"), "PIP_CONFIG_FILE": os.devnull}


def load(folder: Path, text: str) -> IndexSettings:
    path = folder / "p.yaml"
    path.write_text(GOOD + text)
    return load_profile(path, (folder,)).index


def test_names_are_normalised_and_a_star_stands_for_the_rest(tmp_path: Path) -> None:
    bound = f"indexes: [{{name: a, url: '{URL}', packages: [Acme_Core, 'acme.x*']}}]\n"
    found = load(tmp_path, "index: {packages: [Six, '*']}\n" + bound)
    assert found.packages == ("six", "*")
    assert found.named == (NamedIndex("a", URL, ("acme-core", "acme-x*")),)


def test_what_two_indexes_cannot_share_is_told_with_its_line(tmp_path: Path) -> None:
    text = (
        "index:\n  packages: [six]\n"
        "indexes:\n"
        f"  - name: a\n    url: {URL}\n    packages: [acme, Six]\n"
        f"  - name: a\n    url: {URL}\n    packages:\n      - beta\n      - ACME\n"
        f"  - name: default\n    url: {URL}\n"
    )
    with pytest.raises(ProfileError) as caught:
        load(tmp_path, text)
    start = len(GOOD.splitlines())
    told = {problem.path: (problem.line - start, problem.message) for problem in caught.value.problems}
    assert told == {
        "indexes[0].packages[1]": (6, "Six is bound to the default index already; bind it to one index"),
        "indexes[1].packages[1]": (11, "ACME is bound to a already; bind it to one index"),
        "indexes[1].name": (7, "the name a is another index's; choose another one"),
        "indexes[2].name": (12, "the name default stands for something else in locks; choose another one"),
    }


def test_a_named_indexs_login_is_found_by_its_name_then_netrc_then_the_keyring(home: dict[str, str]) -> None:
    keyring.set_keyring(Ring(URL))
    (known,) = host_network(NAMED, home).named
    assert known.login == ("ring-user", "canary-ring")
    keyring.set_keyring(Ring("packages.example.org"))
    (known,) = host_network(NAMED, home).named
    assert known.login == ("ring-user", "canary-ring")
    netrc = Path(home["HOME"]) / ".netrc"
    netrc.write_text("machine packages.example.org login me password canary-net\n")
    netrc.chmod(0o600)
    (known,) = host_network(NAMED, home).named
    assert known.login == ("me", "canary-net")
    environ = {**home, "UV_INDEX_TEAM_A_USERNAME": "you", "UV_INDEX_TEAM_A_PASSWORD": "canary-env"}
    environ["UV_INDEX_DEFAULT_PASSWORD"] = "canary-default"
    network = host_network(NAMED, environ)
    assert network.named[0].login == ("you", "canary-env")
    assert network.index_login == ("", "canary-default")
    assert "canary" not in repr(network)
    assert network.redact("canary-env and canary-default") == "*** and ***"


def test_an_index_that_is_the_default_one_once_more_is_no_second_index(home: dict[str, str]) -> None:
    again = IndexSettings(None, (NamedIndex("again", "https://Main.example/simple/"),))
    environ = {**home, "PIP_INDEX_URL": "https://main.example/simple"}
    assert host_network(again, environ).named == ()
    assert host_network(again, {**home, "PIP_INDEX_URL": "https://other.example/simple"}).named
    unsaid = IndexSettings(None, (NamedIndex("again", str(default_index())),))
    assert host_network(unsaid, home).named == ()
    bound = IndexSettings(None, (NamedIndex("again", "https://main.example/simple", ("six",)),))
    assert host_network(bound, environ).named


def test_the_keyring_is_asked_for_the_default_index_only_when_pip_or_uv_is_told_to(
    home: dict[str, str],
) -> None:
    keyring.set_keyring(Ring("https://main.example/simple"))
    assert host_network(NAMED, home).index_login is None
    told = {**home, "UV_KEYRING_PROVIDER": "subprocess"}
    assert host_network(NAMED, told).index_login == ("ring-user", "canary-ring")


def test_a_login_goes_with_files_at_its_indexs_own_origin_alone(home: dict[str, str]) -> None:
    both = (NamedIndex("a", "https://one.example/a/"), NamedIndex("b", "https://one.example/b/"))
    environ = {**home, "UV_INDEX_A_PASSWORD": "canary-a", "UV_INDEX_B_PASSWORD": "canary-b"}
    network = host_network(IndexSettings(None, both), environ)
    files = {"https://one.example/a/x.whl": "a", "https://one.example/b/y.whl": "https://one.example/b"}
    elsewhere = {"https://cdn.example/z.whl": "a", "http://one.example/z.whl": "a"}
    job = network.job([*files, *elsewhere], named={**files, **elsewhere})
    assert job["credentials"] == {
        "https://one.example/a/x.whl": ["", "canary-a"],
        "https://one.example/b/y.whl": ["", "canary-b"],
    }
    assert [one["name"] for one in job["indexes"]] == ["default", "a", "b"]
    assert host_network(IndexSettings(), home).job()["indexes"] == []


def test_the_clients_certificate_is_read_with_its_key(tmp_path: Path) -> None:
    certificate(tmp_path)
    cert, key = (tmp_path / "cert.pem").read_text(), (tmp_path / "key.pem").read_text()
    both = tmp_path / "client.pem"
    both.write_text(f"a comment\n{cert}{key}")
    assert client_certificate({}, {}) is None
    found = client_certificate({"SSL_CLIENT_CERT": str(both)}, {})
    assert found == client_certificate({}, {"client-cert": str(both)})
    assert found is not None
    assert found.split() == (key + cert).split()
    for text, said in ((cert, "no private key"), (key, "no certificate")):
        both.write_text(text)
        with pytest.raises(IndexFailed, match=said):
            client_certificate({"SSL_CLIENT_CERT": str(both)}, {})
    certificate(tmp_path / "other")
    both.write_text(cert + (tmp_path / "other" / "key.pem").read_text())
    with pytest.raises(IndexFailed, match="do not fit together"):
        client_certificate({}, {"client-cert": str(both)})
    with pytest.raises(IndexFailed, match="cannot be read"):
        client_certificate({"SSL_CLIENT_CERT": "/none.pem"}, {})


# --- a project's own lock -------------------------------------------------------------------------

LOCKED = """lock-version = "1.0"
created-by = "uv"
[[packages]]
name = "acme-core"
version = "1.0"
index = "https://packages.example.org/simple"
wheels = [{ url = "https://packages.example.org/acme_core-1.0-py3-none-any.whl", hashes = { sha256 = "%s" } }]
""" % ("a" * 64)


def test_a_projects_lock_gets_the_names_of_indexes_and_is_held_to_the_bindings() -> None:
    def index_of(*packages: str, default: tuple[str, ...] = (), url: str = URL) -> str:
        indexes = IndexSettings(None, (NamedIndex("team", url, packages),), default)
        (wheel,) = select_project(LOCKED, replace(inputs_for(), index=indexes), ()).wheels
        return wheel.index

    assert index_of() == index_of("acme-*") == index_of("acme-core", default=("*",)) == "team"
    assert index_of(url="https://other.example/") == "https://packages.example.org/simple"
    with pytest.raises(IndexConfusion, match="binds it to team"):
        index_of("acme-core", url="https://other.example/")
    with pytest.raises(IndexConfusion, match="binds it to default"):
        index_of(default=("acme-core",))


@pytest.mark.parametrize("address", ["https://me:pass/s3cr3t@host/simple", "http://me:pass/s3cr3t@host"])
def test_a_slash_in_a_password_is_told_and_never_shown(address: str) -> None:
    with pytest.raises(IndexFailed) as caught:
        choose_index(None, {"index-url": address}, UvSettings(), {})
    assert "%2F" in caught.value.remedy
    named = NamedIndex("corp", address)
    with pytest.raises(IndexFailed) as named_caught:
        named_indexes([named], {}, {})
    for text in (
        str(caught.value),
        str(named_caught.value),
        clean_url(address),
        HostNetwork().redact(address),
    ):
        assert "s3cr3t" not in text
    assert clean_url("https://me:s3cr3t@host:8080/x") == "https://host:8080/x"
    assert clean_url("me:s3cr3t@host/x") == "***@host/x"
    assert clean_url("me:s3@cr3t@host/x?a=b") == "***@host/x"
    assert clean_url("file:/srv/a@b") == "file:///srv/a@b"
    assert clean_url("./wheels@1/x") == "./wheels@1/x"
