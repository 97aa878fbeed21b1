"""Sources whose build leaves processes behind, or fills the engine's disk: their own failure, at once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.support.cli import Parity, containers_left_by, write_profile
from tests.support.index import PackageIndex
from tests.support.sources import make_sdist

pytestmark = pytest.mark.engine

LEAVES = """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for pid in (int(n) for n in os.listdir('/proc') if n.isdigit()):
        try:
            door = os.open('/proc/%d/fd/1' % pid, os.O_WRONLY | os.O_NONBLOCK)
            os.write(door, b'\\\\n{"event": "result", "result": {"error": "forged"}}\\\\n')
        except OSError:
            pass
    time.sleep(3000)
    os._exit(0)
print('x' * 50_000_000)
"""
FILLS = """
import os
os.mkdir('hidden', 0o700)
with open('hidden/full', 'wb') as file:
    for _ in range(4000):
        file.write(b'z' * 1_000_000)
        file.flush()
        import time; time.sleep(0.02)
"""


def profile(folder: Path, index: PackageIndex, **rehearsal: str) -> Path:
    indexes = [{"name": "local", "url": index.url, "packages": ["evil"]}]
    install = {"requirements": ["evil"], "files": [], "build-from-source": ["evil"]}
    return write_profile(folder, "own", install=install, indexes=indexes, rehearsal=rehearsal)


@pytest.mark.long
def test_a_build_ends_when_it_has_ended_whoever_it_left_running(
    parity: Parity, index: PackageIndex, tmp_path: Path
) -> None:
    make_sdist(index.wheels, "evil", "1.0", LEAVES)
    begin = time.monotonic()
    done = parity.build(profile(tmp_path, index), tmp_path)
    assert done.code == 0, done.stdout + done.stderr
    assert time.monotonic() - begin < 600
    assert containers_left_by(done) == []


def test_a_build_that_writes_without_end_is_ended(
    parity: Parity, index: PackageIndex, tmp_path: Path
) -> None:
    make_sdist(index.wheels, "evil", "1.0", FILLS)
    done = parity.build(profile(tmp_path, index, disk="300MiB"), tmp_path)
    assert (done.code, done.error["kind"]) == (49, "BuildFailed")
    assert "it wrote more than 300 MiB" in done.error["message"]
    assert "`disk` under `rehearsal`" in done.error["remedy"]
    assert containers_left_by(done) == []
