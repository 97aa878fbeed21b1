"""Clients that want more than their share, requests that readers take differently, signals at any time."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.support.bundles import signing_key
from tests.support.served import bundle_of, opened, serving, some_wheels
from tests.unit.test_serve import raw

from parity.farside.index import head
from parity.farside.index import server as serve
from parity.farside.index.catalogue import Catalogue
from parity.farside.index.server import IndexServer
from parity.pack.singlefile import NAME, single_file

GOOD = b"GET /simple/ HTTP/1.1\r\nHost: h\r\n\r\n"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    return bundle_of(folder, some_wheels(folder / "w")).path


@pytest.fixture(scope="module")
def catalogue(bundle: Path) -> Iterator[Catalogue]:
    with opened([bundle]) as found:
        yield found


@pytest.fixture
def server(catalogue: Catalogue) -> Iterator[IndexServer]:
    with serving(catalogue) as running:
        yield running


def line_to(server: IndexServer, source: str = "127.0.0.1") -> socket.socket:
    line = socket.socket()
    line.settimeout(10)
    line.bind((source, 0))
    line.connect(server.server_address[:2])
    return line


def is_answered(server: IndexServer, source: str = "127.0.0.1") -> bool:
    with line_to(server, source) as line:
        line.sendall(GOOD)
        return line.recv(65536).startswith(b"HTTP/1.1 200")


# --- seats --------------------------------------------------------------------------------------------------


def test_one_client_does_not_take_every_seat(server: IndexServer) -> None:
    with ExitStack() as stack:
        lines = [stack.enter_context(line_to(server)) for _ in range(600)]
        for line in lines:
            line.send(b"GET / HTTP/1.1\r\nX: ") if line.fileno() >= 0 else None
        assert is_answered(server, "127.0.0.2")


def drip(line: socket.socket) -> float:
    """How many seconds a client may send a byte now and then until it is cut off; ten at most."""
    began = time.monotonic()
    with contextlib.suppress(OSError):
        while time.monotonic() - began < 10:
            line.sendall(b"a")
            time.sleep(0.2)
    return time.monotonic() - began


@pytest.mark.parametrize("first", [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nX: "])
def test_a_head_that_drips_ends(server: IndexServer, monkeypatch: pytest.MonkeyPatch, first: bytes) -> None:
    monkeypatch.setattr(head, "HEAD_SECONDS", 1)
    with line_to(server) as line:
        line.sendall(first)
        assert drip(line) < 5


def test_a_connection_that_is_kept_may_pause_and_then_must_hurry(
    server: IndexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head, "HEAD_SECONDS", 1)
    with line_to(server) as line:
        for _ in range(2):
            line.sendall(GOOD)
            assert b"200 OK" in line.recv(65536)
            time.sleep(1.5)
        line.sendall(GOOD[:9])
        assert line.recv(10) == b""


# --- where a request ends -----------------------------------------------------------------------------------

SMUGGLED = b"GET /simple/ HTTP/1.1\r\nHost: h\r\n\r\n"
HOSTILE = {
    "two lengths": b"Content-Length: 0\r\nContent-Length: %d" % len(SMUGGLED),
    "two lengths alike": b"Content-Length: 0\r\nContent-Length: 0",
    "two lengths in one": b"Content-Length: 0, %d" % len(SMUGGLED),
    "length and coding": b"Content-Length: 0\r\nTransfer-Encoding: chunked",
    "coding and length": b"Transfer-Encoding: chunked\r\nContent-Length: 0",
    "two codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "coding list": b"Transfer-Encoding: chunked, identity",
    "coding unknown": b"Transfer-Encoding: xchunked",
    "coding with tab": b"Transfer-Encoding:\tchunked\x0b",
    "space before colon": b"Content-Length : %d" % len(SMUGGLED),
    "tab before colon": b"Transfer-Encoding\t: chunked",
    "folded": b"X: a\r\n Content-Length: %d" % len(SMUGGLED),
    "folded at the start": b" Content-Length: %d" % len(SMUGGLED),
    "folded value": b"Content-Length:\r\n %d" % len(SMUGGLED),
    "plus": b"Content-Length: +0",
    "minus": b"Content-Length: -1",
    "hexadecimal": b"Content-Length: 0x0",
    "underscore": b"Content-Length: 1_0",
    "empty length": b"Content-Length:",
    "many digits": b"Content-Length: " + b"9" * 60000,
    "no colon": b"Content-Length 5",
    "no name": b": 5",
    "bare CR": b"X: a\rContent-Length: 5",
    "NUL": b"X: a\0b",
    "two hosts": b"Host: other",
    "blanks before NUL": b"X:" + b" " * 60000 + b"\0",
    "blanks before CR": b"X: a" + b"\t " * 30000 + b"\r",
    "blanks alone": b"X" + b" " * 60000,
    "control in the name": b"Content-\x01Length: 5",
    "not ASCII in the name": b"Content-L\xe4ngth: 5",
}
LINES = {
    "two spaces": b"GET  /simple/ HTTP/1.1",
    "tab": b"GET\t/simple/ HTTP/1.1",
    "space at the end": b"GET /simple/ HTTP/1.1 ",
    "space at the start": b" GET /simple/ HTTP/1.1",
    "HTTP/0.9": b"GET /simple/",
    "CR in the path": b"GET /simple\r/ HTTP/1.1",
    "form feed": b"GET /simple\x0c/ HTTP/1.1",
    "four words": b"GET /simple/ HTTP/1.1 HTTP/1.1",
    "version": b"GET /simple/ HTTP/1.1x",
    "lower case": b"GET /simple/ http/1.1",
}


@pytest.mark.parametrize("name", [*HOSTILE, *LINES])
def test_what_readers_take_differently_is_refused_and_the_line_closed(server: IndexServer, name: str) -> None:
    line = LINES.get(name, b"GET /simple/ HTTP/1.1")
    more = HOSTILE[name] + b"\r\n" if name in HOSTILE else b""
    answered = raw(server, line + b"\r\nHost: h\r\n" + more + b"\r\n" + SMUGGLED)
    assert answered.count(b"Server: parity") == 1
    assert answered.split(b" ")[1] == b"400"
    assert b"Connection: close" in answered


@pytest.mark.parametrize("more", [b"", b"Content-Length: 0\r\n", b"X:\r\n", b"X: a\r\nX: b\r\n"])
def test_ordinary_requests_are_answered(server: IndexServer, more: bytes) -> None:
    answered = raw(server, b"GET /simple/ HTTP/1.1\r\nHost: h\r\n" + more + b"\r\n" + SMUGGLED)
    assert answered.count(b"HTTP/1.1 200") == 2


# --- signals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("side", ["near", "far"])
def test_no_signal_is_lost_while_connections_come_in(
    bundle: Path, tmp_path: Path, side: str, number: signal.Signals
) -> None:
    (tmp_path / NAME).write_text(single_file())
    (tmp_path / "sender.pub").write_bytes(signing_key().public.pem)
    program = ["-m", "parity"] if side == "near" else [str(tmp_path / NAME)]
    words = ["serve", str(bundle), "--key", str(tmp_path / "sender.pub"), "--bind", "127.0.0.1:0", "--quiet"]
    source = str(Path(serve.__file__).parents[2])
    for turn in range(4):
        command = [sys.executable, *program, *words]
        environment = {**os.environ, "PYTHONPATH": source, "HOME": str(tmp_path)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            first = next(word for word in process.stdout.readline().split() if word.startswith("http"))
            host, port = first.split("/")[2].split(":")
            end = time.monotonic() + 0.3 + 0.05 * turn
            while time.monotonic() < end:
                socket.create_connection((host, int(port))).close()
            process.send_signal(number)
            deadline = time.monotonic() + 10
            while process.poll() is None and time.monotonic() < deadline:
                with contextlib.suppress(OSError):
                    socket.create_connection((host, int(port))).close()
            process.kill() if process.poll() is None else None
            assert process.wait() == 0
