"""Wheels out of the engine's tar stream."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.errors import EngineLost, HashMismatch
from parity.pack import (
    wheels_in_archive,
)


def folder_archive(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    """A tar stream of a folder as the engine gives it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        top = tarfile.TarInfo("set")
        top.type = tarfile.DIRTYPE
        tar.addfile(top)
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size, info.type, info.linkname = len(data), kind, "set/x" if kind != tarfile.REGTYPE else ""
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,120}\.whl", fullmatch=True), st.binary(max_size=5000), max_size=5
    ),
    st.integers(1, 9000),
)
def test_wheels_come_out_of_a_stream_in_any_pieces(wheels: dict[str, bytes], size: int) -> None:
    archive = folder_archive(*((f"set/{name}", wheels[name]) for name in sorted(wheels)))
    found = {name: b"".join(chunks) for name, chunks in wheels_in_archive(pieces(archive, size))}
    assert found == wheels
    assert list(found) == sorted(wheels)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_a_store_that_holds_odd_things_is_refused(kind: bytes) -> None:
    with pytest.raises(HashMismatch, match="no wheel"):
        list(wheels_in_archive([folder_archive(("set/a.whl", b""), kind=kind)]))


@pytest.mark.parametrize("name", ["set/inner/a.whl", "a.whl", "set/../a.whl"])
def test_a_store_with_files_in_odd_places_is_refused(name: str) -> None:
    with pytest.raises(HashMismatch, match="no wheel"):
        list(wheels_in_archive([folder_archive((name, b""))]))


@pytest.mark.parametrize("names", [("b", "a"), ("a", "a")])
def test_a_store_out_of_order_is_refused(names: tuple[str, str]) -> None:
    with pytest.raises(HashMismatch, match="order"):
        list(wheels_in_archive([folder_archive(*((f"set/{name}", b"") for name in names))]))


def consume(archive: list[bytes]) -> None:
    for _, chunks in wheels_in_archive(archive):
        for _ in chunks:
            pass


@pytest.mark.parametrize("kept", [10, 700, 1500, 3000])
def test_a_stream_that_breaks_off_is_the_engines_fault(kept: int) -> None:
    archive = folder_archive(("set/a.whl", b"x" * 5000))
    with pytest.raises(EngineLost, match="broke off"):
        consume([archive[:kept]])


@pytest.mark.parametrize("data", [b"", b"no tar at all" * 100])
def test_a_stream_that_is_no_tar_is_the_engines_fault(data: bytes) -> None:
    with pytest.raises(EngineLost, match="broke off"):
        consume([data])
