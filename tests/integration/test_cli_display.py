"""What a person sees while a build runs: a live board on a terminal, plain lines in a pipe."""

from __future__ import annotations

import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from fcntl import ioctl
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import ESCAPE, Parity, written_environment

pytestmark = pytest.mark.engine

STAGES = ("image", "probe", "resolve", "fetch", "audit", "rehearse", "pack")
COLOUR = re.compile(r"\x1b\[[0-9;]*[1-9][0-9;]*m")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_a_terminal(parity: Parity, *words: str | Path, env: Mapping[str, str]) -> tuple[int, str]:
    """Run the command on a terminal of its own, 120 columns wide; gives exit code and all it wrote."""
    main, terminal = pty.openpty()
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
    environment = {**written_environment(parity.home), "TERM": "xterm-256color", **env}
    del environment["COLUMNS"]
    command = [sys.executable, "-m", "parity", *[str(word) for word in words]]
    with subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment, cwd=parity.home
    ) as process:
        os.close(terminal)
        written = b"".join(iter(lambda: _read(main), b""))
        code = process.wait(120)
    os.close(main)
    return code, written.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # EIO: the other side has been closed
        return b""


def words_for(small: dict[str, Any]) -> tuple[str | Path, ...]:
    folder = Path(small["bundle"]).parent
    options = ("-r", folder / "small.txt", "-o", folder, "--lock", folder / "pylock.toml")
    return ("build", "debian11-py39", *options)


def test_a_terminal_shows_every_stage_with_its_time_and_a_summary(
    parity: Parity, small: dict[str, Any]
) -> None:
    code, written = on_a_terminal(parity, *words_for(small), "--fresh", env={})
    assert code == 0, written
    assert COLOUR.search(written)
    assert "\x1b[?25l" in written  # the cursor is hidden while the board is live
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")  # and comes back
    text = CONTROL.sub("", written)
    for stage in STAGES:
        assert re.search(rf"✓\s+{stage}\b.*\d+\.\d s", text), stage
    for spinning in ("importing every module", "installing with the bundle's own installer"):
        assert spinning in text
    assert "debian11-py39 is ready to carry" in text
    assert small["payload_sha256"] in text


def test_a_terminal_without_colours_stays_without(parity: Parity, small: dict[str, Any]) -> None:
    code, written = on_a_terminal(parity, *words_for(small), env={"NO_COLOR": "1"})
    assert code == 0
    coloured = [each for each in COLOUR.findall(written) if re.search(r"(?:^|[\[;])(?:3|4|9|10)[0-7]", each)]
    assert coloured == []
    assert "is ready to carry" in written


def test_a_failure_on_a_terminal_is_marked_and_the_reason_stays_on_the_screen(
    parity: Parity, small: dict[str, Any], tmp_path: Path
) -> None:
    wanted = tmp_path / "none.txt"
    wanted.write_text("no-such-package-as-this-one-7391\n")
    options = ("-r", wanted, "-o", tmp_path, "--lock", tmp_path / "pylock.toml")
    code, written = on_a_terminal(parity, "build", "debian11-py39", *options, env={})
    assert code == 40
    text = CONTROL.sub("", written)
    assert re.search(r"✗\s+resolve", text)
    assert "error: " in text[text.rindex("resolve") :]
    assert "no-such-package-as-this-one-7391" in text


def test_a_pipe_gets_plain_lines_and_only_the_summary_on_stdout(
    parity: Parity, small: dict[str, Any]
) -> None:
    done = parity.run(*words_for(small), env={"TERM": "xterm-256color"})
    assert done.code == 0
    assert ESCAPE not in done.stdout + done.stderr
    began = [line.partition(": ")[2] for line in done.stderr.splitlines()]
    assert [stage for stage in STAGES if stage in {line.partition(":")[0] for line in began}] == list(STAGES)
    assert done.stdout.strip().startswith("debian11-py39 is ready to carry")
    assert "ready to carry" not in done.stderr


def test_verbose_tells_every_wheel_and_import_and_stays_plain_on_a_terminal(
    parity: Parity, small: dict[str, Any]
) -> None:
    code, written = on_a_terminal(parity, *words_for(small), "--verbose", env={})
    assert code == 0
    for package in small["packages"]:
        assert package["wheel"] in written
    assert "pyyaml: import yaml: works" in written
    assert "\x1b[?25l" not in written
