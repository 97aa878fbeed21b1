"""What packages say is no command of the pipeline in whose log it stands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rich.text import Text

from parity.cli.shared import output
from parity.errors import BuildFailed

WORDS = ("::stop-commands::x", "\t ::add-mask::root", "noise ##[set-output name=bundles]x", "##vso[task.x]y")


@pytest.fixture(params=["GITHUB_ACTIONS", "TF_BUILD", ""])
def host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("GITHUB_ACTIONS", "TF_BUILD"):
        monkeypatch.delenv(name, raising=False)
    if request.param:
        monkeypatch.setenv(request.param, "true")
    return str(request.param)


def commands(text: str) -> list[str]:
    """The lines that GitHub's or Azure's runner would obey."""
    return [
        line
        for line in text.splitlines()
        if line.strip().startswith("::") or "##[" in line or "##vso[" in line
    ]


def test_an_errors_words_are_none(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    output.show_error(BuildFailed("it said:\n" + "\n".join(WORDS), details=WORDS, remedy=WORDS[0]))
    output.stderr().print(Text(WORDS[0]), soft_wrap=True)
    output.stdout().print(WORDS[0], style="bold")
    output.write_lines(WORDS)
    output.write_note(WORDS[0])
    shown = capsys.readouterr()
    told = commands(shown.out + shown.err)
    assert told == [] if host else len(told) > len(WORDS)
    assert "add-mask" in shown.err


def test_a_document_is_the_same_and_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    document: dict[str, Any] = {"warnings": list(WORDS), "##[x]": "###"}
    output.print_json(document)
    told = capsys.readouterr().out
    assert json.loads(told) == document
    assert commands(told) == []


def test_annotations_are_commands(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    output.write_lines(["::error title=x::y"], commands=True)
    assert commands(capsys.readouterr().out) == ["::error title=x::y"]
