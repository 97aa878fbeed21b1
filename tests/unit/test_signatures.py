"""Several signatures: who counts, how many are demanded, and how one more comes onto a finished bundle."""

from __future__ import annotations

import io
import os
import random
import stat
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.bundles import (
    IDENTITY,
    MadeBundle,
    file_size_limit,
    make_bundle,
    stock_check,
)
from tests.support.mutations import flip_in_envelope, forge_envelope, respell_envelope, used_head
from tests.support.recorder import Recorder

from parity.errors import ParityError, SignaturesFull, WriteFailed
from parity.portable.bundle.envelope import Checker, Envelope, Signature, encode_head, parse_head
from parity.portable.bundle.openssl import openssl_checker
from parity.portable.bundle.reader import open_bundle, verify_bundle
from parity.portable.errors import BundleDamaged, FarsideError, SignatureInvalid
from parity.sign import SigningKey, generate_key, make_checker, save_key, sign_again

HEAD = 65536
SIGNED = b"what is signed"
Maker = Callable[[Sequence[SigningKey], int], Checker]


@cache
def keys() -> tuple[SigningKey, ...]:
    """Six keys, made once."""
    return tuple(generate_key() for _ in range(6))


def name_of(key: SigningKey) -> str:
    return key.public.fingerprint


@pytest.fixture(scope="module", params=["library", "openssl"])
def checker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """Makes a checker, in both ways that parity has."""
    folder = tmp_path_factory.mktemp("keys")
    paths = {name_of(key): str(save_key(folder / name_of(key), key)) for key in keys()}

    def make(trusted: Sequence[SigningKey], threshold: int) -> Checker:
        if request.param == "library":
            return make_checker([key.public for key in trusted], threshold)
        return openssl_checker([paths[name_of(key)] for key in trusted], threshold=threshold)

    return make


def signature(key: SigningKey, data: bytes = SIGNED, name: str = "") -> Signature:
    return Signature(name or name_of(key), key.sign(data))


# --- who counts -------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    signed=st.sets(st.integers(0, 5)),
    trusted=st.sets(st.integers(0, 5), min_size=1),
    threshold=st.integers(1, 6),
    twice=st.booleans(),
)
def test_enough_different_trusted_keys_and_no_fewer(
    checker: Maker, signed: set[int], trusted: set[int], threshold: int, twice: bool
) -> None:
    counted = sorted(name_of(keys()[each]) for each in signed & trusted)
    signatures = [signature(keys()[each]) for each in signed] * (2 if twice else 1)
    check = checker([keys()[each] for each in trusted] * (2 if twice else 1), threshold)
    if len(counted) >= threshold:
        assert check(SIGNED, signatures) == tuple(counted)
        return
    with pytest.raises(SignatureInvalid) as caught:
        check(SIGNED, signatures)
    assert all(name in caught.value.message for name in counted)


def test_a_signature_under_another_keys_name_does_not_count(checker: Maker) -> None:
    one, two, *_ = keys()
    signatures = [signature(one), signature(one, name=name_of(two))]
    with pytest.raises(SignatureInvalid, match=name_of(two)):
        checker([one, two], 2)(SIGNED, signatures)
    unknown = [signature(one), signature(one, name="0" * 64)]
    with pytest.raises(SignatureInvalid, match="2 of the trusted keys"):
        checker([one, two], 2)(SIGNED, unknown)


def test_a_wrong_signature_by_a_trusted_key_spoils_enough_right_ones(checker: Maker) -> None:
    one, two, three, *_ = keys()
    signatures = [signature(one), signature(two), signature(three, b"something else")]
    with pytest.raises(SignatureInvalid, match=name_of(three)):
        checker([one, two, three], 2)(SIGNED, signatures)
    assert len(checker([one, two], 2)(SIGNED, signatures)) == 2


# --- on a bundle --------------------------------------------------------------------------------------------


@pytest.fixture
def made(tmp_path: Path) -> MadeBundle:
    return make_bundle(tmp_path / "bundle", key=keys()[0])


def envelope_of(path: Path) -> Envelope:
    with path.open("rb") as file:
        return parse_head(file.read(HEAD))


