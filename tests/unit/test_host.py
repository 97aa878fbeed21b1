"""This machine's index, proxies, certificates and files: what is taken, and what is said to be left."""

from __future__ import annotations

import os
import ssl
import stat
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support.index import certificate

from parity.errors import IndexFailed, WriteFailed
from parity.files import atomic_file, write_atomic
from parity.host.certificates import ca_bundle
from parity.host.folders import cache_folder, config_folder, keys_folder
from parity.host.index import choose_index, netrc_logins
from parity.host.network import host_network, host_proxies
from parity.host.pipconf import _listed, begin, parse_pip_config, pip_settings
from parity.host.uvconf import UvSettings, uv_settings
from parity.model import IndexSettings
from parity.model.network import HostNetwork

INDEX = "https://index.example/simple"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has set nothing, on a machine where only pip's system file counts."""
    return {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "xdg"), "PIP_CONFIG_FILE": os.devnull}


def uv_toml(home: dict[str, str], text: str) -> None:
    path = Path(home["HOME"]) / ".config/uv/uv.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)


def test_the_profile_beats_pip_and_pip_beats_uv(home: dict[str, str]) -> None:
    environ = {**home, "PIP_INDEX_URL": "https://pip.example/simple", "UV_DEFAULT_INDEX": INDEX}
    assert (
        host_network(IndexSettings("https://profile.example/s"), environ).index_url
        == "https://profile.example/s"
    )
    network = host_network(None, environ)
    assert (network.index_url, network.index_source) == ("https://pip.example/simple", "PIP_INDEX_URL")
    del environ["PIP_INDEX_URL"]
    network = host_network(None, environ)
    assert (network.index_url, network.index_source) == (INDEX, "UV_DEFAULT_INDEX")


def test_with_nothing_set_nothing_is_passed(home: dict[str, str]) -> None:
    network = host_network(None, home)
    assert network.index_url is None
    assert network.warnings == ()
    assert network.job()["credentials"] == {}


def test_pips_own_files_are_read(home: dict[str, str], tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://one.example/simple\nproxy = http://proxy.example:3128\n"
        "[install]\nindex-url = https://user:canary%40x@two.example/simple\nextra-index-url =\n"
        "    https://u:canary-2@extra.example/simple\n    file:///opt/index\nfind-links = /opt/wheels\n"
    )
    network = host_network(None, {**home, "PIP_CONFIG_FILE": str(config)})
    assert network.index_url == "https://two.example/simple"
    assert network.index_login == ("user", "canary@x")
    assert network.proxies["https"] == "http://proxy.example:3128"
    text = "\n".join(network.warnings)
    assert "https://extra.example/simple (pip's extra-index-url) is not taken" in text
    assert "file:///opt/index" in text
    assert "/opt/wheels (pip's find-links) lies on this machine alone" in text
    assert "canary" not in text + repr(network)


def test_the_environment_beats_pips_files() -> None:
    lines = [
        "global.index-url='https://a.example'",
        "install.index-url='https://b.example'",
        ":env:.index-url='https://c.example'",
        "WARNING: something",
        "wheel.find-links='x'",
        "global.find-links='\\n/a\\n/b'",
    ]
    assert parse_pip_config(lines) == {"index-url": "https://c.example", "find-links": "\n/a\n/b"}


def test_pips_file_may_be_named_from_the_current_folder(
    tmp_path: Path, home: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://here.example/simple\n")
    monkeypatch.chdir(tmp_path)
    assert pip_settings({**home, "PIP_CONFIG_FILE": "pip.conf"})["index-url"] == "https://here.example/simple"


def test_whoever_asks_second_gets_the_first_ones_answer(home: dict[str, str]) -> None:
    before = _listed.cache_info().misses
    begin({**home, "PIP_TIMEOUT": "7"})
    assert pip_settings({**home, "PIP_TIMEOUT": "7"})["timeout"] == "7"
    assert _listed.cache_info().misses == before + 1


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (b"index-url = https://me:canary@index.example\n", ":1"),
        (b"[global]\ntimeout = 7\nme-canary\n", ":3"),
        (b"[global]\ntimeout = 7\ntimeout = 8\n", ":3"),
        (b"[global]\nindex-url = \xff\n", ""),
    ],
)
def test_a_file_that_pip_cannot_read_is_an_error_and_not_the_default_index(
    home: dict[str, str], tmp_path: Path, written: bytes, line: str
) -> None:
    file = tmp_path / "pip.conf"
    file.write_bytes(written)
    with pytest.raises(IndexFailed, match="configuration") as failed:
        pip_settings({**home, "PIP_CONFIG_FILE": str(file), "PIP_INDEX_URL": INDEX})
    assert failed.value.where == f"{file}{line}"
    assert "canary" not in f"{failed.value}{failed.value.details}{failed.value.remedy}"


def test_this_machines_own_settings_are_read_without_a_complaint() -> None:
    settings = pip_settings(os.environ)
    if "PIP_CERT" in os.environ:
        assert settings["cert"] == os.environ["PIP_CERT"]
    for source in os.environ.get("PIP_FIND_LINKS", "").split():
        assert any(source in warning for warning in host_network(None, os.environ).warnings)


def test_uvs_files_are_read(home: dict[str, str]) -> None:
    uv_toml(home, f'find-links = ["/opt/w"]\n[[index]]\nname = "corp"\nurl = "{INDEX}"\ndefault = true\n')
    environ = {**home, "UV_INDEX_CORP_USERNAME": "me", "UV_INDEX_CORP_PASSWORD": "canary-3"}
    network = host_network(None, environ)
    assert network.index_url == INDEX
    assert network.index_login == ("me", "canary-3")
    assert any("/opt/w" in warning for warning in network.warnings)
    assert host_network(None, {**environ, "UV_NO_CONFIG": "1"}).index_url is None


