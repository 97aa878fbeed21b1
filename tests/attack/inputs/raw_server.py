"""A server that answers with exactly these bytes, right or wrong, and the wrong ones to choose from."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

Answer = Callable[[str, str], bytes]
"""Takes method and path, gives the whole answer's bytes; the connection is closed after it."""

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_LAST_CHUNK = b"0\r\n\r\n"


def answered(body: bytes, status: str = "200 OK", *lines: str, kind: str = "application/json") -> bytes:
    """A right answer."""
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join([*head, "Connection: close", "", ""]).encode() + body


def as_json(document: object, status: str = "200 OK") -> bytes:
    """A right answer that is a JSON document."""
    return answered(json.dumps(document).encode(), status)


def _headed(*lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode() + body


WRONG: Mapping[str, bytes] = {
    "nothing": b"",
    "no HTTP": b"\0\xff" * 200,
    "an empty line": b"\r\n\r\n",
    "a status that is no number": b"HTTP/1.1 abc OK\r\n\r\n",
    "a status line of one word": b"HTTP/1.1\r\n\r\n",
    "a status line of two words": b"HTTP/1.1 200\r\n\r\n",
    "a status beyond all": b"HTTP/1.1 99999 OK\r\n\r\n",
    "a status below all": b"HTTP/1.1 -1 OK\r\n\r\n",
    "a protocol that is none": b"HTTQ/9.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "an endless status line": b"HTTP/1.1 200 " + b"O" * 2_000_000,
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000,
    "an endless header": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2_000_000,
    "a header without a colon": _headed("nonsense", "Content-Length: 2", body=b"{}"),
    "a header in no encoding": b"HTTP/1.1 200 OK\r\nX: \xff\xfe\r\nContent-Length: 2\r\n\r\n{}",
    "no end of the head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "a length below zero": _headed("Content-Length: -5", body=b"{}"),
    "a length that is no number": _headed("Content-Length: 0x10", body=b"{}"),
    "a length that is not kept": _headed("Content-Length: 1000000000000", body=b"{}"),
    "two lengths": _headed("Content-Length: 2", "Content-Length: 9", body=b"{}"),
    "a chunk of no size": _headed("Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n0\r\n\r\n"),
    "a chunk that is too large": _headed("Transfer-Encoding: chunked", body=b"ffffffffffffffff\r\n{}"),
    "a chunk below zero": _headed("Transfer-Encoding: chunked", body=b"-1\r\n{}\r\n0\r\n\r\n"),
    "an encoding that is none": _headed("Content-Encoding: gzip", "Content-Length: 2", body=b"{}"),
    "an empty body": answered(b""),
    "no JSON": answered(b"<html>hello</html>"),
    "JSON that is cut": answered(b'{"Id": "x", "Api'),
    "JSON null": answered(b"null"),
    "a JSON list": answered(b"[1, 2]"),
    "a JSON number": answered(b"7"),
    "an empty JSON object": answered(b"{}"),
    "deep JSON": answered(b"[" * 200_000 + b"]" * 200_000),
    "a million digits": answered(b"9" * 1_000_000),
    "no UTF-8": answered(b'{"Id": "\xff\xfe"}'),
    "an error with escape sequences": answered(b'{"message": "\\u001b[2J\\u009b2Jverified"}', "500 No"),
    "an error that is no JSON": answered(b"\x1b[2J\0\xff", "409 No"),
    "an error that is a list": answered(b"[]", "400 No"),
    "an error whose message is a list": answered(b'{"message": [1, 2]}', "404 No"),
    "a redirect to itself": answered(b"", "302 Found", "Location: /"),
    "a redirect to a file": answered(b"", "307 Moved", "Location: file:///etc/passwd"),
    "a redirect to nowhere": answered(b"", "301 Moved"),
    "a redirect that is no address": answered(b"", "301 Moved", "Location: http://[::1"),
    "an upgrade that nobody asked for": b"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n" + b"\7" * 64,
    "a stream of no kind": b"HTTP/1.1 101 UPGRADED\r\n\r\n" + b"\x09\0\0\0\0\0\0\2{}",
    "a frame that is too large": b"HTTP/1.1 101 UPGRADED\r\n\r\n" + b"\1\0\0\0\xff\xff\xff\xff{}",
    "a frame that is cut": b"HTTP/1.1 101 UPGRADED\r\n\r\n" + b"\1\0\0",
}


@contextmanager
def raw_server(listener: socket.socket, answer: Answer) -> Iterator[None]:
    """Answer all that comes to a bound socket until the context is left."""
    listener.listen(16)
    thread = threading.Thread(target=_serve, args=(listener, answer), daemon=True)
    thread.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def _serve(listener: socket.socket, answer: Answer) -> None:
    with contextlib.suppress(OSError):  # it is closed to end this
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_converse, args=(connection, answer), daemon=True).start()


def _converse(connection: socket.socket, answer: Answer) -> None:
    with connection, contextlib.suppress(OSError):
        connection.settimeout(20)
        head = _read_request(connection)
        words = head.split(b"\r\n")[0].decode("latin-1").split(" ")
        if len(words) > 1:
            connection.sendall(answer(words[0], words[1]))
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass


def _read_request(connection: socket.socket) -> bytes:
    """A request with its body; gives the head."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    chunked = b"chunked" in head.lower()
    while (length and len(body) < int(length[1])) or (chunked and not body.endswith(_LAST_CHUNK)):
        more = connection.recv(65536)
        if not more:
            break
        body += more
    return head
