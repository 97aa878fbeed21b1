"""kill -9 at random moments of an installation: what was there, or what is new, never half of it."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.signed import ALPHA, Signed, alpha, quick_uv, signed

from parity.pack.singlefile import single_file

OLD, NEW = 1, 2
KILLS, ROOMS = 40, 4  # `make attack` kills more
ENVIRONMENT_KILLS = 10


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("single") / "parity-farside.py"
    path.write_text(single_file())
    return path


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Signed]:
    """An old and a new one, installed by a few lines in uv's place: so the moments fall on our own steps."""
    folder = tmp_path_factory.mktemp("bundles")
    uv = quick_uv(folder)
    return {
        serial: signed(
            folder / str(serial),
            alpha(folder / f"w{serial}", f"{serial}.0"),
            serial=serial,
            uv=uv,
            imports=ALPHA,
        )
        for serial in (OLD, NEW)
    }


def command(single: Path, bundle: Signed, *place: str) -> list[str]:
    options = ["--key", str(bundle.public), "--allow-older", *place]
    return [sys.executable, "-I", "-B", str(single), "install", str(bundle.path), *options]


def whole(argv: list[str]) -> float:
    """Run to the end; gives the seconds."""
    begin = time.monotonic()
    subprocess.run(argv, check=True, capture_output=True)
    return time.monotonic() - begin


def killed(argv: list[str], seconds: float) -> bool:
    """Run, and kill -9 it, but not its children, after some time; whether it was still running."""
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(seconds)
        running = process.poll() is None
        process.kill()
    return running


def said_by(environment: Path) -> str:
    """What its program prints: it starts the interpreter, imports and runs."""
    program = environment / "bin" / "alpha"
    return subprocess.run([program], check=True, capture_output=True, text=True).stdout.strip()


def forget_others(prefix: Path) -> None:
    """Remove the releases that are not current, so that the next installation has all its work to do."""
    current = (prefix / "current").resolve()
    for release in (prefix / "releases").iterdir():
        if release != current:
            shutil.rmtree(release, ignore_errors=True)


def kill_in_a_room(single: Path, bundles: dict[int, Signed], prefix: Path, seed: int) -> Counter[str]:
    """Kill installations into one prefix, each bundle in turn, and look at it after each; then once whole."""
    dice, seen = random.Random(seed), Counter[str]()  # noqa: S311
    place = ("--prefix", str(prefix))
    length = whole(command(single, bundles[OLD], *place))
    now = OLD
    for _ in range(KILLS // ROOMS):
        other = NEW if now == OLD else OLD
        forget_others(prefix)
        if not killed(command(single, bundles[other], *place), dice.uniform(0, length * 1.05)):
            seen["came too late"] += 1
        version = said_by(prefix / "current")
        assert version in (f"{now}.0", f"{other}.0")
        seen["new" if version == f"{other}.0" else "old"] += 1
        now = int(float(version))
    whole(command(single, bundles[NEW], *place))
    assert said_by(prefix / "current") == f"{NEW}.0"
    assert sorted(os.listdir(prefix)) == [".parity-prefix", "current", "releases"]
    assert all((each / "parity-receipt.json").exists() for each in (prefix / "releases").iterdir())
    return seen


def test_kills_leave_the_old_release_or_the_new_one(
    tmp_path: Path, single: Path, bundles: dict[int, Signed]
) -> None:
    with ThreadPoolExecutor(ROOMS) as pool:
        rooms = [
            pool.submit(kill_in_a_room, single, bundles, tmp_path / f"p{number}", number)
            for number in range(ROOMS)
        ]
        seen = sum((room.result() for room in rooms), Counter[str]())
    assert seen["old"] + seen["new"] == KILLS
    assert seen["old"] > KILLS // 10, seen


@pytest.mark.long
def test_kills_leave_an_environment_as_it_was_or_new(
    tmp_path: Path, single: Path, bundles: dict[int, Signed]
) -> None:
    venv, dice, now = tmp_path / "venv", random.Random(7), OLD  # noqa: S311
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    place = ("--into", str(venv))
    length = whole(command(single, bundles[OLD], *place))
    for _ in range(ENVIRONMENT_KILLS):
        other = NEW if now == OLD else OLD
        killed(command(single, bundles[other], *place), dice.uniform(0, length * 1.05))
        version = said_by(venv)
        assert version in (f"{now}.0", f"{other}.0")
        now = int(float(version))
    whole(command(single, bundles[NEW], *place))
    assert said_by(venv) == f"{NEW}.0"
    assert os.listdir(tmp_path) == ["venv"]