def test_a_uv_file_that_is_broken_is_said(home: dict[str, str]) -> None:
    uv_toml(home, "index = [\n")
    assert any("uv.toml" in warning for warning in uv_settings(home).warnings)


def test_an_index_of_this_machine_alone_is_not_taken(home: dict[str, str]) -> None:
    chosen = choose_index(None, {"index-url": "file:///opt/index"}, UvSettings(index=INDEX), home)
    assert chosen.url == INDEX
    assert any("this machine alone" in warning for warning in chosen.warnings)
    local = choose_index(None, {"index-url": "http://localhost:3141/simple"}, UvSettings(), home)
    assert any("cannot reach" in warning for warning in local.warnings)
    with pytest.raises(IndexFailed):
        choose_index("file:///opt/index", {}, UvSettings(), home)


def test_netrc_gives_logins_by_host(home: dict[str, str]) -> None:
    netrc = Path(home["HOME"]) / ".netrc"
    netrc.write_text(
        "machine index.example login me password canary-4\nmachine other.example login x password y\n"
    )
    netrc.chmod(0o600)
    network = host_network(IndexSettings(INDEX), home)
    assert network.index_login == ("me", "canary-4")
    job = network.job(["https://other.example/f.whl", "http://other.example/g.whl", "https://third.example/"])
    assert job["credentials"] == {
        "https://index.example:443": ["me", "canary-4"],
        "https://other.example:443": ["x", "y"],
    }
    netrc.write_text("machine machine machine")
    assert netrc_logins(home)[1]


def test_proxies_lower_case_first_and_local_ones_are_told(home: dict[str, str]) -> None:
    environ = {
        "https_proxy": "http://a.example:1",
        "HTTPS_PROXY": "http://b.example:1",
        "NO_PROXY": "x.example",
    }
    assert host_proxies(environ, {}) == {"https": "http://a.example:1", "no": "x.example"}
    assert host_proxies({"no_proxy": "*"}, {}) == {}
    local = {**home, "HTTP_PROXY": "http://me:canary-5@127.0.0.1:3128"}
    network = host_network(IndexSettings(INDEX), local)
    assert any("this machine" in warning for warning in network.warnings)
    assert "canary-5" not in repr(network) + "".join(network.warnings)


def test_the_named_ca_bundle_is_taken_and_nothing_but_certificates(tmp_path: Path) -> None:
    _, pem = certificate(tmp_path)
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(f"# a company's own — CA\n{pem}\n{pem}" + (tmp_path / "key.pem").read_text())
    found = ca_bundle({"SSL_CERT_FILE": str(bundle)}, {})
    assert found is not None
    assert found.split() == pem.split()
    assert ca_bundle({"SSL_CERT_FILE": "/none"}, {"cert": str(bundle)}) == found
    assert ca_bundle({"SSL_CERT_DIR": str(tmp_path)}, {}) == found


def test_a_ca_bundle_that_cannot_be_read_is_an_error_that_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(IndexFailed, match="REQUESTS_CA_BUNDLE"):
        ca_bundle({"REQUESTS_CA_BUNDLE": str(tmp_path / "none.pem")}, {})
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(IndexFailed, match="damaged"):
        ca_bundle({"SSL_CERT_FILE": str(broken)}, {})


def test_the_systems_bundle_is_the_default() -> None:
    found = ca_bundle({}, {})
    assert found is None or ssl.create_default_context(cadata=found).get_ca_certs()


def test_secrets_are_taken_out_of_any_text() -> None:
    network = HostNetwork(
        index_url=INDEX,
        index_login=("me", "p@ss/w"),
        proxies={"https": "http://pu:canary-6@proxy.example:1"},
        logins={"other.example": ("token-canary-7", "")},
    )
    text = (
        "at https://me:p%40ss%2Fw@index.example/simple?sig=abc#frag and http://pu:canary-6@proxy.example:1, "
        "header bWU6cEBzcy93 token-canary-7 raw p@ss/w end"
    )
    cleaned = network.redact(text)
    assert "https://index.example/simple and" in cleaned
    for secret in ("p@ss/w", "p%40ss", "canary-6", "canary-7", "bWU6cEBzcy93", "sig=abc"):
        assert secret not in cleaned
    assert cleaned.endswith("end")
    assert "p@ss" not in repr(network)


def test_folders_follow_xdg_and_parity_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PARITY_HOME", raising=False)
    assert keys_folder() == tmp_path / "config/parity/keys"
    assert cache_folder() == tmp_path / "cache/parity"
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "all"))
    assert config_folder() == tmp_path / "all/config"
    assert cache_folder() == tmp_path / "all/cache"


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock.toml"
    write_atomic(path, b"one", mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with suppress(KeyboardInterrupt), atomic_file(path) as file:
        file.write(b"two")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"one"
    assert list(path.parent.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(WriteFailed) as caught:
        write_atomic(tmp_path / "file" / "below", b"x")
    assert "below" in caught.value.where
    with pytest.raises(WriteFailed):
        write_atomic(tmp_path, b"x")


def test_a_home_that_is_told_from_here_is_the_same_from_everywhere(tmp_path: Path) -> None:
    # pip and git are started in other folders than this one.
    assert cache_folder({"PARITY_HOME": "state"}) == Path.cwd() / "state" / "cache"
    assert config_folder({"PARITY_HOME": str(tmp_path)}) == tmp_path / "config"
