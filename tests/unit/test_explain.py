"""`parity explain`, `help` and `version`: every error has a page, and its commands are there."""

from __future__ import annotations

import inspect
import json
import re

import pytest
from typer.testing import CliRunner, Result

import parity.errors
import parity.portable.errors
from parity import __version__
from parity.cli.app import app
from parity.docs import ErrorPage, error_pages
from parity.errors import RootError

_WIDE = {"COLUMNS": "200"}
_ROOTS = ("RootError", "FarsideError")


def run_cli(*words: str) -> Result:
    return CliRunner().invoke(app, [*words], env=_WIDE)


def errors() -> dict[str, int]:
    """Every error that a user can meet."""
    found = [
        each
        for module in (parity.errors, parity.portable.errors)
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, RootError) and each.__name__ not in _ROOTS
    ]
    return {each.__name__: each.exit_code for each in found}


def test_every_error_has_a_page_and_every_page_an_error() -> None:
    pages = {page.name: page.code for page in error_pages()}
    assert pages.pop("UsageError") == 2
    assert pages == errors()


@pytest.mark.parametrize("page", error_pages(), ids=lambda page: page.name)
def test_the_commands_of_a_page_exist(page: ErrorPage) -> None:
    for line in re.findall(r"`parity ([^`]+)`", f"{page.do} {page.example}"):
        words = line.split()
        command = words[1] if words[0] == "help" else words[0]
        if command == "COMMAND":
            continue
        done = run_cli("help", command)
        assert done.exit_code == 0, line
        for option in re.findall(r"--[a-z-]+", line):
            assert option in done.stdout, line


def test_an_error_is_found_by_code_and_by_name() -> None:
    told = [run_cli("explain", word).stdout for word in ("41", "NoWheel", "nowheel")]
    assert told[0] == told[1] == told[2]
    assert "exit code 41" in told[0]
    assert "What to do" in told[0]
    row = json.loads(run_cli("explain", "41", "--json").stdout)["errors"]
    assert [(each["code"], each["name"]) for each in row] == [(41, "NoWheel")]


def test_a_slip_is_told_what_was_meant() -> None:
    for words, meant in ((("explain", "NoWheels"), "NoWheel"), (("help", "biuld"), "build")):
        done = run_cli(*words)
        assert done.exit_code == 2
        assert f"did you mean {meant}?" in done.stderr


def test_help_shows_what_the_option_shows() -> None:
    assert "parity key trust" in run_cli("help", "key", "trust").stdout
    assert "<bool>" not in run_cli("help", "build").stdout + run_cli("--help").stdout
    assert run_cli("version").stdout == f"parity {__version__}\n" == run_cli("--version").stdout
