"""The README cannot drift: its table of exit codes and its commands are held against the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from parity import errors
from parity.cli.app import app
from parity.portable import errors as farside

README = (Path(__file__).parents[2] / "README.md").read_text()
ROWS = re.findall(r"^\| (\d+) \| `(\w+)` \| (.+?) \|$", README, re.MULTILINE)


BLOCKS = "\n".join(re.findall(r"^```(?:sh|text)\n(.*?)^```", README, re.MULTILINE | re.DOTALL))
CALLS = re.findall(r"^(?:\$ )?parity (\w+.*?)(?:\s+#.*)?$", BLOCKS, re.MULTILINE)
ROOTS = (errors.ParityError, farside.FarsideError)


def kinds() -> dict[str, tuple[int, str]]:
    """Every error's exit code and the first line of what it says of itself."""
    found = {}
    for module in (errors, farside):
        for name, value in vars(module).items():
            own = isinstance(value, type) and value.__module__.startswith(module.__name__)
            if own and issubclass(value, ROOTS) and value not in ROOTS:
                found[name] = (value.exit_code, (value.__doc__ or "").strip().splitlines()[0])
    return found


def test_the_table_of_exit_codes_is_the_code() -> None:
    table = {name: (int(code), text) for code, name, text in ROWS}
    expected = {name: (code, text.rstrip(".")) for name, (code, text) in kinds().items()}
    assert table == expected
    assert [int(code) for code, _, _ in ROWS] == sorted(code for code, _ in expected.values())


def commands() -> dict[str, Any]:
    group = typer.main.get_command(app)
    return dict(group.commands)  # type: ignore[attr-defined]


def test_every_command_of_the_readme_exists() -> None:
    mentioned = {call.split()[0] for call in CALLS} | set(re.findall(r"`parity (\w+)", README))
    assert mentioned - {"COMMAND"} <= set(commands())
    assert len(mentioned) > 8


@pytest.mark.parametrize("call", CALLS)
def test_every_option_of_the_readme_exists(call: str) -> None:
    command = commands()[call.split(maxsplit=1)[0]]
    known = {option for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"(?<=\s)(--?[a-z][a-z-]*)", call)) <= known
