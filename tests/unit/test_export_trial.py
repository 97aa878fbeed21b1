"""The script that tries a finished export's imports, as this machine's Python runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from parity.export.tar_trial import carried, elsewhere
from parity.export.trial_script import TRY

# A module may begin a process that outlives it (a manager of multiprocessing does).
LEAVES = """
import os, time
if not os.fork():
    time.sleep(30)
    os._exit(0)
"""
FLOODS = """
import os
for number in range(3, 20):
    try:
        for _ in range(20):
            os.write(number, b"\\xff" * 65536)
    except OSError:
        pass
"""
ENDS = "import os\nos._exit(0)\n"


def tried(folder: Path, modules: dict[str, str]) -> dict[str, str]:
    for name, code in modules.items():
        (folder / f"{name}.py").write_text(code)
    job = {"mark": "MARK", "prefix": str(folder), "user": os.getuid(), "modules": list(modules)}
    done = subprocess.run(
        [sys.executable, "-c", TRY],
        input=json.dumps({**job, "hidden": "", "own": ""}).encode(),
        env={"PYTHONPATH": str(folder)},
        cwd=folder,
        capture_output=True,
        check=True,
        timeout=20,
    )
    (line,) = [each for each in done.stdout.decode().splitlines() if each.startswith("MARK")]
    found: dict[str, str] = json.loads(line[len("MARK") :])["errors"]
    return found


@pytest.mark.parametrize("more", [{}, {"ends": ENDS}])
def test_a_process_that_a_module_leaves_is_not_waited_for(tmp_path: Path, more: dict[str, str]) -> None:
    begun = time.monotonic()
    found = tried(tmp_path, {"leaves": LEAVES, "plain": "", **more})
    assert time.monotonic() - begun < 10
    assert found == {"leaves": "", "plain": "", **dict.fromkeys(more, "it ended the interpreter")}


def test_what_a_module_writes_into_open_files_is_no_result(tmp_path: Path) -> None:
    assert tried(tmp_path, {"floods": FLOODS, "plain": ""})["plain"] == ""


@pytest.mark.parametrize(
    "prefix", ["/opt/app", "/srv/app", "/srv/parity-elsewhere", "/srv/parity-elsewhere/app"]
)
def test_it_is_moved_out_of_its_place_whatever_that_is(prefix: str) -> None:
    assert not f"{prefix}/".startswith(f"{elsewhere(prefix)}/")
    assert not f"{elsewhere(prefix)}/".startswith(f"{prefix}/")


@pytest.mark.parametrize("prefix", ["/opt/app", "/carried", "/carried/app", "/brought", "/brought/app"])
def test_nothing_is_unpacked_into_what_both_trials_have(prefix: str) -> None:
    for place in (prefix, elsewhere(prefix)):
        assert not f"{place}/".startswith(f"{carried(prefix)}/")
        assert not f"{carried(prefix)}/".startswith(f"{place}/")
