"""Scripts that an installer writes are started for real, whatever their interpreter is called."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from parity.portable.wheel.entrypoints import Launcher
from parity.portable.wheel.launchers import first_line, launcher_text, rewritten


@pytest.mark.parametrize(
    "name", ["plain", "with blanks", "it's", 'say "so"', "$HOME", "back`tick", "a" * 120, "tab\there"]
)
def test_a_script_finds_its_interpreter(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    python = folder / "python"
    python.symlink_to(sys.executable)
    script = tmp_path / "script"
    script.write_bytes(first_line(str(python)) + b"\nimport sys\nprint(sys.argv[1:])\n")
    script.chmod(0o755)
    done = subprocess.run([script, "a b", "c"], capture_output=True, text=True, check=True)
    assert done.stdout == "['a b', 'c']\n"


def test_a_carried_script_gets_it_only_where_it_asks_for_one() -> None:
    assert rewritten(b"#!python\nprint()\n", "/env/bin/python") == b"#!/env/bin/python\nprint()\n"
    assert rewritten(b"#!pythonw -x\r\n", "/env/bin/python") == b"#!/env/bin/python\n"
    for other in (b"#!/bin/sh\necho\n", b"\x7fELF#!python\n", b"", b"#! python\n"):
        assert rewritten(other, "/env/bin/python") == other


@pytest.mark.parametrize("target", ["pkg.mod:Thing.main", "pkg.mod : Thing . main [extra, more]"])
def test_a_launcher_calls_what_the_entry_point_names(tmp_path: Path, target: str) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").touch()
    body = "import sys\nclass Thing:\n    @staticmethod\n    def main(): print(sys.argv[1]); return 3\n"
    (tmp_path / "pkg" / "mod.py").write_text(body)
    script = tmp_path / "launcher.py"
    script.write_bytes(launcher_text(Launcher("thing", target), sys.executable))
    script.chmod(0o755)
    environment = {"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([script, "word"], capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (3, "word\n", "")
