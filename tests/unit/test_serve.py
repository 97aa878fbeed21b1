"""The index server on real sockets."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.index import certificate, tiny_wheel
from tests.support.served import bundle_of, opened, serving, some_wheels

from parity.farside.index.bind import Address, parse_bind, tls_context
from parity.farside.index.catalogue import Catalogue
from parity.farside.index.server import IndexServer
from parity.portable.errors import ServeFailed

BIG = 3_000_000


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    wheels = [*some_wheels(folder / "w"), tiny_wheel(folder / "w", "big", padding=BIG)]
    return bundle_of(folder, wheels).path


@pytest.fixture(scope="module")
def catalogue(bundle: Path) -> Iterator[Catalogue]:
    with opened([bundle]) as found:
        yield found


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def server(catalogue: Catalogue, log: list[str]) -> Iterator[IndexServer]:
    with serving(catalogue, log=log.append) as running:
        yield running


def connect(server: IndexServer) -> http.client.HTTPConnection:
    host, port = server.server_address[:2]
    return http.client.HTTPConnection(str(host), int(port), timeout=10)


def raw(server: IndexServer, data: bytes) -> bytes:
    """Send bytes, say that no more come, and give all that is answered."""
    with socket.create_connection(server.server_address[:2], timeout=10) as line:  # type: ignore[arg-type]
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(65536), b""))


def wait_for(log: list[str], words: str) -> None:
    for _ in range(500):
        if any(words in line for line in log):
            return
        time.sleep(0.01)
    raise AssertionError(f"{words!r} is not in {log}")


def test_one_connection_serves_many_requests(server: IndexServer, catalogue: Catalogue) -> None:
    line = connect(server)
    sockets = set()
    for wheel in catalogue.wheels.values():
        for method in ("GET", "HEAD", "GET"):
            line.request(method, f"/files/{wheel.filename.replace('+', '%2B')}")
            response = line.getresponse()
            data = response.read()
            sockets.add(line.sock.fileno())
            assert response.headers["Content-Length"] == str(wheel.size)
            assert hashlib.sha256(data).hexdigest() == wheel.sha256 or (method == "HEAD" and data == b"")
    line.close()
    assert len(sockets) == 1


def test_small_answers_do_not_wait_for_the_clients_acknowledgement(server: IndexServer) -> None:
    line = connect(server)
    waits = []
    for _ in range(50):
        began = time.monotonic()
        line.request("GET", "/simple/alpha/")
        line.getresponse().read()
        waits.append(time.monotonic() - began)
    line.close()
    assert min(waits) < 0.03  # a delayed acknowledgement takes 0.04 seconds, and each answer would have one


def test_many_clients_at_once_get_the_right_bytes(server: IndexServer, catalogue: Catalogue) -> None:
    wheels = list(catalogue.wheels.values())

    def fetch(number: int) -> bool:
        line = connect(server)
        good = True
        for step in range(6):
            wheel = wheels[(number + step) % len(wheels)]
            first = number * 1009 % wheel.size
            line.request(
                "GET", f"/files/{wheel.filename.replace('+', '%2B')}", headers={"Range": f"bytes={first}-"}
            )
            data = line.getresponse().read()
            good = good and len(data) == wheel.size - first
            line.request("GET", f"/files/{wheel.filename.replace('+', '%2B')}")
            good = good and hashlib.sha256(line.getresponse().read()).hexdigest() == wheel.sha256
        line.close()
        return good

    with ThreadPoolExecutor(24) as pool:
        assert all(pool.map(fetch, range(24)))


def test_the_log_has_one_plain_line_for_each_request(server: IndexServer, log: list[str]) -> None:
    raw(server, b"GET /simple/\x1b[31m\xff HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    wait_for(log, "404")
    (line,) = log
    assert " 127.0.0.1 " in line
    assert '"GET /simple/\\x1b[31m\\xff HTTP/1.1" 404 ' in line
    assert line.isascii()
    assert line.isprintable()


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 70000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + (b"X: " + b"a" * 1000 + b"\r\n") * 90 + b"\r\n", b"431"),
        (b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/9.9\r\n\r\n", b"505"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"BREW /pot HTTP/1.1\r\n\r\n", b"501"),
    ],
)
def test_malformed_and_oversized_requests_are_refused(
    server: IndexServer, request_bytes: bytes, status: bytes
) -> None:
    answered = raw(server, request_bytes)
    assert answered.split(b" ")[1] == status
    assert b"Connection: close" in answered


def test_an_unread_body_is_never_taken_for_a_request(server: IndexServer) -> None:
    smuggled = b"GET /simple/ HTTP/1.1\r\nHost: h\r\n\r\n"
    head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(smuggled)
    chunked = b"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    for request in (head + smuggled, chunked + smuggled):
        assert raw(server, request).count(b"HTTP/1.1 ") == 1


def test_an_old_client_gets_its_answer(server: IndexServer) -> None:
    answered = raw(server, b"GET /simple/ HTTP/1.0\r\n\r\n")
    assert b"200 OK" in answered
    assert answered.endswith(b"</html>\n")


def test_a_client_that_goes_away_disturbs_nobody(server: IndexServer, log: list[str]) -> None:
    for _ in range(5):
        with socket.create_connection(server.server_address[:2]) as line:  # type: ignore[arg-type]
            line.sendall(b"GET /files/big-1.0-py3-none-any.whl HTTP/1.1\r\nHost: h\r\n\r\n")
            line.recv(10)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    line2 = connect(server)
    line2.request("GET", "/simple/")
    assert line2.getresponse().read()
    line2.close()
    wait_for(log, "GET /simple/")
    assert not any("Traceback" in line or "failed" in line for line in log)


def test_a_bundle_that_shrinks_or_changes_is_noticed(tmp_path: Path, log: list[str]) -> None:
    path = bundle_of(tmp_path, [tiny_wheel(tmp_path, "big", padding=BIG)]).path
    with opened([path]) as catalogue, serving(catalogue, log=log.append) as server:
        os.truncate(path, 2_000_000)
        line = connect(server)
        line.request("GET", "/files/big-1.0-py3-none-any.whl")
        with pytest.raises(http.client.IncompleteRead):
            line.getresponse().read()
        line.close()
        wait_for(log, "shorter")
        with path.open("r+b") as file:
            file.write(bytes(2_000_000))
        line.request("GET", "/files/big-1.0-py3-none-any.whl.metadata")
        assert line.getresponse().status == 500
        line.close()


def test_over_tls(catalogue: Catalogue, tmp_path: Path, log: list[str]) -> None:
    _, ca = certificate(tmp_path)
    context = tls_context(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    with serving(catalogue, tls=context, log=log.append) as server:
        assert server.url.startswith("https://127.0.0.1:")
        host, port = server.server_address[:2]
        trusting = ssl.create_default_context(cadata=ca)
        line = http.client.HTTPSConnection(str(host), int(port), context=trusting, timeout=10)
        with socket.create_connection((str(host), int(port))):  # one that never greets
            wheel = catalogue.wheels["big-1.0-py3-none-any.whl"]
            for _ in range(2):
                line.request("GET", f"/files/{wheel.filename}")
                assert hashlib.sha256(line.getresponse().read()).hexdigest() == wheel.sha256
            line.close()
        with contextlib.suppress(OSError):
            assert raw(server, b"GET / HTTP/1.1\r\n\r\n")[:5] != b"HTTP/"
    assert not any("failed" in line for line in log)


def test_stopping_lets_a_download_end_and_closes_the_idle(catalogue: Catalogue) -> None:
    with serving(catalogue) as server:
        idle, busy = connect(server), connect(server)
        idle.request("GET", "/simple/")
        idle.getresponse().read()
        busy.sock = socket.socket()
        busy.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        busy.sock.connect(server.server_address[:2])
        busy.request("GET", "/files/big-1.0-py3-none-any.whl")
        response = busy.getresponse()
        server.shutdown()
        ended: list[bool] = []
        stopping = threading.Thread(target=lambda: ended.append(server.stop(10)))
        stopping.start()
        time.sleep(0.1)
        assert stopping.is_alive()
        assert len(response.read()) > BIG
        stopping.join(10)
        assert ended == [True]
        assert idle.sock.recv(1) == b""
        idle.close()
        busy.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(server.server_address[:2])  # type: ignore[arg-type]


def test_stopping_cuts_what_takes_too_long(catalogue: Catalogue) -> None:
    with serving(catalogue) as server, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(server.server_address[:2])
        slow.sendall(b"GET /files/big-1.0-py3-none-any.whl HTTP/1.1\r\nHost: h\r\n\r\n")
        assert slow.recv(10)
        server.shutdown()
        began = time.monotonic()
        assert server.stop(0.2) is False
        assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        (":9000", ("0.0.0.0", 9000)),
        ("9000", ("127.0.0.1", 9000)),
        ("localhost", ("localhost", 8080)),
        ("[::1]:0", ("::1", 0)),
        ("[::]", ("::", 8080)),
    ],
)
def test_where_to_listen(text: str, address: tuple[str, int]) -> None:
    assert parse_bind(text) == address


@pytest.mark.parametrize("text", ["", "a:b", "a:65536", "99999", "::1:80", "a b:80", "http://a:80", "a:-1"])
def test_nonsense_to_listen_on_is_refused(text: str) -> None:
    with pytest.raises(ServeFailed):
        parse_bind(text)


def test_an_address_in_use_or_not_ours_is_an_error(catalogue: Catalogue, server: IndexServer) -> None:
    for address in (server.server_address[:2], ("192.0.2.1", 0), ("no.such.host.invalid", 0)):
        with pytest.raises(ServeFailed):
            IndexServer(catalogue, Address(str(address[0]), int(address[1])))


def test_a_certificate_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    certificate(tmp_path / "a")
    certificate(tmp_path / "b")
    for cert, key in (("a/cert.pem", "b/key.pem"), ("none.pem", "none.pem"), ("a/key.pem", "a/key.pem")):
        with pytest.raises(ServeFailed) as caught:
            tls_context(str(tmp_path / cert), str(tmp_path / key))
        assert str(tmp_path / cert) in caught.value.message
