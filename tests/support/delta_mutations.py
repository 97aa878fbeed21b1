"""Ways to damage or forge a delta, the same each time for the same seed."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.support.mutations import Mutation
from tests.support.recorder import Recorder
from tests.support.updates import older_and_newer, plain_wheel

from parity.portable.errors import DeltaDamaged, FarsideError, WrongBase
from parity.portable.transfer.delta import HEADER_SIZE, read_index
from parity.portable.transfer.patch import patch_bundle
from parity.sign import SigningKey
from parity.update import sorted_inventories, write_delta, write_delta_for

Forgery = Callable[[dict[str, Any]], object]


class Pair:
    """An old bundle, a newer one and the bytes of the delta between them."""

    def __init__(self, folder: Path, key: SigningKey | None = None) -> None:
        self.old, self.new = older_and_newer(folder, key)
        self.path = folder / "d.delta"
        write_delta(self.old.path, self.new.path, self.path, self.new.check, Recorder())
        self._read()
        self.have = [str(self.old.path)]
        self.out = folder / "out"
        self.out.mkdir()

    def _read(self) -> None:
        self.data = self.path.read_bytes()
        with self.path.open("rb") as file:
            self.index = read_index(file)
        self.parts_at = len(self.data) - self.index.parts_size

    def patch(self, data: bytes, check: Any = None) -> object:
        """Patch what is there with these bytes; `out` gets the result."""
        self.path.write_bytes(data)
        return patch_bundle(self.have, str(self.path), str(self.out / "new"), check or self.new.check)


class HavePair(Pair):
    """The same from an inventory: the old bundle, and an index that has another of the new one's wheels."""

    def __init__(self, folder: Path, key: SigningKey | None = None) -> None:
        super().__init__(folder, key)
        name, data = plain_wheel("come", "2.0", 5000)
        self.wheel = folder / "site" / "files" / name
        self.wheel.parent.mkdir(parents=True)
        (folder / "site" / "simple").mkdir()
        self.wheel.write_bytes(data)
        have = sorted_inventories([str(self.old.path), str(folder / "site")])
        self.path.unlink()
        write_delta_for(have, self.new.path, self.path, self.new.check, Recorder())
        self._read()
        self.have = [str(self.old.path), str(folder / "site")]


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


MUTATIONS: list[Mutation] = [flip, flip_early, truncate, extend, overwrite, cut_out, double]


# --- forged: an index that fits its digest, by somebody who wants to do harm --------------------------------


def forged(data: bytes, parts_at: int, change: Forgery, parts: bytes | None = None) -> bytes:
    document = json.loads(data[HEADER_SIZE:parts_at])
    change(document)
    index = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    head = f"{document['format']} {hashlib.sha256(index).hexdigest()} {len(index):010d}\n".encode()
    return head + index + (data[parts_at:] if parts is None else parts)


def rename(document: dict[str, Any]) -> None:
    document["files"][0]["path"] = "../../canary"


def promise_another(document: dict[str, Any]) -> None:
    document["result"]["serial"] += 1


def claim_the_base(document: dict[str, Any]) -> None:
    document["base"] = {**(document["base"] or document["result"]), "payload": "0" * 64}


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


FORGERIES: Mapping[Forgery, type[FarsideError]] = {
    rename: DeltaDamaged,
    promise_another: DeltaDamaged,
    claim_the_base: WrongBase,
    drop_a_file: DeltaDamaged,
    thin_for_plain: DeltaDamaged,
    plain_for_thin: DeltaDamaged,
    huge_head: DeltaDamaged,
    move_bytes: DeltaDamaged,
    twice: DeltaDamaged,
    wrong_type: DeltaDamaged,
    more_keys: DeltaDamaged,
}
"""What each of them must be refused as."""
BASELESS_FORGERIES = [each for each in FORGERIES if each is not thin_for_plain]
"""Those for a delta from an inventory, which packs nothing against an older file."""
