"""kill -9 at random moments of patch, join and split: old or new, and nothing half done stays."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.support.bundles import IDENTITY, MadeBundle, make_bundle
from tests.support.cli import written_environment
from tests.support.recorder import Recorder
from tests.support.updates import plain_wheel

from parity.farside.errors import VolumesIncomplete
from parity.farside.join import check_volumes, find_volumes, join_volumes
from parity.farside.volumes import MARK
from parity.pack.singlefile import single_file
from parity.update import write_delta
from parity.volumes import split_bundle

KILLS = 15
SIZE = 12 << 20
VOLUME = 3 << 20


@dataclass(frozen=True)
class Set:
    """What is carried: two bundles, the delta between them, the new one's volumes, our code, the key."""

    old: MadeBundle
    new: MadeBundle
    delta: Path
    volumes: Path
    single: Path
    key: Path


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Set:
    folder = tmp_path_factory.mktemp("carried")
    same, gone, come = (plain_wheel(name, "1.0", SIZE) for name in ("same", "gone", "come"))
    old = make_bundle(folder / "old", wheels=dict([same, gone]))
    new = make_bundle(folder / "new", wheels=dict([same, come]), identity=replace(IDENTITY, serial=8))
    delta, key, single = folder / "update.delta", folder / "sender.pub", folder / "parity-farside.py"
    write_delta(old.path, new.path, delta, old.check, Recorder())
    split_bundle(new.path, folder / "media", VOLUME, Recorder())
    key.write_bytes(old.key.public.pem)
    single.write_text(single_file())
    return Set(old, new, delta, folder / "media", single, key)


def started(carried: Set, *words: str | Path) -> subprocess.Popen[bytes]:
    """The single file, or `parity` itself for what only the near side does."""
    how = ["-I", "-B", str(carried.single)] if words[0] != "split" else ["-m", "parity"]
    return subprocess.Popen(
        [sys.executable, *how, *[str(word) for word in words]],
        env=written_environment(carried.key.parent),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def killed_at_random(
    folder: Path, start: Callable[[], subprocess.Popen[bytes]], seen: Callable[[], str]
) -> Counter[str]:
    """Run once whole, then kill it many times, looking after each; then once more whole.

    Every other kill waits for the first sign of a file that is being written.
    """
    begin = time.monotonic()
    assert start().wait() == 0
    length, dice, found = time.monotonic() - begin, random.Random(3), Counter[str]()  # noqa: S311
    assert seen() == "new"
    for number in range(KILLS):
        with start() as process:
            while number % 2 and process.poll() is None and not half_done(folder):
                time.sleep(0.001)
            time.sleep(dice.uniform(0, 0.02) if number % 2 else dice.uniform(0.2, 1.05) * length)
            process.kill()
        found["half done"] += len(half_done(folder)) > 0
        found[seen()] += 1
    assert start().wait() == 0
    assert (seen(), half_done(folder)) == ("new", [])
    return found


def half_done(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.startswith(".")]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def one_file(carried: Set, folder: Path, *words: str | Path) -> Counter[str]:
    """Kill a command that replaces the old bundle by the new one, put back before each start."""
    folder.mkdir()
    bundle, names = (
        folder / "app.parity.tar",
        {digest(carried.old.path): "old", digest(carried.new.path): "new"},
    )

    def start() -> subprocess.Popen[bytes]:
        bundle.write_bytes(carried.old.path.read_bytes())
        return started(carried, *words, "-o", bundle)

    return killed_at_random(folder, start, lambda: names[digest(bundle)])


def a_set(carried: Set, folder: Path) -> Counter[str]:
    """Kill a split; the volumes of the run before are removed before each start."""
    joined = folder.with_suffix(".tar")

    def start() -> subprocess.Popen[bytes]:
        for path in folder.glob(f"*{MARK}*"):
            path.unlink()
        return started(carried, "split", carried.new.path, "--size", str(VOLUME), "-o", folder)

    def seen() -> str:
        try:
            volumes = find_volumes([str(folder)])
            assert all(one.volume and not one.error for one in check_volumes(volumes))
            join_volumes(volumes, str(joined))
        except VolumesIncomplete:
            return "incomplete"
        assert digest(joined) == digest(carried.new.path)
        return "new"

    folder.mkdir()
    return killed_at_random(folder, start, seen)


def test_kills_of_patch_join_and_split_leave_nothing_half(carried: Set, tmp_path: Path) -> None:
    patch = ("patch", carried.old.path, carried.delta, "--key", carried.key)
    with ThreadPoolExecutor(3) as pool:
        lanes = [
            pool.submit(one_file, carried, tmp_path / "patch", *patch),
            pool.submit(one_file, carried, tmp_path / "join", "join", carried.volumes),
            pool.submit(a_set, carried, tmp_path / "split"),
        ]
        patched, joined, cut = (lane.result() for lane in lanes)
    assert set(patched) | set(joined) <= {"old", "new", "half done"}
    assert set(cut) <= {"incomplete", "new", "half done"}
    for found in (patched, joined, cut):
        assert found["half done"] > 0, found
        assert found["new"] < KILLS, found
