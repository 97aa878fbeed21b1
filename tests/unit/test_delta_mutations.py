"""Damaged and forged deltas: every one refused with a reason, nothing written."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.bundles import make_bundle
from tests.support.recorder import Recorder
from tests.support.updates import older_and_newer

from parity.farside.delta import HEADER_SIZE, read_index
from parity.farside.errors import DeltaDamaged, FarsideError, SignatureInvalid, WrongBase
from parity.farside.patch import patch_bundle
from parity.sign import generate_key
from parity.update import write_delta

Mutation = Callable[[random.Random, bytes], bytes]
Forgery = Callable[[dict[str, Any]], object]
ROUNDS = 150


class Pair:
    """An old bundle and a delta's bytes, and how a mutant of them is refused."""

    def __init__(self, folder: Path) -> None:
        self.old, self.new = older_and_newer(folder)
        self.path = folder / "d.delta"
        write_delta(self.old.path, self.new.path, self.path, self.new.check, Recorder())
        self.data = self.path.read_bytes()
        with self.path.open("rb") as file:
            self.index = read_index(file)
        self.parts_at = len(self.data) - self.index.parts_size
        self.out = folder / "out"
        self.out.mkdir()

    def refusal(self, data: bytes, check: Any = None) -> FarsideError:
        """How this delta is refused; any other exception is a test failure."""
        self.path.write_bytes(data)
        with pytest.raises(FarsideError) as caught:
            patch_bundle(str(self.old.path), str(self.path), str(self.out / "new"), check or self.new.check)
        assert list(self.out.iterdir()) == []
        assert caught.value.message.isprintable()
        assert caught.value.remedy
        return caught.value


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return Pair(tmp_path_factory.mktemp("pair"))


def anyone(_signed: bytes, _signatures: object) -> tuple[str, ...]:
    return ()


def flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def flip_early(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    changed[rng.randrange(HEADER_SIZE + 1500)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def truncate(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def extend(rng: random.Random, data: bytes) -> bytes:
    return data + rng.choice([b"\0", b"\n", data, bytes(512)])


def overwrite(rng: random.Random, data: bytes) -> bytes:
    start, count = rng.randrange(len(data)), rng.randrange(1, 400)
    return data[:start] + rng.randbytes(count) + data[start + count :]


def cut_out(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randrange(1, 300) :]


def double(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start : start + 100] + data[start:]


@pytest.mark.parametrize(
    "mutation", [flip, flip_early, truncate, extend, overwrite, cut_out, double], ids=lambda one: one.__name__
)
def test_every_mutated_delta_is_refused_with_a_reason(pair: Pair, mutation: Mutation) -> None:
    rng = random.Random(mutation.__name__)  # noqa: S311
    for _ in range(ROUNDS):
        mutant = mutation(rng, pair.data)
        if mutant != pair.data:
            assert isinstance(pair.refusal(mutant), DeltaDamaged)


def test_every_cut_in_the_index_is_refused(pair: Pair) -> None:
    for end in range(0, pair.parts_at, 7):
        assert isinstance(pair.refusal(pair.data[:end]), DeltaDamaged)


def test_other_files_are_no_deltas(pair: Pair) -> None:
    for data in (b"", b"PK\x03\x04" * 99, pair.old.path.read_bytes(), b"parity-delta/2" + pair.data[14:]):
        assert isinstance(pair.refusal(data), DeltaDamaged)


# --- forged: an index that fits its digest, by somebody who wants to do harm --------------------------------


def forged(data: bytes, parts_at: int, change: Forgery, parts: bytes | None = None) -> bytes:
    document = json.loads(data[HEADER_SIZE:parts_at])
    change(document)
    index = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    head = f"parity-delta/1 {hashlib.sha256(index).hexdigest()} {len(index):010d}\n".encode()
    return head + index + (data[parts_at:] if parts is None else parts)


def rename(document: dict[str, Any]) -> None:
    document["files"][0]["path"] = "../../canary"


def promise_another(document: dict[str, Any]) -> None:
    document["result"]["serial"] += 1


def claim_the_base(document: dict[str, Any]) -> None:
    document["base"]["payload"] = "0" * 64


def drop_a_file(document: dict[str, Any]) -> None:
    document["manifest"]["size"] += document["files"].pop(0)["size"]


def thin_for_plain(document: dict[str, Any]) -> None:
    entry = next(one for one in document["files"] if one["sha256"] is None)
    entry["sha256"] = "0" * 64


def plain_for_thin(document: dict[str, Any]) -> None:
    entry = next(one for one in document["files"] if one["sha256"])
    entry["sha256"] = None


def huge_head(document: dict[str, Any]) -> None:
    document["head"]["size"] = 2**62


def move_bytes(document: dict[str, Any]) -> None:
    document["head"]["size"] += 1
    document["manifest"]["size"] -= 1


def twice(document: dict[str, Any]) -> None:
    document["files"].append(document["files"][-1])


def wrong_type(document: dict[str, Any]) -> None:
    document["files"] = {"path": None}


def more_keys(document: dict[str, Any]) -> None:
    document["run"] = "rm -rf"


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (rename, DeltaDamaged),
        (promise_another, DeltaDamaged),
        (claim_the_base, WrongBase),
        (drop_a_file, DeltaDamaged),
        (thin_for_plain, DeltaDamaged),
        (plain_for_thin, DeltaDamaged),
        (huge_head, DeltaDamaged),
        (move_bytes, DeltaDamaged),
        (twice, DeltaDamaged),
        (wrong_type, DeltaDamaged),
        (more_keys, DeltaDamaged),
    ],
    ids=lambda one: one.__name__,
)
def test_a_forged_index_is_refused(pair: Pair, change: Forgery, kind: type[FarsideError]) -> None:
    data = forged(pair.data, pair.parts_at, change)
    assert type(pair.refusal(data)) is kind
    assert type(pair.refusal(data, anyone)) is kind


def test_a_delta_to_a_strangers_bundle_is_refused_before_anything_is_written(pair: Pair) -> None:
    stranger = make_bundle(pair.out.parent / "stranger", key=generate_key())
    path = pair.out.parent / "stranger.delta"
    write_delta(pair.old.path, stranger.path, path, anyone, Recorder())
    assert isinstance(pair.refusal(path.read_bytes()), SignatureInvalid)
