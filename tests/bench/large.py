"""Bundles of any size, packed out of the engine as a build does: one process, whose memory counts.

    python -m tests.bench.large IMAGE-ID MEGABYTES FOLDER

The wheels are sparse files of zeros inside a container; the engine streams them in full.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from parity.docker_engine import connect
from parity.engine import ContainerSpec, Mount, Network
from parity.model import BundleIdentity, Libc, LockedWheel, StoredWheel, Target
from parity.pack import build_manifest, wheel_files, wheels_in_archive, write_bundle
from parity.sign import generate_key, make_sealer, save_key

MEGABYTE = 1_000_000
_PARTS = 4
_TARGET = Target("debian", "11", Libc("glibc", (2, 31)), "3.9", "x86_64")


def main(image: str, megabytes: int, folder: Path) -> None:
    """Write `large-1-bench.parity.tar` and the key pair `key`, `key.pub` into the folder."""
    size = megabytes * MEGABYTE // _PARTS
    sha256 = _sha256_of_zeros(size)
    wheels = [_wheel(number, size, sha256) for number in range(_PARTS)]
    files = wheel_files(wheels)
    manifest = build_manifest(
        target=_TARGET,
        implementation="cpython",
        installer="pip",
        uv=None,
        wheels=wheels,
        imports=[],
        allow=[],
        files=files,
    )
    identity = BundleIdentity("large", "1", 1, "bench")
    key = generate_key()
    save_key(folder / "key", key)
    engine = connect()
    with engine.scratch_volume() as volume:
        spec = ContainerSpec(image, Network.NONE, "bench", mounts=(Mount(volume, "/work", read_only=False),))
        with engine.container(spec) as container:
            container.start()
            names = " ".join(wheel.locked.filename for wheel in wheels)
            script = f"mkdir /work/set && cd /work/set && truncate -s {size} {names}"
            if container.exec(["sh", "-c", script]).exit_code != 0:
                raise SystemExit("the files could not be made")
            stream = wheels_in_archive(container.get("/work/set"))
            seal = make_sealer([key], identity, "0" * 64)
            write_bundle(folder, identity, manifest, files, stream, seal)
    engine.close()


def _sha256_of_zeros(size: int) -> str:
    digest = hashlib.sha256()
    for done in range(0, size, MEGABYTE):
        digest.update(bytes(min(MEGABYTE, size - done)))
    return digest.hexdigest()


def _wheel(number: int, size: int, sha256: str) -> StoredWheel:
    filename = f"large{number}-1-py3-none-any.whl"
    url = f"https://index.invalid/{filename}"
    locked = LockedWheel(f"large{number}", "1", filename, url, sha256, size, requested=True)
    return StoredWheel(locked, size)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
