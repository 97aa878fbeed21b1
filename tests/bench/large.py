"""Bundles of any size, packed out of the engine as a build does: one process, whose memory counts.

    python -m tests.bench.large IMAGE-ID MEGABYTES FOLDER

The wheels are sparse files inside a container; the engine streams them in full.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.large import Ballast, large_bundle

from parity.docker_engine import connect
from parity.engine import ContainerSpec, Mount, Network
from parity.engine.guests import small_tar
from parity.model import BundleIdentity
from parity.pack import wheels_in_archive
from parity.sign import generate_key, load_key, save_key

MEGABYTE = 1_000_000
_PARTS = 4


def main(image: str, megabytes: int, folder: Path) -> None:
    """Write `large-2-bench.parity.tar` and the key pair `key`, `key.pub` into the folder."""
    key = generate_key()
    save_key(folder / "key", key)
    ballast = _ballast(megabytes, range(1, _PARTS + 1))
    engine = connect()
    with engine.scratch_volume() as volume:
        spec = ContainerSpec(image, Network.NONE, "bench", mounts=(Mount(volume, "/work", read_only=False),))
        with engine.container(spec) as container:
            container.start()
            container.put("/work", small_tar(_ends(ballast)))
            script = " && ".join(["mkdir /work/set", "cd /work/set", *map(_grown, ballast)])
            if container.exec(["sh", "-c", script]).exit_code != 0:
                raise SystemExit("the files could not be made")
            streams = wheels_in_archive(container.get("/work/set"))
            large_bundle(folder, ballast, key=key, identity=_identity(2), streams=streams)
    engine.close()


def older(megabytes: int, folder: Path) -> Path:
    """Write `large-1-bench.parity.tar`, which has all wheels but one, and one that has gone."""
    key = load_key(folder / "key").key
    return large_bundle(folder, _ballast(megabytes, range(_PARTS)), key=key, identity=_identity(1))


def _ballast(megabytes: int, numbers: range) -> list[Ballast]:
    size = megabytes * MEGABYTE // _PARTS
    return [Ballast(f"large{number}", size) for number in numbers]


def _ends(ballast: list[Ballast]) -> dict[str, bytes]:
    """What comes before and after each wheel's zeros, as files."""
    ends = {f"{one.filename}.before": one.around[0] for one in ballast}
    return {**ends, **{f"{one.filename}.after": one.around[1] for one in ballast}}


def _grown(one: Ballast) -> str:
    """The shell's way from these two to the wheel, its zeros a hole."""
    name, before = one.filename, len(one.around[0])
    grow = f"cp ../{name}.before {name} && truncate -s {before + one.zeros} {name}"
    return f"{grow} && cat ../{name}.after >>{name}"


def _identity(serial: int) -> BundleIdentity:
    return BundleIdentity("large", str(serial), serial, "bench")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
