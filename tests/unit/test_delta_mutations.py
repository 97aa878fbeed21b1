"""Damaged and forged deltas: every one refused with a reason, nothing written."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.bundles import make_bundle
from tests.support.delta_mutations import FORGERIES, MUTATIONS, Forgery, Pair, anyone, forged
from tests.support.mutations import Mutation, mutant
from tests.support.recorder import Recorder

from parity.portable.errors import DeltaDamaged, FarsideError, SignatureInvalid
from parity.sign import generate_key
from parity.update import write_delta

ROUNDS = 150


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return Pair(tmp_path_factory.mktemp("pair"))


def refusal(pair: Pair, data: bytes, check: Any = None) -> FarsideError:
    """How this delta is refused; any other exception is a test failure."""
    with pytest.raises(FarsideError) as caught:
        pair.patch(data, check)
    assert list(pair.out.iterdir()) == []
    assert caught.value.message.isprintable()
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.__name__)
def test_every_mutated_delta_is_refused_with_a_reason(pair: Pair, mutation: Mutation) -> None:
    for number in range(ROUNDS):
        assert isinstance(refusal(pair, mutant(mutation, str(number), pair.data)), DeltaDamaged)


def test_every_cut_in_the_index_is_refused(pair: Pair) -> None:
    for end in range(0, pair.parts_at, 7):
        assert isinstance(refusal(pair, pair.data[:end]), DeltaDamaged)


def test_other_files_are_no_deltas(pair: Pair) -> None:
    for data in (b"", b"PK\x03\x04" * 99, pair.old.path.read_bytes(), b"parity-delta/2" + pair.data[14:]):
        assert isinstance(refusal(pair, data), DeltaDamaged)


@pytest.mark.parametrize(("change", "kind"), FORGERIES.items(), ids=lambda one: one.__name__)
def test_a_forged_index_is_refused(pair: Pair, change: Forgery, kind: type[FarsideError]) -> None:
    data = forged(pair.data, pair.parts_at, change)
    assert type(refusal(pair, data)) is kind
    assert type(refusal(pair, data, anyone)) is kind


def test_a_delta_to_a_strangers_bundle_is_refused_before_anything_is_written(pair: Pair) -> None:
    stranger = make_bundle(pair.out.parent / "stranger", key=generate_key())
    path = pair.out.parent / "stranger.delta"
    write_delta(pair.old.path, stranger.path, path, anyone, Recorder())
    assert isinstance(refusal(pair, path.read_bytes()), SignatureInvalid)
