"""A registry is a stranger: what it says is bounded, and no login goes where it may be overheard."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.support.threads import answering

from parity.docker_engine.registry import registry_image
from parity.docker_engine.repository import Repository
from parity.errors import AddressUnusable, EngineRefused, RegistryDenied
from parity.registry import parse_reference

LOGIN = {"Username": "me", "Password": "secret"}
Answer = tuple[int, dict[str, str], bytes]


class _Odd(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: Any = self.server
        server.asked.append((self.path, self.headers.get("Authorization")))
        code, headers, body = server.answer(self.path)
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Odd)
    server.asked, server.daemon_threads = [], True
    server.name = f"127.0.0.1:{server.server_address[1]}"
    with answering(server):
        yield server


def refused(registry: Any, answer: Callable[[str], Answer]) -> str:
    registry.answer = answer
    with pytest.raises(EngineRefused) as caught:
        registry_image(f"{registry.name}/team/base:1", "linux/amd64", LOGIN)
    return caught.value.message


@pytest.mark.parametrize(
    "document",
    [
        {"manifests": ["x"]},
        {"manifests": [{"platform": "x", "digest": 1}]},
        {"manifests": {"a": 1}},
        {"config": "x"},
        {"config": {"digest": "sha256:../x"}},
        {},
    ],
)
def test_a_manifest_of_odd_shape_is_no_fault_of_ours(registry: Any, document: object) -> None:
    assert "does not tell" in refused(registry, lambda _: (200, {}, json.dumps(document).encode()))


def test_an_answer_has_a_bound_packed_or_not(registry: Any) -> None:
    bomb = gzip.compress(b" " * (64 << 20))
    refused(registry, lambda _: (200, {"Content-Encoding": "gzip"}, bomb))
    assert "more than 4 MiB" in refused(registry, lambda _: (200, {}, b" " * (5 << 20)))


def test_a_token_has_a_bound(registry: Any) -> None:
    def answer(path: str) -> Answer:
        if path.startswith("/token"):
            return 200, {}, b" " * (5 << 20) + b'{"token": "x"}'
        return 401, {"WWW-Authenticate": f'Bearer realm="http://{registry.name}/token"'}, b""

    assert "more than 4 MiB" in refused(registry, answer)


def test_where_a_registry_leads_nothing_of_netrc_goes(
    registry: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine localhost login me password of-netrc")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    there = f"http://localhost:{registry.server_address[1]}/elsewhere"

    def answer(path: str) -> Answer:
        return (404, {}, b"") if path == "/elsewhere" else (302, {"Location": there}, b"")

    assert "answers 404" in refused(registry, answer)
    assert registry.asked[-1] == ("/elsewhere", None)


@pytest.mark.parametrize(
    "realm",
    [
        "http://localhost.evil.example/token",
        "http://127.0.0.1.evil.example/token",
        "http://127.0.0.1@evil.example/token",
        "http://evil.example/token",
        "ftp://127.0.0.1/token",
        "",
    ],
)
def test_no_login_goes_elsewhere_in_plain_words(registry: Any, realm: str) -> None:
    said = refused(registry, lambda _: (401, {"WWW-Authenticate": f'Bearer realm="{realm}"'}, b""))
    assert "in a way that is not known" in said
    assert {login for _, login in registry.asked} == {None}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_registry_elsewhere_has_nothing_asked_of_this_machine(registry: Any, scheme: str) -> None:
    registry.answer = lambda _: (200, {}, b'{"token": "x"}')
    with closing(Repository("registry.example", "team/web", LOGIN)) as repository:
        realm = f"{scheme}://localhost:{registry.server_address[1]}/token"
        with pytest.raises(RegistryDenied, match="in a way that is not known"):
            repository._permission(f'Bearer realm="{realm}"')
    assert registry.asked == []


@pytest.mark.parametrize("scheme", ["", "oci://", "https://"])
def test_a_login_in_a_reference_is_refused_and_not_repeated(scheme: str) -> None:
    with pytest.raises(AddressUnusable) as caught:
        parse_reference(f"{scheme}joe:s@cret@registry.example:5000/team/web:1.0")
    assert "cret" not in str(caught.value.where)
    assert str(caught.value.where) == f"{scheme}***@registry.example:5000/team/web:1.0"
