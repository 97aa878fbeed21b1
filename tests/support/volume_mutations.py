"""Ways to damage one volume of a split bundle, the same each time for the same seed."""

from __future__ import annotations

import random

from tests.support.mutations import Mutation

from parity.portable.errors import FarsideError
from parity.portable.transfer.volumes import HEADER_SIZE, encode_header, parse_header


def flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def flip_in_header(rng: random.Random, data: bytes) -> bytes:
    return flip(rng, data[:HEADER_SIZE]) + data[HEADER_SIZE:]


def truncate(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def extend(rng: random.Random, data: bytes) -> bytes:
    return data + rng.randbytes(rng.randrange(1, 900))


def cut_out(rng: random.Random, data: bytes) -> bytes:
    where = rng.randrange(len(data))
    return data[:where] + data[where + 50 :]


MUTATIONS: list[Mutation] = [flip, flip_in_header, truncate, extend, cut_out]


def forge_header(rng: random.Random, data: bytes) -> bytes:
    """A header that fits its own digest, but says something else in one field."""
    said = parse_header(data[:HEADER_SIZE])
    digest = rng.randbytes(32).hex()
    other = rng.choice(
        [
            said._replace(bundle_sha256=digest),
            said._replace(sha256=digest),
            said._replace(bundle_size=rng.randrange(said.offset + said.size, 1 << 40)),
            said._replace(offset=rng.randrange(said.bundle_size - said.size)),
            said._replace(total=rng.randrange(said.number, 9999)),
            said._replace(number=rng.randrange(1, said.total)),
            said._replace(size=rng.randrange(1, said.size)),
            said._replace(name=f"other-{digest}.parity.tar"),
        ]
    )
    try:
        return encode_header(other) + data[HEADER_SIZE:]
    except FarsideError:  # no header at all: another try
        return data
