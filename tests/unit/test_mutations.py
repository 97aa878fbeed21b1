"""Damaged bundles: every one refused with a reason, by the library and when unpacking; nothing written."""

from __future__ import annotations

import base64
import io
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.support.bundles import MadeBundle, make_bundle

from parity.farside.errors import BundleDamaged, FarsideError, SignatureInvalid
from parity.farside.reader import read_unverified
from parity.farside.unpack import unpack_bundle

HEAD = 65536
Mutation = Callable[[random.Random, bytes], bytes]
ROUNDS = 500


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeBundle:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


def used_head(data: bytes) -> int:
    """Where the envelope's JSON ends and its spaces begin."""
    return len(data[:HEAD].rstrip(b" "))


def flip_bit(rng: random.Random, data: bytes, low: int, high: int) -> bytes:
    changed = bytearray(data)
    changed[rng.randrange(low, high)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def flip_in_envelope(rng: random.Random, data: bytes) -> bytes:
    return flip_bit(rng, data, 0, used_head(data))


def flip_in_spaces(rng: random.Random, data: bytes) -> bytes:
    return flip_bit(rng, data, used_head(data), HEAD)


def flip_in_payload(rng: random.Random, data: bytes) -> bytes:
    return flip_bit(rng, data, HEAD, len(data))


def flip_in_a_tar_header(rng: random.Random, data: bytes) -> bytes:
    starts = [at - 257 for at in range(HEAD + 257, len(data), 512) if data[at : at + 5] == b"ustar"]
    start = rng.choice(starts)
    return flip_bit(rng, data, start, start + 512)


def overwrite(rng: random.Random, data: bytes) -> bytes:
    start, count = rng.randrange(len(data)), rng.randrange(1, 600)
    return data[:start] + rng.randbytes(count) + data[start + count :]


def truncate(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.choice([rng.randrange(len(data)), rng.randrange(len(data) // 512) * 512])]


def extend(rng: random.Random, data: bytes) -> bytes:
    count = rng.choice([1, 511, 512, 1024, 10240])
    return data + rng.choice([bytes(count), rng.randbytes(count), data[-count:]])


def swap_blocks(rng: random.Random, data: bytes) -> bytes:
    one, two = (rng.randrange(len(data) // 512) * 512 for _ in range(2))
    blocks = bytearray(data)
    blocks[one : one + 512], blocks[two : two + 512] = data[two : two + 512], data[one : one + 512]
    return bytes(blocks)


def drop_a_block(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data) // 512) * 512
    return data[:start] + data[start + 512 :]


def double_a_block(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data) // 512) * 512
    return data[: start + 512] + data[start:]


def swap_files(rng: random.Random, data: bytes) -> bytes:
    """Two whole members, header and content, change places; the tar stays a valid tar."""
    members = list(members_of(data))
    one, two = sorted(rng.sample(range(len(members)), 2))
    members[one], members[two] = members[two], members[one]
    return data[:HEAD] + b"".join(members) + bytes(1024)


def members_of(data: bytes) -> Iterator[bytes]:
    at = HEAD
    while data[at] != 0:
        size = int(data[at + 124 : at + 135], 8)
        end = at + 512 + size + -size % 512
        yield data[at:end]
        at = end


def respell_envelope(rng: random.Random, data: bytes) -> bytes:
    """The same envelope with spaces, another key order, double keys, escapes or other base64."""
    body = data[512 : used_head(data)]
    document = json.loads(body)
    where = rng.randrange(1, len(body) - 1)
    other = rng.choice(
        [
            body[:where] + b" " + body[where:],
            body[:where] + b"\n" + body[where:],
            json.dumps(document, indent=rng.randrange(4)).encode(),
            json.dumps(dict(reversed(document.items())), separators=(",", ":")).encode(),
            b'{"payload":"e30=",' + body[1:],
            body[:-1] + b',"signatures":[]}',
            body.replace(b"a", b"\\u0061", 1),
            body.replace(b"/", b"\\/", 1),
            body + b"\0",
            b"\xef\xbb\xbf" + body,
        ]
    )
    return data[:512] + other.ljust(HEAD - 512)[: HEAD - 512] + data[HEAD:]


def forge_envelope(rng: random.Random, data: bytes) -> bytes:
    """Another statement, key name or signature in a canonical envelope."""
    document = json.loads(data[512 : used_head(data)])
    statement = base64.b64decode(document["payload"])
    signature = document["signatures"][0]
    raw = bytearray(base64.b64decode(signature["sig"]))
    choice = rng.randrange(5)
    if choice == 0:
        statement = statement.replace(b'"serial":7', b'"serial":%d' % rng.randrange(8, 10**6))
    elif choice == 1:
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    elif choice == 2:
        raw += rng.randbytes(rng.randrange(1, 9))
    elif choice == 3:
        signature["keyid"] = rng.randbytes(32).hex()
    else:
        statement = rng.randbytes(rng.randrange(1, 400))
    signature["sig"] = base64.b64encode(raw).decode()
    document["payload"] = base64.b64encode(statement).decode()
    body = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return data[:512] + body.ljust(HEAD - 512) + data[HEAD:]


MUTATIONS: list[Mutation] = [
    flip_in_envelope,
    flip_in_spaces,
    flip_in_payload,
    flip_in_a_tar_header,
    overwrite,
    truncate,
    extend,
    swap_blocks,
    drop_a_block,
    double_a_block,
    swap_files,
    respell_envelope,
    forge_envelope,
]


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
    rng = random.Random(mutation.__name__)  # noqa: S311
    tried = 0
    while tried < ROUNDS:
        mutant = mutation(rng, data)
        if mutant == data:
            continue
        error = refusal(made, mutant, tmp_path)
        assert isinstance(error, BundleDamaged | SignatureInvalid)
        assert error.message.isprintable()
        assert error.remedy
        tried += 1


def test_every_single_byte_of_the_envelope_counts(made: MadeBundle, tmp_path: Path) -> None:
    data = made.path.read_bytes()
    for at in range(0, used_head(data), 3):
        mutant = bytearray(data)
        mutant[at] ^= 0x01
        refusal(made, bytes(mutant), tmp_path)


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
    mutant = data[:start] + filling + data[start + length :]
    assume(mutant != data)
    refusal(made, mutant, tmp_path)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(head=st.binary(max_size=300), tail=st.binary(max_size=300))
def test_looking_into_any_bytes_gives_values_or_our_own_error(head: bytes, tail: bytes) -> None:
    with pytest.raises(BundleDamaged):
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
