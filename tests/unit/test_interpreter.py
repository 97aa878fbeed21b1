"""The far side's look at an interpreter that is not the one it runs under."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from parity.farside.install.interpreter import measure
from parity.portable.errors import WrongHost

SOURCE = Path(__file__).parents[2] / "src"


def program(folder: Path, text: str) -> str:
    path = folder / "python3"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_an_interpreter_that_prints_lines_when_it_starts_and_ends_is_measured(tmp_path: Path) -> None:
    """As a host's own sitecustomize may, which `-I` does not switch off."""
    plain = measure(program(tmp_path, f'exec {sys.executable} "$@"'), False)
    chatty = program(tmp_path, f'echo "[] welcome"; echo 7; {sys.executable} "$@"; echo bye')
    assert measure(chatty, False) == plain
    assert plain["implementation"] == "cpython"


@pytest.mark.parametrize("said", ["", "7", "{}", '{"ok": true}', '{"ok": true, "facts": []}', "[" * 100000])
def test_what_says_nothing_of_itself_is_no_interpreter(tmp_path: Path, said: str) -> None:
    (tmp_path / "said").write_text(said)
    with pytest.raises(WrongHost, match="does not work"):
        measure(program(tmp_path, f"cat {tmp_path / 'said'}"), False)


def asked(code: str, *words: str) -> str:
    """What the interpreter without any environment says, which runs parity's code."""
    base = os.path.realpath(sys.executable)
    code = f"import sys; sys.path.insert(0, {str(SOURCE)!r})\n{code}"
    done = subprocess.run([base, "-I", "-c", code, *words], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_link_to_the_running_interpreter_is_not_started_and_keeps_its_name(tmp_path: Path) -> None:
    """As `python3.9` beside `python3`, of which an installer runs under the one and asks for the other."""
    link = tmp_path / "bin" / "python3"
    link.parent.mkdir()
    link.symlink_to(os.path.realpath(sys.executable))
    code = """
from parity.farside.install import interpreter
before = interpreter.measure(sys.executable, False)
def refuse(*_words, **_more): raise AssertionError("started")
interpreter.subprocess.run = refuse
found = interpreter.measure(sys.argv[1], False)
print(found == {**before, "executable": sys.argv[1]})
"""
    assert asked(code, str(link)).strip() == "True"


@pytest.mark.parametrize("place", ["bin/pyvenv.cfg", "pyvenv.cfg"])
def test_an_environments_link_to_the_running_interpreter_is_another(tmp_path: Path, place: str) -> None:
    link = tmp_path / "bin" / "python3"
    link.parent.mkdir()
    link.symlink_to(os.path.realpath(sys.executable))
    (tmp_path / place).write_text("home = /usr/bin\n")
    code = "from parity.farside.install.interpreter import is_this; print(is_this(sys.argv[1]))"
    assert asked(code, str(link)).strip() == "False"
