"""The carried uv as the far side's tool: what it may leave in a work folder that somebody sweeps."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.support.signed import alpha
from tests.support.unpacked import unpacked, uv_wheel

from parity.farside.install.installers import Uv, Workplace
from parity.portable.bundle.folder import open_folder
from parity.portable.machine.subprocesses import Children


def test_asked_whether_all_fits_it_makes_no_folder_that_was_swept(tmp_path: Path) -> None:
    bundle = open_folder(str(unpacked(tmp_path / "bundle", alpha(tmp_path / "wheels", "1.0"), uv=uv_wheel())))
    work, environment = tmp_path / "work", str(tmp_path / "environment")
    work.mkdir()
    place = Workplace(bundle, Children(str(work), 0), str(work), sys.executable)
    tool, reason = Uv.found(place)
    assert tool is not None, reason
    tool.create(environment)
    shutil.rmtree(work / "cache")
    done = tool.ask(environment)
    assert done.exit_code == 0, done.output
    assert not (work / "cache").exists()
