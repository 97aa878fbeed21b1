"""A bundle across a real registry: with logins, TLS, connections that are cut, and installed from there."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from tests.support.bundles import MadeBundle, make_bundle
from tests.support.cli import Parity
from tests.support.recorder import Recorder
from tests.support.registry import PASSWORD, USER, registry
from tests.support.signed import alpha, signed
from tests.support.tls import Authority

from parity.errors import RegistryDenied, RegistryFailed
from parity.registry import parse_reference, pull_bundle, push_bundle

pytestmark = pytest.mark.engine  # `make engine` brings the registry

BIG = {f"big{number}-1.0-py3-none-any.whl": bytes([number]) * 3_000_000 for number in range(3)}


@pytest.fixture
def made(tmp_path: Path) -> MadeBundle:
    return make_bundle(tmp_path / "made", wheels=BIG)


@contextmanager
def cutting(there: str, after: int, most: int) -> Iterator[str]:
    """A way to a server that ends each connection after so many bytes in both directions, `most` times."""
    left = [most]
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(source: socket.socket, target: socket.socket, budget: list[int]) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
                budget[0] -= len(data)
                if budget[0] < 0 and left[0] > 0:
                    left[0] -= 1
                    break
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def connect(near: socket.socket) -> None:
        host, _, port = there.partition(":")
        with near, socket.create_connection((host, int(port))) as far:
            budget = [after]
            back = threading.Thread(target=carry, args=(far, near, budget), daemon=True)
            back.start()
            carry(near, far, budget)
            back.join()

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=connect, args=listener.accept()[:1], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield f"127.0.0.1:{listener.getsockname()[1]}"
    listener.close()
    assert left[0] < most, "nothing was cut"


def test_a_bundle_goes_through_connections_that_are_cut(made: MadeBundle, tmp_path: Path) -> None:
    with registry(tmp_path / "registry") as served:
        with cutting(served.host, 2_000_000, 2) as near:
            reference = parse_reference(f"{near}/team/web:1.0")
            push_bundle(made.path, reference, None, made.check, Recorder())
        with cutting(served.host, 2_000_000, 5) as far:
            reference = parse_reference(f"{far}/team/web:1.0")
            done = pull_bundle(reference, tmp_path, None, made.check, Recorder())
        assert done.path.read_bytes() == made.path.read_bytes()
        # The proof is found as the specification's fallback has it, since this registry knows no referrers.
        tag = done.digest.replace(":", "-")
        kind = {"Accept": "application/vnd.oci.image.index.v1+json"}
        where = f"http://{served.host}/v2/team/web/manifests/{tag}"
        found = requests.get(where, headers=kind, timeout=20).json()
        assert [row["artifactType"] for row in found["manifests"]] == ["application/vnd.parity.proof.v1+json"]


def test_a_login_and_a_private_authority(
    made: MadeBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path / "ca")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    login = {"Username": USER, "Password": PASSWORD}
    with registry(tmp_path / "registry", login=True, authority=authority) as served:
        reference = parse_reference(f"{served.host}/team/web:1.0")
        with pytest.raises(RegistryFailed, match="certificate is not trusted") as caught:
            push_bundle(made.path, reference, login, made.check, Recorder())
        assert "certs.d" in caught.value.remedy
        # As the engines keep it; then as OpenSSL's users name it.
        own = tmp_path / "config" / "containers" / "certs.d" / served.host
        own.mkdir(parents=True)
        (own / "ca.crt").write_text(authority.pem)
        push_bundle(made.path, reference, login, made.check, Recorder())
        (own / "ca.crt").unlink()
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.folder / "ca.pem"))
        done = pull_bundle(reference, tmp_path, login, made.check, Recorder())
        assert done.path.read_bytes() == made.path.read_bytes()
        for wrong in (None, {**login, "Password": "wrong"}):
            with pytest.raises(RegistryDenied) as denied:
                pull_bundle(reference, tmp_path, wrong, made.check, Recorder())
            assert f"docker login {served.host}" in denied.value.remedy


def test_the_commands_push_pull_and_install(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    parity = Parity(tmp_path / "home")
    old = signed(tmp_path / "old", alpha(tmp_path / "w1", "1.0"), serial=1)
    new = signed(tmp_path / "new", alpha(tmp_path / "w2", "2.0"), serial=2)
    with registry(tmp_path / "registry", login=True) as served:
        basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        kept = tmp_path / "docker"
        kept.mkdir()
        (kept / "config.json").write_text(json.dumps({"auths": {served.host: {"auth": basic}}}))
        env = {"DOCKER_CONFIG": str(kept)}
        key = ("--key", old.public)
        first = parity.run("push", old.path, f"{served.host}/team/app:1", "--json", *key, env=env).document
        again = parity.run("push", new.path, f"{served.host}/team/app:2", "--json", *key, env=env).document
        assert (first["verified"], first["already_there"]) == (True, 0)
        wheels = [path for path in again["sent"] if path.startswith("wheels/")]
        assert wheels == ["wheels/alpha-2.0-py3-none-any.whl"]
        assert again["already_there"] > len(again["sent"])

        pulled = parity.run("pull", f"{served.host}/team/app:1", "-o", tmp_path, "--json", *key, env=env)
        assert Path(pulled.document["bundle"]).read_bytes() == old.path.read_bytes()
        assert pulled.document["digest"] == first["digest"]
        shut = parity.run("pull", f"{served.host}/team/app:1", "-o", tmp_path, "--json", *key)
        assert shut.error["exit_code"] == RegistryDenied.exit_code

        prefix = tmp_path / "prefix"
        where = ("--prefix", prefix, "--no-imports", "--allow-other-os", "--json")
        done = parity.run("install", f"oci://{served.host}/team/app:2", *where, *key, env=env)
        assert done.code == 0, done.stderr + done.stdout
        assert (prefix / "current").exists()
        # What holds for a file holds for what was pulled: an older one does not replace it.
        older = parity.run("install", f"oci://{served.host}/team/app:1", *where, *key, env=env)
        assert older.error["kind"] == "OlderBundle"