def verified(path: Path, check: Checker) -> tuple[str, ...]:
    with open_bundle(str(path)) as file:
        return verify_bundle(file, check).signers


def again(path: Path, *which: int, known: int = 0) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sign with these keys, believing one; gives who signed now, and who had before."""
    check = make_checker([keys()[known].public])
    done = sign_again(path, [keys()[each] for each in which], check, Recorder())
    return done.added, done.already


def test_one_more_signature_leaves_the_statement_and_the_payload_alone(
    made: MadeBundle, checker: Maker
) -> None:
    before, old = made.path.read_bytes(), envelope_of(made.path)
    made.path.chmod(0o640)
    assert again(made.path, 1) == ((name_of(keys()[1]),), ())
    after, new = made.path.read_bytes(), envelope_of(made.path)
    assert after[HEAD:] == before[HEAD:]
    assert new.payload == old.payload
    assert set(old.signatures) < set(new.signatures)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o640
    both = tuple(sorted(name_of(key) for key in keys()[:2]))
    assert verified(made.path, checker(keys()[:2], 2)) == both
    with pytest.raises(SignatureInvalid, match="3 of the trusted keys must have signed; 2 did"):
        verified(made.path, checker(keys()[:3], 3))
    assert os.listdir(made.path.parent) == [made.path.name]


def test_who_has_signed_is_told_so_and_nothing_is_written(made: MadeBundle) -> None:
    again(made.path, 1)
    before, at = made.path.read_bytes(), made.path.stat()
    assert again(made.path, 0, 1) == ((), tuple(name_of(key) for key in keys()[:2]))
    assert (made.path.read_bytes(), made.path.stat().st_ino) == (before, at.st_ino)
    assert again(made.path, 1, 2) == ((name_of(keys()[2]),), (name_of(keys()[1]),))


def test_where_the_bundle_is_a_link_its_file_is_signed(made: MadeBundle, tmp_path: Path) -> None:
    link = tmp_path / "link.parity.tar"
    link.symlink_to(made.path)
    again(link, 1)
    assert link.is_symlink()
    assert len(envelope_of(made.path).signatures) == 2


def test_a_full_bundle_takes_no_more(made: MadeBundle) -> None:
    envelope = envelope_of(made.path)
    more = [generate_key() for _ in range(15)]
    sign_again(made.path, more, made.check, Recorder())
    assert len(envelope_of(made.path).signatures) == 16
    before = made.path.read_bytes()
    with pytest.raises(SignaturesFull, match="16"):
        again(made.path, 1)
    assert made.path.read_bytes() == before
    assert envelope_of(made.path).payload == envelope.payload


def altered(data: bytes) -> bytes:
    return data[:-2000] + bytes([data[-2000] ^ 1]) + data[-1999:]


@pytest.mark.parametrize("change", [altered, lambda data: data[:-1024], lambda data: data + b"\0"])
def test_what_would_not_be_accepted_is_not_signed(made: MadeBundle, change: Callable[[bytes], bytes]) -> None:
    bad = change(made.path.read_bytes())
    made.path.write_bytes(bad)
    with pytest.raises(BundleDamaged):
        again(made.path, 1)
    assert made.path.read_bytes() == bad
    assert os.listdir(made.path.parent) == [made.path.name]


def test_a_strangers_bundle_is_not_signed(made: MadeBundle) -> None:
    with pytest.raises(SignatureInvalid, match="none of the keys"):
        again(made.path, 1, known=2)
    assert len(envelope_of(made.path).signatures) == 1


def resealed(path: Path, signatures: Sequence[Signature]) -> None:
    data, envelope = path.read_bytes(), envelope_of(path)
    head = encode_head(Envelope(envelope.payload, tuple(sorted(signatures))))
    path.write_bytes(head + data[HEAD:])


def test_a_signature_moved_from_another_bundle_does_not_count(
    made: MadeBundle, tmp_path: Path, checker: Maker
) -> None:
    one, two, *_ = keys()
    other = make_bundle(tmp_path / "other", files={"a": b"1"}, key=two, identity=IDENTITY)
    resealed(made.path, [*envelope_of(made.path).signatures, *envelope_of(other.path).signatures])
    for threshold in (1, 2):
        with pytest.raises(SignatureInvalid, match=f"the signature by {name_of(two)} is wrong"):
            verified(made.path, checker([one, two], threshold))
    with pytest.raises(SignatureInvalid, match=f"the signature by {name_of(two)} is wrong"):
        again(made.path, 1)


def test_a_disk_that_is_full_leaves_the_bundle_as_it_was(made: MadeBundle) -> None:
    before = made.path.read_bytes()
    with file_size_limit(HEAD + 1000), pytest.raises(WriteFailed):
        again(made.path, 1)
    assert made.path.read_bytes() == before
    assert os.listdir(made.path.parent) == [made.path.name]


class Interfering(Recorder):
    """Does something to the file when signing begins."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self._act = act

    def stage(self, name: str, detail: str = "") -> None:
        if name == "sign":
            self._act()


