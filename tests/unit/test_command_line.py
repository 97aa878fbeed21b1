"""A call imports its own command alone, and shows of it what the whole command line shows."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from parity.cli import table
from parity.cli.app import app
from parity.cli.table import command_line

NAMES = sorted(name for panel in table._PANELS.values() for name in panel)
LISTING = "import sys, parity.cli.table as t; t.command_line(sys.argv[1]); print(*sys.modules)"


def shown(application: typer.Typer, *words: str) -> str:
    done = CliRunner().invoke(application, words, prog_name="parity", env={"COLUMNS": "100"})
    assert done.exit_code in (0, 2), done.output
    return done.output


@pytest.mark.parametrize("name", NAMES)
def test_a_command_alone_is_the_one_of_the_whole(name: str) -> None:
    assert shown(command_line(name), name, "--help") == shown(app, name, "--help")


@pytest.mark.parametrize("word", ["", "--help", "biuld", "-"])
def test_whoever_names_no_command_sees_them_all(word: str) -> None:
    assert shown(command_line(word), "--help") == shown(app, "--help")


@pytest.mark.parametrize(
    ("name", "not_needed"),
    [
        ("version", {"docker", "cryptography", "jsonschema", "yaml"}),
        ("--version", {"docker", "cryptography", "jsonschema", "yaml"}),
        ("verify", {"docker", "jsonschema", "yaml", "parity.resolve", "parity.rehearse", "parity.update"}),
        ("inspect", {"docker", "jsonschema", "yaml", "parity.resolve", "parity.rehearse", "parity.update"}),
        ("install", {"docker", "requests", "jsonschema", "parity.resolve", "parity.registry"}),
        ("build", {"parity.cli.commands.serving", "parity.cli.commands.init", "asyncio", "parity.update"}),
        ("key", {"docker", "jsonschema"}),
    ],
)
def test_what_a_command_does_not_need_is_not_imported(name: str, not_needed: set[str]) -> None:
    done = subprocess.run([sys.executable, "-c", LISTING, name], capture_output=True, text=True, check=True)
    assert not not_needed & set(done.stdout.split())
