"""Builds that are killed (kill -9), one after the other, and what they may leave."""

from __future__ import annotations

import hashlib
import itertools
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.faults import User, finish, in_store, owned_by, side_by_side
from tests.support.index import PackageIndex, gateway, tiny_wheel

from parity.docker_engine import DockerEngine
from parity.model import PinnedImage
from parity.portable.bundle.reader import open_bundle, verify_bundle
from parity.resolve import read_lock
from parity.sign import load_public_key, make_checker

LANES = 4
_HASHES = "cd /store/sha256 && for each; do test ! -e ??/$each || sha256sum ??/$each; done"
_FORGET = "cd /store && for each; do rm -f ??*/??/$each partial/$each; done"


class Lane:
    """A user whose builds are killed, one after the other; each build has a serial and a set of its own."""

    def __init__(self, folder: Path, index: PackageIndex) -> None:
        self.user = User(folder, index.url, "alpha")
        self.killed: list[int] = []
        self.left: list[str] = []
        self.seconds = 0.0
        self.serial = 0
        self.locked = {"alpha"}

    def build(self, serial: int) -> None:
        """Build to the end; the bundle is the new one, nothing of killed runs is left."""
        done = finish(self.start(serial))
        assert done.code == 0, done.output
        self.seconds = self.seconds or done.seconds
        self.check(serial)
        assert self.serial == serial
        assert [left for pid in (*self.killed, done.pid) for left in self.user.leftovers(pid)] == []

    def kill(self, serial: int, moment: float) -> None:
        """Kill a build at a moment, given as a share of what a whole one takes."""
        process = self.start(serial)
        time.sleep(moment * self.seconds)
        process.kill()
        finish(process)
        self.killed.append(process.pid)
        self.left += owned_by(process.pid)
        self.check(serial)

    def start(self, serial: int) -> subprocess.Popen[str]:
        wanted = self.user.folder / f"{serial}.txt"
        wanted.write_text(f"alpha\nextra{serial}\n")
        return self.user.start_build(
            "--fresh", "-r", str(wanted), "--product", "demo", "--serial", str(serial)
        )

    def check(self, serial: int) -> None:
        """The bundle and the lock are whole; each is as it was or as this run makes it."""
        key = load_public_key(self.user.folder / "parity/config/keys/parity.key.pub")
        with open_bundle(str(self.user.bundle)) as file:
            bundle = verify_bundle(file, make_checker([key]))
        assert bundle.statement.serial in (self.serial, serial)
        self.serial = bundle.statement.serial
        names = {package["name"] for package in bundle.manifest.document["packages"]}
        assert names == {"alpha", f"extra{self.serial}"}
        lock = read_lock(self.user.lock)
        assert lock is not None
        locked = {wheel.name for wheel in lock.wheels}
        assert locked in (self.locked, {"alpha", f"extra{serial}"})
        self.locked = locked


def _lane_of(lane: Lane, moments: list[float], number: int) -> Callable[[], None]:
    """One build, some that are killed, and one more; serials that no other lane has."""

    def run() -> None:
        serials = itertools.count(number + 1, LANES)
        lane.build(next(serials))
        for moment in moments:
            lane.kill(next(serials), moment)
        lane.build(next(serials))

    return run


def kill_builds(engine: DockerEngine, image: PinnedImage, folder: Path, kills: int) -> list[str]:
    """Kill so many builds, spread over all of a build's time, four users at once; each ends with a whole one.

    Returns:
        the kinds of containers and volumes that were left behind, and swept by a later build.

    Raises:
        AssertionError: a bundle, a lock or the store is neither old nor new, or something stays.
    """
    wheels = folder / "wheels"
    for name in ("alpha", *(f"extra{serial}" for serial in range(1, kills + 3 * LANES + 1))):
        tiny_wheel(wheels, name, padding=20_000)
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in wheels.iterdir()]
    in_store(engine, image.id, _FORGET, *digests)  # as earlier runs left it
    with PackageIndex(wheels, host=gateway()) as index:
        lanes = [Lane(folder / f"lane{n}", index) for n in range(LANES)]
        moments = [(n + random.random()) / kills for n in range(kills)]  # noqa: S311
        random.shuffle(moments)
        side_by_side({str(n): _lane_of(lanes[n], moments[n::LANES], n) for n in range(LANES)})
    assert sum(len(lane.killed) for lane in lanes) == kills
    for line in in_store(engine, image.id, _HASHES, *digests).splitlines():
        found, path = line.split()
        assert path.endswith(found)
    in_store(engine, image.id, _FORGET, *digests)
    return [name.lstrip("/").split("-")[1] for lane in lanes for name in lane.left]
