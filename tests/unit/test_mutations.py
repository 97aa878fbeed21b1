"""Damaged bundles: every one refused with a reason, by the library and when unpacking; nothing written."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.support.bundles import MadeBundle, make_bundle
from tests.support.mutations import HEAD, MUTATIONS, Mutation, mutant, used_head

from parity.portable.bundle.reader import read_unverified
from parity.portable.bundle.unpack import unpack_bundle
from parity.portable.errors import BundleDamaged, BundleUnreadable, FarsideError, SignatureInvalid

ROUNDS = 500


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeBundle:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


def refusal(made: MadeBundle, data: bytes, folder: Path) -> FarsideError:
    """How unpacking such a bundle is refused; any other exception is a test failure."""
    with pytest.raises(FarsideError) as caught:
        unpack_bundle(io.BytesIO(data), made.check, str(folder / "new"))
    assert list(folder.iterdir()) == []
    return caught.value


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_every_mutated_bundle_is_refused_with_a_reason(
    made: MadeBundle, tmp_path: Path, mutation: Mutation
) -> None:
    data = made.path.read_bytes()
    for number in range(ROUNDS):
        error = refusal(made, mutant(mutation, str(number), data), tmp_path)
        assert isinstance(error, BundleDamaged | SignatureInvalid)
        assert error.message.isprintable()
        assert error.remedy


def test_every_single_byte_of_the_envelope_counts(made: MadeBundle, tmp_path: Path) -> None:
    data = made.path.read_bytes()
    for at in range(0, used_head(data), 3):
        changed = bytearray(data)
        changed[at] ^= 0x01
        refusal(made, bytes(changed), tmp_path)


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(place=st.floats(0, 1), length=st.integers(0, 2000), filling=st.binary(max_size=2000))
def test_any_replaced_stretch_is_refused(
    made: MadeBundle, tmp_path: Path, place: float, length: int, filling: bytes
) -> None:
    data = made.path.read_bytes()
    start = int(place * len(data))
    changed = data[:start] + filling + data[start + length :]
    assume(changed != data)
    refusal(made, changed, tmp_path)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(head=st.binary(max_size=300), tail=st.binary(max_size=300))
def test_looking_into_any_bytes_gives_values_or_our_own_error(head: bytes, tail: bytes) -> None:
    with pytest.raises((BundleDamaged, BundleUnreadable)):  # what begins as a delta does is called one
        read_unverified(io.BytesIO(head.ljust(HEAD) + tail))


def looks_sane(data: bytes) -> bool:
    try:
        read_unverified(io.BytesIO(data))
    except BundleDamaged:
        return False
    return True


def test_looking_into_mutants_without_a_key_never_fails_in_another_way(made: MadeBundle) -> None:
    data = made.path.read_bytes()
    rng = random.Random(2)  # noqa: S311
    refused = 0
    for _ in range(300):
        refused += not looks_sane(rng.choice(MUTATIONS)(rng, data))
    assert 0 < refused < 300
