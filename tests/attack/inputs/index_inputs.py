"""The hostile indexes by kind, and the odd but honest ones."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from tests.attack.inputs.index_input import (
    FILE,
    GARBAGE,
    JSON,
    NAME,
    PAGE,
    Input,
    Judge,
    entry,
    filed,
    hashed,
    honest,
    honest_or_nothing,
    nothing,
    one_file,
    paged,
    text_of,
)
from tests.support.hostile_index import (
    HostileIndex,
    Pieces,
    Script,
    body,
    drip,
    endless,
    head,
    html,
    page,
    raw,
    redirect,
)
from tests.support.wheels import WheelParts

_MIB = 1024 * 1024
_OUT = [
    "../uv-cache/canary", "../audits/canary", "../sets/canary", "canary", "../../canary", "..", ".",
    "aa/../../uv-cache/canary", "/dev/shm/parity-canary", "a" * 63, "a" * 65, "g" * 64, "a" * 63 + "\n",
    "a" * 64 + "\n", "\u0660" * 64, "a" * 63 + "\0", "\ud800" * 64, "x" * 5_000_000, 7, True, ["a" * 64],
    {"sha256": "a" * 64}, "../uv-cache/" + "a" * 52,
]  # fmt: skip
_NAMES = [
    "../demo-1.0-py3-none-any.whl", "demo-1.0-py3-none-any/../x-py3-none-any.whl",
    "demo-1.0\n-py3-none-any.whl", "demo-1.0-py3-none-any.whl\0.whl", "..", ".whl", "/etc/passwd.whl",
    "%2e%2e%2fdemo-1.0-py3-none-any.whl", f"demo-1.0-{'1' * 9000}-py3-none-any.whl",
    f"demo-{'9' * 1_000_000}-py3-none-any.whl", f"demo-1.0-{'.'.join(['py3'] * 900)}-none-any.whl",
    "evil-9.0-py3-none-any.whl", "demo\u202e-1.0-py3-none-any.whl", "\ud800-1.0-py3-none-any.whl", 7, None,
]  # fmt: skip
_URLS = [
    "ftp://127.0.0.1/x.whl", "file:///etc/passwd", "http://[", "http://[::1", "//", "http://",
    "http://127.0.0.1:99999/x.whl", "http://127.0.0.1:x/x.whl", "http://a\r\nHost: b/x.whl",
    "http://" + "a" * 100_000, "http://a..b/x.whl", "http://\ud800/x.whl", "javascript:alert(1)",
    "data:,x", "", 7, None, {"a": 1}, "http://127.0.0.1:1/x.whl\r\nX-Evil: 1",
]  # fmt: skip


def _long_number(file: dict[str, Any]) -> bytes:
    return json.dumps({"files": [{**file, "size": 0}]}).encode().replace(b": 0", b": " + b"9" * 4_000_000)


@cache
def _bomb() -> bytes:
    """Made when it is first asked for: whoever only reads the list of inputs has no use for it."""
    return gzip.compress(b" " * (400 * _MIB))


def _bombed(asked: bytes) -> Pieces:
    return body(_bomb(), JSON, Content_Encoding="gzip")(asked)


def _chunked(*chunks: bytes) -> Script:
    parts = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks]
    return raw(head(Content_Type=JSON, Transfer_Encoding="chunked"), *parts, b"0\r\n\r\n")


_OPEN = head(Content_Type=JSON, Transfer_Encoding="chunked")
_PAGES: dict[str, Script] = {
    "a list": body(b"[1, 2]"),
    "null": body(b"null"),
    "a number": body(b"7"),
    "files that are numbers": body(b'{"files": [1, 2]}'),
    "files that is an object": body(b'{"files": {"a": 1}}'),
    "deep JSON": body(b"[" * 2_000_000),
    "deep objects": body(b'{"files":' * 500_000),
    "not UTF-8": body(b'{"files": [{"filename": "\xff\xfe"}]}'),
    "half of it": body(b'{"files": [{"filename": "demo-1.0-py3-n'),
    "nothing": body(b""),
    "another type": body(b"demo-1.0-py3-none-any.whl", "application/octet-stream"),
    "lone surrogates": body(b'{"files": [{"filename": "\\ud800.whl", "url": "\\ud800"}]}'),
    "NaN": body(b'{"files": [{"filename": NaN, "url": Infinity}]}'),
    "gigabytes without an end": endless(head(Content_Type=JSON), b" " * _MIB),
    "gigabytes announced": endless(head(Content_Type=JSON, Content_Length=str(2_700_000_000)), b" " * _MIB),
    "gigabytes in chunks": endless(_OPEN, b"100000\r\n" + b" " * _MIB + b"\r\n"),
    "tiny chunks with long extensions": endless(_OPEN, b"1;" + b"x" * 60000 + b"\r\n \r\n"),
    "trailers without an end": endless(_OPEN + b"2\r\n{}\r\n0\r\n", b"X-More: " + b"y" * 60000 + b"\r\n"),
    "headers without an end": endless(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"y" * 60000 + b"\r\n"),
    "one header without an end": endless(b"HTTP/1.1 200 OK\r\nX-More: ", b"y" * 60000),
    "a status without an end": endless(b"HTTP/1.1 200 ", b"y" * 60000),
    "interim answers without an end": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "a status that is no number": raw(b"HTTP/1.1 abc OK\r\n\r\n"),
    "a chunk size that is none": raw(_OPEN, b"zz\r\n{}\r\n"),
    "a chunk of a negative size": raw(_OPEN, b"-5\r\n{}\r\n"),
    "longer announced than sent": raw(head(Content_Type=JSON, Content_Length="99999"), b"{}"),
    "a negative length": raw(head(Content_Type=JSON, Content_Length="-5"), b"{}"),
    "a length that is no number": raw(head(Content_Type=JSON, Content_Length="abc"), b"{}"),
    "a length of a million digits": endless(b"HTTP/1.1 200 OK\r\nContent-Length: ", b"9" * 1000),
    "a gzip bomb": _bombed,
    "a gzip that is none": body(b"no gzip", JSON, Content_Encoding="gzip"),
    "an unknown packing": body(b"{}", JSON, Content_Encoding="br, gzip, gzip"),
    "a body that drips": drip(head(Content_Type=JSON), b" ", 0.3),
    "a head that drips": drip(b"HTTP/1.1 200 OK\r\nX: ", b"y", 0.3),
    "a status that drips": drip(b"HTTP/1.1 ", b"2", 0.3),
    "chunks that drip": drip(_OPEN, b"1\r\n \r\n", 0.3),
    "a chunk size that drips": drip(_OPEN, b"0", 0.3),
    "silence": drip(b"", b"", 0.3),
    "anchors that never close": html(b"<a href=x.whl " * (4 * _MIB)),
    "anchors of one quote": html(b'<a href="' * (4 * _MIB)),
    "comments that never close": html(b"<!-- .whl " * (4 * _MIB)),
    "an anchor of megabytes": html(b'<a href="' + b"x" * (40 * _MIB) + b'.whl">'),
    "an anchor of quotes": html(b"<a " + b"\"'" * (10 * _MIB) + b".whl>"),
    "a hash that leads out (HTML)": html(f'<a href="{FILE}#sha256=../uv-cache/canary">x</a>'.encode()),
    "a base at another scheme": html(
        f'<base href="ftp://x/"><a href="{NAME}#sha256={"a" * 64}">x</a>'.encode()
    ),
    "a redirect to itself": redirect(PAGE),
    "a redirect to a file": redirect("file:///etc/passwd"),
    "a redirect to nowhere": redirect(""),
    "a redirect to no address": redirect("http://[::"),
    "a redirect with a control character": redirect("http://a\tb/"),
    "a redirect of a megabyte": raw(b"HTTP/1.1 302 Found\r\nLocation: http://" + b"a" * _MIB + b"/\r\n\r\n"),
    "later, in an impossible number": raw(head("503 Later", Retry_After="\xb2", Content_Length="0")),
    "later, at an impossible time": raw(
        head("429 Slow", Retry_After="Mon, 99 Foo 99999999999 99:99:99 +9999999999", Content_Length="0")
    ),
    "a failure with an endless body": endless(head("404 Not Found"), b"x" * _MIB),
}  # fmt: skip


def _metadata(text: bytes, more: dict[str, bytes] | None = None) -> bytes:
    return WheelParts("demo", metadata=text.decode(), files=more or {}).data()


def _described(
    name: str, text: Callable[[], str], judge: Judge, more: dict[str, bytes] | None = None
) -> Input:
    """A wheel, rightly hashed, that says this of itself; made when it is served, since some are large."""

    def arrange(index: HostileIndex, _wheel: bytes) -> None:
        about = f"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n{text()}\n"
        wheel = WheelParts("demo", metadata=about)
        wheel.files.update(more or {})
        data = wheel.data()
        index.at(PAGE, page([entry(index, data)]))
        index.at(FILE, body(data, "application/octet-stream"))

    return Input("metadata", name, "guess", arrange, judge)


def _descriptions() -> Iterator[Input]:
    deep = "(" * 5000 + "os_name == 'x'" + ")" * 5000
    nested, large = f"Requires-Dist: x; {deep}", f"Requires-Dist: x; os_name == '{'y' * _MIB}'"
    yield _described("a marker nested deep", lambda: nested, honest)
    yield _described("a marker of a megabyte", lambda: large, honest)
    yield _described("a hundred thousand requirements", lambda: "Requires-Dist: demo\n" * 100_000, honest)
    yield _described("a hundred megabytes", lambda: "X: " + "y" * (100 * _MIB), nothing)
    yield _described("two of them", str, nothing, {"other-1.0.dist-info/METADATA": b"Name: other\n"})


def _twice(index: HostileIndex, wheel: bytes) -> None:
    index.at(PAGE, page([entry(index, wheel, hashes={"sha256": "0" * 64}), entry(index, wheel)]))
    index.at(FILE, body(wheel, "application/octet-stream"))


def _far(index: HostileIndex, wheel: bytes) -> None:
    """A chain of redirects, each to a new address."""
    index.at(PAGE, page([entry(index, wheel)]))
    for step in range(50):
        index.at(FILE if step == 0 else f"/hop/{step}", redirect(f"{index.root}/hop/{step + 1}"))


def _file(data: bytes, **headers: str) -> Script:
    return body(data, "application/octet-stream", **headers)


def _files() -> Iterator[Input]:
    made = {
        "other bytes": lambda wheel: _file(bytes(reversed(wheel))),
        "longer than announced": lambda wheel: _file(wheel + b"more"),
        "without an end": lambda _wheel: endless(head(), b"x" * _MIB),
        "without an end, in chunks": lambda _wheel: endless(
            head(Transfer_Encoding="chunked"), b"100000\r\n" + b"x" * _MIB + b"\r\n"
        ),
        "dripping": lambda wheel: drip(head(Content_Length=str(len(wheel))), b"x", 0.3),
        "announced by a huge length": lambda wheel: raw(head(Content_Length="9" * 18), wheel),
        "cut again and again": lambda wheel: raw(head(Content_Length=str(len(wheel))), wheel[:1]),
        "a part that was not asked for": lambda wheel: raw(
            head("206 Part", Content_Range="bytes 5-9/10", Content_Length="5"), wheel[:5]
        ),
        "no such range": lambda _wheel: raw(head("416 No", Content_Length="0")),
        "packed": lambda wheel: _file(gzip.compress(wheel), Content_Encoding="gzip"),
        "a page instead": lambda _wheel: html(b"<html>please log in</html>"),
        "nothing": lambda _wheel: _file(b""),
    }
    for name, make in made.items():
        yield Input("file", name, "fetch", filed(make), nothing)
    for said in ("../uv-cache/canary", "a" * 63, "", "canary"):
        bad = {"sha256": said, "hashes": {"sha512": "0" * 128}}
        yield Input("lock", f"sha256 {said[:20]!r}", "fetch", filed(lambda _: _file(GARBAGE)), nothing, bad)
    endless_one = filed(lambda _wheel: endless(head(), b"x" * _MIB))
    yield Input("lock", "a size of one byte", "fetch", endless_one, nothing, {"size": 1})


def _said(key: str, value: object) -> dict[str, Any]:
    return {key: value}


def _hostile() -> Iterator[Input]:
    for number, said in enumerate(_OUT):
        shown = f"{number}: {str(said)[:30]!r}"
        yield Input("hash", shown, "guess", hashed(said), nothing)
        yield Input("hash, several indexes", shown, "router", hashed(said), nothing)
        yield Input("hash, page of links", shown, "links", hashed(said), nothing)
    for number, name in enumerate(_NAMES):
        for by in ("guess", "router", "links"):
            judge = honest_or_nothing if by != "guess" and number > 7 else nothing
            yield Input(
                f"file name, {by}", f"{number}: {str(name)[:30]!r}", by, one_file(filename=name), judge
            )
    for number, url in enumerate(_URLS):
        yield Input("address", f"{number}: {str(url)[:30]!r}", "guess", one_file(url=url), nothing)
    for number, python in enumerate([">=" + "3" * 5_000_000, ["3"], 7, {"a": 1}]):
        arrange = one_file(**_said("requires-python", python))
        yield Input("requires-python", str(number), "guess", arrange, nothing)
    for name, script in _PAGES.items():
        yield Input("page", name, "guess", paged(script), nothing)
        if "HTML" not in name:
            yield Input("page, several indexes", name, "router", paged(script), nothing)
            yield Input("page of links", name, "links", paged(script), nothing)
    yield Input("page", "a number of megabytes", "guess", text_of(_long_number), nothing)
    yield Input("page", "yanked", "guess", one_file(yanked="broken"), nothing)
    yield Input("page", "one file with two hashes", "guess", _twice, honest_or_nothing)
    yield Input("redirect", "ever further", "guess", _far, nothing)
    yield from _files()
    yield from _descriptions()


def _many(file: dict[str, Any]) -> dict[str, Any]:
    rest = [{**file, "filename": f"demo-0.{n}-cp27-cp27m-win32.whl", "x": "y" * 300} for n in range(60_000)]
    return {"files": [*rest, file]}


def _builds(index: HostileIndex, wheel: bytes) -> None:
    names = [f"demo-1.0-{build}-py3-none-any.whl" for build in (2, 10, 9)]
    index.at(PAGE, page([entry(index, wheel, filename=name, url=f"{index.root}/{name}") for name in names]))
    index.at("/demo-1.0-10-py3-none-any.whl", body(wheel, "application/octet-stream"))


def _honest() -> Iterator[Input]:
    def upper(file: dict[str, Any]) -> dict[str, Any]:
        return {"files": [{**file, "hashes": {"sha256": file["hashes"]["sha256"].upper()}}]}

    def packed(file: dict[str, Any]) -> bytes:
        return gzip.compress(json.dumps({"files": [file]}).encode())

    pages = {
        "an upper-case digest": text_of(upper),
        "a packed page": text_of(packed, Content_Encoding="gzip"),
        "sixty thousand files": text_of(_many),
        "unknown keys": text_of(lambda file: {"files": [{**file, "zz": [1]}], "zz": {}}),
        "hashes null": text_of(lambda file: {"files": [{**file, "hashes": None}]}),
        "requires-python null": text_of(lambda file: {"files": [{**file, "requires-python": None}]}),
        "one bad file among good ones": text_of(lambda file: {"files": [{**file, "url": "ftp://x/"}, file]}),
        "another name on the page": text_of(lambda file: {"name": "Other", "files": [file]}),
        "no digest": one_file(hashes={}),
        "an address with a user": text_of(
            lambda file: {"files": [{**file, "url": file["url"].replace("//", "//u:p@")}]}
        ),
    }
    for name, arrange in pages.items():
        for by in ("guess", "router"):
            yield Input("honest", f"{name}, {by}", by, arrange, honest)
    quoted = html(f"<!-- <a href='x'> --><A  HREF='{FILE}'>x</A><a href='{FILE}'>x</a>".encode())
    yield Input("honest", "HTML in single quotes", "guess", paged(quoted), honest)
    yield Input("honest", "build numbers", "guess", _builds, honest)
    yield Input("honest", "a file without a length", "fetch", filed(lambda wheel: raw(head(), wheel)), honest)
    chunks = filed(
        lambda wheel: raw(
            head(Transfer_Encoding="chunked"),
            *(b"1\r\n%c\r\n" % byte for byte in wheel),
            b"0\r\n\r\n",
        )
    )
    yield Input("honest", "a file in chunks of one byte", "fetch", chunks, honest)
    yield Input("honest", "no size in the lock", "fetch", filed(_file), honest, {"size": None})


HOSTILE = tuple(_hostile())
HONEST = tuple(_honest())
