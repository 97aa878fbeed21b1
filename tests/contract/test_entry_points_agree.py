"""The scripts that the judge reads out of entry_points.txt are those that pip and uv write."""

from __future__ import annotations

import csv
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.contract.test_installers_agree import by_pip, by_uv
from tests.support.entry_texts import random_text
from tests.support.wheels import WheelParts

from parity.portable.wheel.entrypoints import read_launchers
from parity.portable.wheel.wheel import judge

_COUNT = 60
Scripts = Mapping[str, set[str]]


def accepted(folder: Path, count: int) -> dict[Path, set[str]]:
    """Wheels with texts at random that the judge accepts, and the scripts that it reads in each."""
    dice = random.Random(11)  # noqa: S311
    found: dict[Path, set[str]] = {}
    number = 0
    while len(found) < count:
        number += 1
        text = random_text(dice, number)
        parts = WheelParts(f"evil{number}", "1.0", files={}, entry_points=text)
        path = folder / parts.filename
        path.write_bytes(parts.data())
        if not judge(str(path)).findings and "scripts" in text:
            found[path] = {launcher.name for launcher in read_launchers(text.encode())}
    return found


def written(environment: Path) -> Scripts:
    """The scripts of each project, as RECORD tells them and as they lie in `bin`."""
    found = {}
    for record in environment.glob("lib/python*/site-packages/evil*.dist-info/RECORD"):
        rows = [row[0].rpartition("/bin/") for row in csv.reader(record.read_text().splitlines())]
        names = {name for _, sign, name in rows if sign}
        assert all((environment / "bin" / name).is_file() for name in names)
        found[record.parent.name.partition("-")[0]] = names
    return found


@pytest.mark.parametrize("install", [pytest.param(by_pip, marks=pytest.mark.long), by_uv], ids=["pip", "uv"])
def test_they_write_the_scripts_that_the_judge_reads(tmp_path: Path, install: object) -> None:
    assert callable(install)
    wheels = accepted(tmp_path, _COUNT)
    assert sum(len(names) for names in wheels.values()) > _COUNT / 2
    environment = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    before = set((environment / "bin").iterdir())
    install(environment, list(wheels))
    expected = {path.name.partition("-")[0]: names for path, names in wheels.items()}
    assert written(environment) == expected
    made = {path.name for path in set((environment / "bin").iterdir()) - before}
    assert made == set().union(*expected.values())


READ_BY_SOME = {
    "one": "[console_scripts]]\nfirst = evil:main\n",
    "two": "[other]\nx = y\n  [console_scripts]\n  second = evil:main\n",
    "three": "[console_scripts]\nnamed third = evil:main\n",
}


def test_what_the_judge_refuses_pip_would_write(tmp_path: Path) -> None:
    """To configparser the first two hold no scripts, and the third one another."""
    wheels = []
    for name, text in READ_BY_SOME.items():
        parts = WheelParts(name, "1.0", files={}, entry_points=text)
        wheels.append(tmp_path / parts.filename)
        wheels[-1].write_bytes(parts.data())
        assert {each.kind for each in judge(str(wheels[-1])).findings} == {"entry-point-invalid"}
    environment = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    by_pip(environment, wheels)
    made = {path.name.strip() for path in (environment / "bin").iterdir()}  # newer pips keep a blank of it
    assert made >= {"first", "second", "third"}
