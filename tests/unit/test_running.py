"""Commands inside containers: their own end decides, and what they say has a limit."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from parity.guest.confinement import alone, running

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


def test_what_holds_a_stream_after_the_end_is_not_waited_for(tmp_path: Path) -> None:
    begin = time.monotonic()
    done = running.run(["sh", "-c", "setsid sleep 20 & echo hi; exit 3"], ENVIRONMENT, str(tmp_path), 60)
    assert done == (3, "hi\n", "")
    assert time.monotonic() - begin < 15


def test_of_a_flood_the_end_is_kept(tmp_path: Path) -> None:
    flood = "head -c 50000000 /dev/zero; echo end; echo problem >&2"
    done = running.run(["sh", "-c", flood], ENVIRONMENT, str(tmp_path), 60, keep=1000)
    assert (len(done.stdout), done.stdout[-4:], done.stderr) == (1000, "end\n", "problem\n")


def test_a_command_beyond_its_time_is_ended(tmp_path: Path) -> None:
    begin = time.monotonic()
    assert (
        running.run(["sh", "-c", "sleep 60"], ENVIRONMENT, str(tmp_path), 0.5).exit_code == running.OVERTIME
    )
    assert time.monotonic() - begin < 40


def test_a_command_that_closes_its_streams_is_waited_for(tmp_path: Path) -> None:
    closing = "exec >&- 2>&-; sleep 0.5; exit 4"
    assert running.run(["sh", "-c", closing], ENVIRONMENT, str(tmp_path), 60).exit_code == 4


def test_root_ends_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getuid", lambda: 0)
    monkeypatch.setattr("os.kill", lambda *_: pytest.fail("it killed"))
    alone.end_others()
    assert alone.left_by(1) == []
