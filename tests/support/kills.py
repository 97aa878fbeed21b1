"""kill -9 at random moments of what carries or installs a bundle; what is there afterwards is told."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from tests.support.bundles import IDENTITY, MadeBundle, make_bundle
from tests.support.cli import written_environment
from tests.support.recorder import Recorder
from tests.support.updates import plain_wheel

from parity.pack.singlefile import single_file
from parity.portable.errors import VolumesIncomplete
from parity.portable.transfer.join import check_volumes, find_volumes, join_volumes
from parity.portable.transfer.volumes import MARK
from parity.update import write_delta
from parity.volumes import split_bundle

SIZE = 12 << 20
VOLUME = 3 << 20
Start = Callable[[], "subprocess.Popen[bytes]"]


class Kill(NamedTuple):
    """What one kill left: the state in a word, and the names of what is half done."""

    number: int
    state: str
    half: list[str]


@dataclass(frozen=True)
class Carried:
    """What is carried: two bundles, the delta between them, the new one's volumes, our code, the key."""

    old: MadeBundle
    new: MadeBundle
    delta: Path
    volumes: Path
    single: Path
    key: Path


def carry_pair(folder: Path, size: int = SIZE) -> Carried:
    """An old bundle and a new one that are large enough to be caught half written."""
    same, gone, come = (plain_wheel(name, "1.0", size) for name in ("same", "gone", "come"))
    old = make_bundle(folder / "old", wheels=dict([same, gone]))
    new = make_bundle(folder / "new", wheels=dict([same, come]), identity=replace(IDENTITY, serial=8))
    delta, key, single = folder / "update.delta", folder / "sender.pub", folder / "parity-farside.py"
    write_delta(old.path, new.path, delta, old.check, Recorder())
    split_bundle(new.path, folder / "media", VOLUME, Recorder())
    key.write_bytes(old.key.public.pem)
    single.write_text(single_file())
    return Carried(old, new, delta, folder / "media", single, key)


def started(single: Path, *words: str | Path) -> subprocess.Popen[bytes]:
    """The single file, or `parity` itself for what only the near side does."""
    how = ["-I", "-B", str(single)] if words[0] != "split" else ["-m", "parity"]
    return subprocess.Popen(
        [sys.executable, *how, *[str(word) for word in words]],
        env=written_environment(single.parent),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def killed_at_random(
    folder: Path, start: Start, seen: Callable[[], str], rounds: int, seed: int = 3
) -> Iterator[Kill]:
    """Run once whole, then kill it many times, looking after each; then once more whole.

    Every other kill waits for the first sign of a file that is being written in the folder.
    """
    begin = time.monotonic()
    assert start().wait() == 0
    length, dice = time.monotonic() - begin, random.Random(seed)  # noqa: S311
    assert seen() == "new"
    for number in range(rounds):
        with start() as process:
            while number % 2 and process.poll() is None and not half_done(folder):
                time.sleep(0.001)
            time.sleep(dice.uniform(0, 0.02) if number % 2 else dice.uniform(0.2, 1.05) * length)
            process.kill()
        yield Kill(number, seen(), half_done(folder))
    assert start().wait() == 0
    assert (seen(), half_done(folder)) == ("new", [])


def half_done(folder: Path) -> list[str]:
    """What is being written, or was left: its name begins with a dot."""
    return [name for name in os.listdir(folder) if name.startswith(".") and name != ".parity-prefix"]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def one_file(carried: Carried, folder: Path, rounds: int, *words: str | Path) -> Iterator[Kill]:
    """Kill a command that replaces the old bundle by the new one, put back before each start."""
    folder.mkdir()
    bundle = folder / "app.parity.tar"
    names = {digest(carried.old.path): "old", digest(carried.new.path): "new"}

    def start() -> subprocess.Popen[bytes]:
        bundle.write_bytes(carried.old.path.read_bytes())
        return started(carried.single, *words, "-o", bundle)

    return killed_at_random(folder, start, lambda: names.get(digest(bundle), "half"), rounds)


def patches(carried: Carried, folder: Path, rounds: int) -> Iterator[Kill]:
    """Kills of `patch`."""
    words = ("patch", carried.old.path, carried.delta, "--key", carried.key)
    return one_file(carried, folder, rounds, *words)


def joins(carried: Carried, folder: Path, rounds: int) -> Iterator[Kill]:
    """Kills of `join`."""
    return one_file(carried, folder, rounds, "join", carried.volumes)


def splits(carried: Carried, folder: Path, rounds: int) -> Iterator[Kill]:
    """Kills of `split`; the volumes of the run before are removed before each start."""
    joined = folder.with_suffix(".tar")

    def start() -> subprocess.Popen[bytes]:
        for path in folder.glob(f"*{MARK}*"):
            path.unlink()
        return started(carried.single, "split", carried.new.path, "--size", str(VOLUME), "-o", folder)

    def seen() -> str:
        try:
            volumes = find_volumes([str(folder)])
            if any(one.error or not one.volume for one in check_volumes(volumes)):
                return "half"
            join_volumes(volumes, str(joined))
        except VolumesIncomplete:
            return "incomplete"
        return "new" if digest(joined) == digest(carried.new.path) else "half"

    folder.mkdir()
    return killed_at_random(folder, start, seen, rounds)


# --- trees of files that a command replaces ---------------------------------------------------------------


def tree_digest(folder: Path) -> str:
    """One word for a whole tree: names, bytes and where links point."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        total.update(f"{path.relative_to(folder)}\0".encode())
        if path.is_symlink():
            total.update(os.readlink(path).encode())
        elif path.is_file():
            total.update(path.read_bytes())
    return total.hexdigest()


def put_back(kept: Path, place: Path) -> None:
    """A tree as it was, in the place where it was made."""
    if place.exists():
        shutil.rmtree(place)
    if kept.exists():
        shutil.copytree(kept, place, symlinks=True)
