"""One spelling for JSON, one header for a file."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.portable import canonical
from parity.portable.bundle import ustar
from parity.portable.errors import BundleDamaged

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
PARTS = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="/\\"), min_size=1)
PATHS = st.lists(PARTS.map(lambda part: part[:120]), min_size=1, max_size=4).map("/".join)


@given(JSON)
def test_what_is_written_can_be_read_back(value: Any) -> None:
    assert canonical.decode(canonical.encode(value), "it") == value


@given(JSON)
def test_any_other_spelling_is_refused(value: Any) -> None:
    data = canonical.encode(value)
    for other in (json.dumps(value, indent=1).encode(), data + b"\n", b" " + data):
        if other != data:
            with pytest.raises(BundleDamaged):
                canonical.decode(other, "it")


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"b":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b"1e999",
        b"1.50",
        b"-0",
        b'"\\u0041"',
        b'"\\/"',
        "{'ä':1}".encode(),
        '"ä"'.encode(),
        b"",
        b"[",
        b"[" * 100000,
        b"[" * 100000 + b"]" * 100000,
        b'{"a":' * 50000,
        b"9" * 50000,
        b"\xff",
        b"\xef\xbb\xbf{}",
    ],
)
def test_damaged_json_is_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(BundleDamaged) as caught:
        canonical.decode(data, "the thing")
    assert caught.value.message.startswith("the thing ")
    assert len(caught.value.message) < 250
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (canonical.text, "ä b", 1),
        (canonical.text, "", "\x1b[31m"),
        (canonical.text, "x", "\ud800"),
        (canonical.name, "a+b_c!1.0-x", "../a"),
        (canonical.name, "1.0", ".hidden"),
        (canonical.count, 0, True),
        (canonical.count, 2**63 - 1, 2**63),
        (canonical.count, 1, -1),
        (canonical.count, 1, 1.0),
        (canonical.flag, False, 0),
        (canonical.digest, "0" * 64, "A" * 64),
        (canonical.digest, "a" * 64, "a" * 64 + "\n"),
        (canonical.one_of("a", "b"), "b", "c"),
        (canonical.one_of("a"), "a", ["a"]),
        (canonical.optional(canonical.flag), None, "x"),
        (canonical.array(canonical.flag, 1, 2), [True], []),
        (canonical.array(canonical.flag, 1, 2), [True, False], [True] * 3),
        (canonical.record({"a": canonical.flag}), {"a": True}, {"a": True, "b": 1}),
        (canonical.record({"a": canonical.flag}), {"a": True}, {}),
        (canonical.record({}), {}, []),
    ],
)
def test_shapes(check: canonical.Check, good: Any, bad: Any) -> None:
    check(good, "here")
    with pytest.raises(BundleDamaged, match="here"):
        check(bad, "here")


@pytest.mark.parametrize(
    "path", ["a", "a/b.whl", "a b/-c", "x" * 255, "/".join(["y" * 200] * 5), "...", "~", "wheels/a+b!1.whl"]
)
def test_safe_paths(path: str) -> None:
    assert ustar.is_safe_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/../b",
        "./a",
        "a/.",
        "a\\b",
        "a\0b",
        "a\nb",
        "a\x7f",
        "ä",
        "a" * 256,
        "a/" * 600 + "a",
    ],
)
def test_unsafe_paths(path: str) -> None:
    assert not ustar.is_safe_path(path)


def one_file_archive(path: str, data: bytes) -> bytes:
    return ustar.header(path, len(data)) + data + ustar.padding(len(data)) + ustar.END


@given(PATHS.filter(ustar.is_safe_path), st.binary(max_size=1200))
def test_tarfile_reads_every_header_as_it_was_meant(path: str, data: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(one_file_archive(path, data)), mode="r:") as tar:
        (member,) = tar.getmembers()
        assert (member.name, member.size, member.mode) == (path, len(data), 0o644)
        assert (member.uid, member.gid, member.mtime, member.uname, member.gname) == (0, 0, 0, "", "")
        assert member.isreg()
        content = tar.extractfile(member)
        assert content is not None
        assert content.read() == data


@pytest.mark.parametrize("length", [1, 99, 100, 101, 155, 156, 200, 255])
@pytest.mark.parametrize(
    "folder", ["", "wheels/", "f" * 154 + "/", "f" * 155 + "/", "f" * 156 + "/", "a/b/c/"]
)
def test_headers_at_the_edges_of_their_fields(folder: str, length: int) -> None:
    path = folder + "n" * length
    with tarfile.open(fileobj=io.BytesIO(one_file_archive(path, b"x")), mode="r:") as tar:
        assert tar.getnames() == [path]


@pytest.mark.parametrize("size", [0o77777777777, 0o77777777777 + 1, 2**40])
def test_sizes_beyond_ustar(size: int) -> None:
    header = ustar.header("big", size)
    with tarfile.open(fileobj=io.BytesIO(header + ustar.END), mode="r|") as tar:
        member = tar.next()
    assert member is not None
    assert member.size == size
    assert ustar.member_size("big", size) == len(header) + size + -size % 512


def _as_a_file_is_called(name: bytes) -> str:
    """Any bytes but NUL, as Python tells them (PEP 383)."""
    return name.replace(b"\0", b"x").decode("utf-8", "surrogateescape")


@given(
    path=st.binary(min_size=1, max_size=300).map(_as_a_file_is_called),
    link=st.binary(max_size=150).map(_as_a_file_is_called) | st.text("abc/", max_size=150),
    size=st.integers(0, 1 << 40),
)
def test_what_a_member_takes_up_is_known_before_it_is_written(path: str, link: str, size: int) -> None:
    told = ustar.TarEntry(path, size, link=link)
    assert ustar.spread(told) == len(ustar.entry(told)) + size + len(ustar.padding(size))


def test_a_plain_header_is_byte_for_byte_what_it_was_first() -> None:
    """The format is fixed; GNU tar 1.34 (--format=ustar --mtime=@0 --mode=0644 …) writes the same."""
    expected = (
        b"wheels/a.whl".ljust(100, b"\0")
        + b"0000644\x000000000\x000000000\x0000000000005\x0000000000000\x00"
        + b"011423\x00 0"
        + bytes(100)
        + b"ustar\x0000"
        + bytes(64)
        + b"0000000\x000000000\x00"
        + bytes(167)
    )
    assert ustar.header("wheels/a.whl", 5) == expected


def test_files_that_are_folders_too_are_found() -> None:
    assert ustar.colliding(["a", "a-b", "a/b", "c/d/e", "c/d"]) == ["a", "c/d"]
    assert ustar.colliding(["a", "ab/c", "b"]) == []


@pytest.mark.parametrize("data", [b"", b"bad", b'{"a"'])
def test_a_reason_has_no_quote_that_nothing_opened(data: bytes) -> None:
    with pytest.raises(BundleDamaged) as caught:
        canonical.decode(data, "it")
    assert not caught.value.message.endswith("'")
