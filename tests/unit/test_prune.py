"""Pruning beside runs: who waits for whom, and what stays because it is in use."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.support.fake_engine import FakeEngine

from parity.engine import ContainerSpec, ImageInfo, Mount, Network
from parity.engine.workshop import PRUNING, STORE, STORE_VOLUME, beside_pruning
from parity.guest.tasks import cache
from parity.host.cachelock import alone_with_cache, clear_cache, using_cache

IMAGE = ImageInfo("sha256:1", (), "linux/amd64", 1)
WORKSHOP = ContainerSpec(
    "sha256:1", Network.DEFAULT, "workshop", mounts=(Mount(STORE_VOLUME, STORE, read_only=False),)
)
PRUNE = ContainerSpec("sha256:1", Network.NONE, PRUNING)


def ignored() -> None:
    """Nobody is told."""


# --- the engine's store -------------------------------------------------------------------------------


def test_a_run_that_meets_a_pruning_goes_back_and_waits(tmp_path: Path) -> None:
    engine = FakeEngine(tmp_path, images={IMAGE.id: IMAGE}, others=[PRUNE])
    seen: list[int] = []

    def end_it() -> None:
        time.sleep(0.5)
        seen.append(len(engine.containers))  # it must not hold the volume meanwhile
        engine.others.clear()

    thread = threading.Thread(target=end_it)
    thread.start()
    with beside_pruning(engine, WORKSHOP):
        assert not engine.others
    thread.join()
    assert seen == [0]


def test_runs_do_not_wait_for_each_other(tmp_path: Path) -> None:
    engine = FakeEngine(tmp_path, images={IMAGE.id: IMAGE}, others=[WORKSHOP])
    with beside_pruning(engine, WORKSHOP):
        assert len(engine.living(volume=STORE_VOLUME)) == 1


def stored(root: Path, sha256: str, age: float) -> Path:
    path = root / "sha256" / sha256[:2] / sha256
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    members = root / "sets" / sha256
    members.mkdir(parents=True)
    os.link(path, members / "a.whl")
    for each in (path, members):
        os.utime(each, (time.time() - age,) * 2)
    return path


def test_what_a_run_has_used_stays(tmp_path: Path) -> None:
    now = time.time()
    used, unused = stored(tmp_path, "a" * 64, 5), stored(tmp_path, "b" * 64, 500)
    (tmp_path / "uv-cache").mkdir()
    os.utime(tmp_path / "uv-cache", (0, 0))
    job: Any = {"store": str(tmp_path), "do": "prune", "older_than": 0}
    removed = cache.main(job | {"in_use_since": now - 60}, print)
    assert (removed["wheels"], removed["sets"]) == (1, 1)
    assert used.exists()
    assert (tmp_path / "sets" / used.name / "a.whl").exists()
    assert not unused.exists()
    assert (tmp_path / "uv-cache").is_dir()
    assert cache.main(job | {"in_use_since": None}, print)["wheels"] == 1
    assert not (tmp_path / "uv-cache").exists()


def test_prunings_at_once_do_not_trip_over_each_other(tmp_path: Path) -> None:
    for number in range(300):
        stored(tmp_path, f"{number:064x}", 500)
    job: Any = {"store": str(tmp_path), "do": "prune", "older_than": 1, "in_use_since": None}
    removed: list[int] = []
    threads = [
        threading.Thread(target=lambda: removed.append(cache.main(job, print)["wheels"])) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(removed) == 300


# --- this machine's folder ----------------------------------------------------------------------------


def test_clearing_waits_for_those_who_use_the_folder_and_holds_off_new_ones(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "uv").write_text("x")
    code = (
        "import sys, pathlib; from parity.host.cachelock import *\n"
        "with alone_with_cache(pathlib.Path(sys.argv[1]), lambda: print('waits', flush=True)):\n"
        "    clear_cache(pathlib.Path(sys.argv[1])); print('cleared', flush=True); sys.stdin.read()\n"
    )
    with using_cache(tmp_path, ignored), using_cache(tmp_path, ignored):
        process = subprocess.Popen(
            [sys.executable, "-c", code, tmp_path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "waits\n"
        assert (tmp_path / "tools" / "uv").exists()
    assert process.stdout.readline() == "cleared\n"
    assert not (tmp_path / "tools").exists()
    told: list[str] = []
    threading.Timer(0.3, process.communicate).start()
    with using_cache(tmp_path, lambda: told.append("waits")):
        assert process.poll() is not None or told
    assert told == ["waits"]
    process.wait()


def test_nothing_but_the_locks_is_left(tmp_path: Path) -> None:
    (tmp_path / "memory" / "proof").mkdir(parents=True)
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("/etc")
    with alone_with_cache(tmp_path, ignored):
        clear_cache(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["in-use"]


def test_a_folder_that_cannot_be_written_is_used_all_the_same() -> None:
    with using_cache(Path("/proc/none"), ignored):
        pass