def test_what_changes_while_it_is_being_signed_is_not_signed(made: MadeBundle, tmp_path: Path) -> None:
    data = made.path.read_bytes()
    check, two = made.check, [keys()[1]]
    with pytest.raises(BundleDamaged, match="changed while"):
        sign_again(made.path, two, check, Interfering(lambda: made.path.write_bytes(altered(data))))
    assert made.path.read_bytes() == altered(data)
    made.path.write_bytes(data)
    newer = tmp_path / "newer"
    newer.write_bytes(data)
    with pytest.raises(ParityError, match="replaced while"):
        sign_again(made.path, two, check, Interfering(lambda: newer.rename(made.path)))
    assert made.path.read_bytes() == data


# --- two signatures and altered bytes -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A bundle that two have signed."""
    path = make_bundle(tmp_path_factory.mktemp("twice"), key=keys()[0]).path
    again(path, 1)
    return path.read_bytes()


def refused(data: bytes) -> None:
    """Demand that both must have signed, and that this is refused."""
    with pytest.raises(FarsideError) as caught:
        verify_bundle(io.BytesIO(data), make_checker([key.public for key in keys()[:2]], 2))
    assert isinstance(caught.value, BundleDamaged | SignatureInvalid)


def test_every_byte_of_an_envelope_with_two_signatures_counts(twice: bytes) -> None:
    for at in range(used_head(twice)):
        mutant = bytearray(twice)
        mutant[at] ^= 0x01
        refused(bytes(mutant))


@pytest.mark.parametrize("mutation", [flip_in_envelope, forge_envelope, respell_envelope])
def test_mutants_with_two_signatures_are_refused(
    twice: bytes, mutation: Callable[[random.Random, bytes], bytes]
) -> None:
    rng = random.Random(mutation.__name__)  # noqa: S311
    for mutant in (mutation(rng, twice) for _ in range(300)):
        if mutant != twice:
            refused(mutant)


def test_an_order_of_signatures_other_than_the_one_or_one_of_them_twice_is_refused(twice: bytes) -> None:
    one, two = parse_head(twice[:HEAD]).signatures
    body = twice[512 : used_head(twice)]
    start = body.index(b'{"keyid"')
    first, second = (piece + b"}" for piece in body[start:-2].removesuffix(b"}").split(b"},"))
    for pieces in ([second, first], [first, first], [first, first, second]):
        other = body[:start] + b",".join(pieces) + b"]}"
        refused(twice[:512] + other.ljust(HEAD - 512) + twice[HEAD:])
    assert one.keyid < two.keyid


# --- stock tools --------------------------------------------------------------------------------------------


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(4)))
def test_stock_tools_check_each_key_that_signed_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("stock")
    made = make_bundle(folder / "bundle", key=keys()[order[0]])
    again(made.path, order[1], order[2], known=order[0])
    for each in order[:3]:
        public = save_key(folder / f"key {each}", keys()[each])
        done = stock_check(folder / f"with {each}", made.path, public)
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"Verified OK\npayload: {made.built.payload_sha256} OK\n"
    stranger = save_key(folder / "stranger", keys()[order[3]])
    done = stock_check(folder / "with a stranger's", made.path, stranger)
    assert done.returncode != 0
    assert "OK" not in done.stdout
