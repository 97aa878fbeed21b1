"""A signal between any two lines of opening a prefix: what was not there before is gone afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from parity.farside.install import prefix as prefixes
from parity.farside.install.prefix import open_prefix


class _After:
    """Raises KeyboardInterrupt at the nth line of opening; `ended` where it was open before that."""

    def __init__(self, line: int) -> None:
        self.left = line
        self.ended = False

    def __call__(self, frame: FrameType, event: str, _argument: object) -> Any:
        if frame.f_code is not prefixes._open_prefix.__code__:
            return None
        if event == "line" and not self.ended:
            self.left -= 1
            if self.left == 0:
                self.ended = True
                raise KeyboardInterrupt
        return self


def _interrupted(path: Path, line: int) -> bool:
    after, before = _After(line), sys.gettrace()
    sys.settrace(after)
    try:
        with open_prefix(str(path)):
            after.ended = True
            sys.settrace(before)
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("depth", ["app", "opt/app"])
def test_a_signal_while_a_prefix_is_opened_leaves_nothing(tmp_path: Path, depth: str) -> None:
    line = 1
    while _interrupted(tmp_path / depth, line):
        assert os.listdir(tmp_path) == [], f"after line {line}"
        line += 1
    assert line > 8


def test_what_another_installation_has_made_meanwhile_is_not_ours_to_remove(tmp_path: Path) -> None:
    inner, outer = str(tmp_path / "opt" / "app"), str(tmp_path / "opt")
    missing = prefixes._missing_folders(inner)
    assert missing == [inner, outer]
    os.mkdir(outer)
    prefixes._make_folders(missing)
    assert missing == [inner]
    prefixes._unmake_folders(missing)
    assert os.listdir(tmp_path) == ["opt"]


def test_a_signal_while_a_prefix_that_is_there_is_opened_leaves_no_work(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    line = 1
    while _interrupted(tmp_path / "app", line):
        assert not list((tmp_path / "app").glob(".work-*")), f"after line {line}"
        line += 1
    assert line > 8


PROGRAM = """
import sys, time
from parity.farside.install.prefix import open_prefix
while time.time() < float(sys.argv[2]):
    pass
with open_prefix(sys.argv[1]):
    pass
"""


def test_installations_that_come_to_nothing_take_nothing_from_each_other(tmp_path: Path) -> None:
    words = [str(tmp_path / "opt" / "app"), str(time.time() + 1.5)]
    begun = [subprocess.Popen([sys.executable, "-c", PROGRAM, *words]) for _ in range(6)]
    assert [process.wait() for process in begun] == [0] * 6
    # An empty prefix may stay: who waited for the lock is not the one who made the folder.
    assert not list(tmp_path.rglob(".work-*"))
