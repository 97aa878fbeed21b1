"""What every command says of itself: held against golden texts, so that no word changes unseen.

The goldens are our own rendering of the commands, not typer's, whose layout changes with its
version. `python -m tests.unit.test_cli_help` writes them anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from parity.cli.app import app
from parity.cli.shared.complete import profiles

_NOT_OURS = ("help", "install_completion", "show_completion")  # typer's own words
GOLDEN = Path(__file__).parent / "golden" / "help"


def commands() -> Iterator[tuple[str, Any]]:
    """Every command and group by its words, `parity` first."""
    yield from _below("parity", typer.main.get_command(app))


def _below(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from _below(f"{words} {name}", inner)


COMMANDS = dict(commands())


def rendered(words: str) -> str:
    """A command's help as plain text: what it does, what it takes, examples."""
    command = COMMANDS[words]
    lines = [words, "", *_text(command.help), ""]
    lines += [_parameter(each) for each in command.params if each.name not in _NOT_OURS]
    lines += [f"{name}: {' '.join(_text(inner.help))}" for name, inner in _inner(command)]
    lines += ["", *_text(command.epilog)] if command.epilog else []
    return "\n".join(lines).strip() + "\n"


def _inner(command: Any) -> list[tuple[str, Any]]:
    return list(getattr(command, "commands", {}).items())


def _text(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").strip().splitlines() if line.strip()]


def _parameter(parameter: Any) -> str:
    names = ", ".join(parameter.opts) if parameter.opts[0].startswith("-") else parameter.metavar
    value = parameter.metavar if parameter.opts[0].startswith("-") and parameter.metavar else ""
    marks = ["required"] if parameter.required else []
    marks += ["repeatable"] if getattr(parameter, "multiple", False) or parameter.nargs == -1 else []
    default = parameter.default
    if default not in (None, False, "") and not callable(default) and "Sentinel" not in repr(default):
        marks.append(f"default {default}")
    return " ".join(
        part for part in (f"  {names}", value, f"[{', '.join(marks)}]" if marks else "") if part
    ) + (f": {parameter.help}")


def file_of(words: str) -> Path:
    return GOLDEN / f"{words.replace(' ', '-')}.txt"


@pytest.mark.parametrize("words", COMMANDS)
def test_help_is_as_agreed(words: str) -> None:
    assert rendered(words) == file_of(words).read_text()


def test_there_is_a_golden_for_every_command_and_no_other() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {file_of(words).name for words in COMMANDS}


@pytest.mark.parametrize("words", COMMANDS)
def test_help_is_printed_plain_in_a_pipe_and_within_the_width(words: str) -> None:
    environment = {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1", "_TYPER_FORCE_DISABLE_TERMINAL": "1"}
    done = CliRunner().invoke(app, [*words.split()[1:], "--help"], env=environment, prog_name="parity")
    assert done.exit_code == 0
    assert "\x1b" not in done.output
    assert all(len(line) <= 100 for line in done.output.splitlines())
    shown = re.sub(r"[\s│]+", " ", done.output)
    for parameter in COMMANDS[words].params:
        for option in parameter.opts if parameter.opts[0].startswith("-") else [parameter.metavar]:
            assert option in shown


def shown_at_80(words: str) -> str:
    environment = {"COLUMNS": "80", "TERM": "dumb", "NO_COLOR": "1", "_TYPER_FORCE_DISABLE_TERMINAL": "1"}
    return CliRunner().invoke(app, [*words.split()[1:], "--help"], env=environment, prog_name="parity").output


@pytest.mark.parametrize("words", COMMANDS)
def test_help_has_no_types_of_our_code_and_nothing_is_cut_at_80_columns(words: str) -> None:
    shown = shown_at_80(words)
    assert not re.search(r"<[A-Za-z\[\]|. ]+>|\[\[|\{|…", shown)
    assert all(len(line) <= 80 for line in shown.splitlines() if not line.startswith("   "))


@pytest.mark.parametrize("words", COMMANDS)
def test_each_example_stands_on_a_line_of_its_own_to_be_copied(words: str) -> None:
    lines = shown_at_80(words).splitlines()
    for command in re.findall(r"^`([^`]+)`", COMMANDS[words].epilog or "", re.MULTILINE):
        assert f"   {command}" in lines


@pytest.mark.parametrize("words", COMMANDS)
def test_every_paragraph_below_help_is_an_example_or_a_sentence(words: str) -> None:
    for paragraph in (COMMANDS[words].epilog or "").strip().split("\n\n"):
        assert not paragraph.startswith("Example")
        assert paragraph.startswith("`") or paragraph.count("`") == 0


@pytest.mark.parametrize("words", [each for each in COMMANDS if not _inner(COMMANDS[each])])
def test_every_command_shows_an_example_of_itself(words: str) -> None:
    without = {"parity cache info", "parity key list"}  # nothing to choose from
    epilog = COMMANDS[words].epilog or ""
    assert words in without or words in epilog or words.split()[1] in epilog


def test_names_of_profiles_are_completed() -> None:
    assert profiles("debian1") == ["debian11-py39", "debian12-py311", "debian13-py313"]
    assert "rhel9-py39" in profiles("")
    assert profiles("zz") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_gets_completions_for_commands_and_profiles(shell: str) -> None:
    environment = {
        "_PARITY_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "parity build debian12",
        "COMP_CWORD": "2",
        "_TYPER_COMPLETE_ARGS": "parity build debian12",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = CliRunner().invoke(app, [], env=environment, prog_name="parity")
    assert "debian12-py311" in done.output
    assert "debian11" not in done.output


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for words in COMMANDS:
        file_of(words).write_text(rendered(words))
