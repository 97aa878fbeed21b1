"""Ways to damage a bundle's bytes: the same seed gives the same mutant."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator

HEAD = 65536
Mutation = Callable[[random.Random, bytes], bytes]


def mutant(mutation: Mutation, seed: str, data: bytes) -> bytes:
    """These bytes damaged in one way; the seed decides how, and gives the same each time."""
    rng = random.Random(f"{mutation.__name__} {seed}")  # noqa: S311
    while (made := mutation(rng, data)) == data:
        pass
    return made


def used_head(data: bytes) -> int:
    """Where the envelope's JSON ends and its spaces begin."""
    return len(data[:HEAD].rstrip(b" "))


def flip_bit(rng: random.Random, data: bytes, low: int, high: int) -> bytes:
    changed = bytearray(data)
    changed[rng.randrange(low, high)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def flip_in_envelope(rng: random.Random, data: bytes) -> bytes:
    return flip_bit(rng, data, 0, used_head(data))


def flip_in_first_header(rng: random.Random, data: bytes) -> bytes:
    """The tar header before the envelope, which no signature covers."""
    return flip_bit(rng, data, 0, 512)


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


def flip_in_signature(rng: random.Random, data: bytes) -> bytes:
    """One bit of a signature's own bytes, base64 around it as it must be."""
    document = json.loads(data[512 : used_head(data)])
    signature = rng.choice(document["signatures"])
    raw = bytearray(base64.b64decode(signature["sig"]))
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    signature["sig"] = base64.b64encode(raw).decode()
    return with_envelope(data, document)


def spoil_signatures(rng: random.Random, data: bytes) -> bytes:
    """Signatures left out, given twice, emptied, cut, lengthened, or under another's name."""
    document = json.loads(data[512 : used_head(data)])
    (first, *_), raw = document["signatures"], base64.b64decode(document["signatures"][0]["sig"])
    stranger = {"keyid": rng.randbytes(32).hex(), "sig": base64.b64encode(rng.randbytes(70)).decode()}

    def spelt(made: bytes) -> dict[str, str]:
        return {**first, "sig": base64.b64encode(made).decode()}

    document["signatures"] = rng.choice(
        [
            [],
            [first, first],
            [stranger],
            [{**first, "keyid": stranger["keyid"]}],
            [{**first, "keyid": first["keyid"].upper()}],
            [{**first, "sig": ""}],
            [spelt(raw[: rng.randrange(1, len(raw))])],
            [spelt(raw + rng.randbytes(rng.randrange(1, 4)))],
            [spelt(bytes(len(raw)))],
            [{**first, "sig": first["sig"] + "\n"}],
            [{**first, "more": rng.randrange(9)}],
            [stranger] * rng.randrange(17, 40),
        ]
    )
    return with_envelope(data, document)


def with_envelope(data: bytes, document: object) -> bytes:
    """The bundle with another envelope, spelt as the writer would."""
    body = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return data[:512] + body.ljust(HEAD - 512) + data[HEAD:]


MUTATIONS: list[Mutation] = [
    flip_in_envelope,
    flip_in_first_header,
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
    flip_in_signature,
    spoil_signatures,
]
