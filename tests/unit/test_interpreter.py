"""The far side's look at an interpreter that is not the one it runs under."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from parity.farside.install.interpreter import measure
from parity.portable.errors import WrongHost


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
