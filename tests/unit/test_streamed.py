"""Bytes that are read while they are written: by whoever comes, from wherever, until their end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.export.spool import CHUNK, NewSpool, spooling
from parity.export.streamed import StreamedBytes, StreamGivenUp

PIECES = st.lists(st.binary(max_size=50) | st.integers(0, CHUNK + 1).map(bytes), max_size=8)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewSpool]:
    with spooling(tmp_path_factory.mktemp("spools")) as made:
        yield made


@given(pieces=PIECES, begin=st.integers(0, 60), size=st.none() | st.integers(0, CHUNK))
def test_each_reader_gets_what_was_written(
    new: NewSpool, pieces: list[bytes], begin: int, size: int | None
) -> None:
    spool, whole = new(), b"".join(pieces)
    spool.append(b"something else")
    stream = StreamedBytes(spool)
    with ThreadPoolExecutor(3) as pool:
        all_of_it = pool.submit(lambda: b"".join(stream.chunks()))
        for each in pieces:
            stream.write(each)
        late = pool.submit(lambda: b"".join(stream.chunks()))
        kept = stream.end()
    assert (all_of_it.result(), late.result(), b"".join(kept.chunks())) == (whole, whole, whole)
    begin = min(begin, len(whole))
    end = len(whole) if size is None else min(begin + size, len(whole))
    part = None if size is None else end - begin
    assert b"".join(stream.chunks(begin, part)) == whole[begin:end]
    spool.close()


def test_a_part_can_be_read_to_its_end_before_the_rest_is_there(new: NewSpool) -> None:
    stream = StreamedBytes(new())
    stream.promise(3)
    stream.write(b"abc")
    stream.settle()
    assert b"".join(stream.chunks(size=stream.promised())) == b"abc"
    stream.write(b"de")
    stream.end()
    assert b"".join(stream.chunks(3)) == b"de"


@pytest.mark.parametrize("wait", [StreamedBytes.promised, lambda stream: list(stream.chunks())])
def test_who_waits_for_what_will_never_be_is_let_go(
    new: NewSpool, wait: Callable[[StreamedBytes], object]
) -> None:
    stream = StreamedBytes(new())
    stream.write(b"begun")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait, stream)
        threading.Timer(0.1, stream.give_up).start()
        with pytest.raises(StreamGivenUp):
            waiting.result(10)


def test_what_has_ended_cannot_be_given_up(new: NewSpool) -> None:
    stream = StreamedBytes(new())
    stream.write(b"all")
    stream.end()
    stream.give_up()
    assert b"".join(stream.chunks()) == b"all"


def test_nothing_is_left_of_the_spool(tmp_path: Path) -> None:
    with spooling(tmp_path) as made:
        StreamedBytes(made()).write(b"x")
    assert not list(tmp_path.iterdir())
