"""The documents cannot drift: what stands in them as code is read by what would run it."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer.main
import yaml
from tests.support.documents import calls_in_blocks, calls_in_prose, code_blocks, known_options, parse_call

from parity.cli.app import app
from parity.cli.shared.reference import reference_pages
from parity.docs import all_pages
from parity.profile import read_engines_file, schema_text

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
PAGES = {page.name: page.text for page in all_pages(reference_pages(typer.main.get_command(app)))}
TEXTS = {"README": README, **PAGES}
SCHEMA: dict[str, Any] = json.loads(schema_text())
# Metavariables of a sentence: `parity COMMAND --help`.
_ANY = {"COMMAND", "ERROR", "…"}
_KINDS = {"sh", "text", "yaml", "json", "python", "dockerfile", "groovy", "toml", ""}


def told(words: list[str]) -> str:
    """What the parser says against a call; nothing where it is taken."""
    try:
        parse_call(words)
    except Exception as error:  # noqa: BLE001 - the parser's errors have no root of ours
        return f"parity {' '.join(words)}: {type(error).__name__} {error}"
    return ""


@pytest.mark.parametrize("name", TEXTS)
def test_each_call_in_a_block_is_one_that_parity_takes(name: str) -> None:
    assert [*filter(None, map(told, calls_in_blocks(TEXTS[name])))] == []


def test_a_call_that_parity_does_not_take_would_be_told() -> None:
    assert "NoSuchOption" in told(["build", "debian12-py311", "--locke"])
    assert "KeyError" in told(["buidl"])
    assert told(["delta", "OLD"])
    assert told(["verify", "BUNDLE", "--threshold", "two"])


@pytest.mark.parametrize("name", TEXTS)
def test_each_call_in_a_sentence_is_of_a_command_with_these_options(name: str) -> None:
    for words in calls_in_prose(TEXTS[name]):
        if _ANY & set(words) or words[0].startswith("-"):
            continue
        given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert given <= known_options(words), f"{name}: parity {' '.join(words)}"


@pytest.mark.parametrize("name", TEXTS)
def test_blocks_are_of_kinds_that_somebody_reads(name: str) -> None:
    assert {block.language for block in code_blocks(TEXTS[name])} <= _KINDS


@pytest.mark.parametrize("name", TEXTS)
def test_shell_blocks_are_shell(name: str) -> None:
    for block in code_blocks(TEXTS[name]):
        if block.language == "sh":
            done = subprocess.run(["sh", "-n"], input=block.text, text=True, capture_output=True, check=False)
            assert done.returncode == 0, f"{name}: {done.stderr}\n{block.text}"


@pytest.mark.parametrize("name", TEXTS)
def test_python_and_json_blocks_are_what_they_say(name: str) -> None:
    for block in code_blocks(TEXTS[name]):
        if block.language == "python":
            ast.parse(block.text)
        elif block.language == "json":
            json.loads(block.text)


def partial(schema: dict[str, Any]) -> dict[str, Any]:
    """The profile's schema for an excerpt: whole keys, but not all that a profile must have."""
    return {key: value for key, value in schema.items() if key not in ("required", "allOf", "anyOf")}


@pytest.mark.parametrize("name", TEXTS)
def test_yaml_blocks_are_profiles_or_pipelines(name: str, tmp_path: Path) -> None:
    for block in code_blocks(TEXTS[name]):
        if block.language != "yaml":
            continue
        document = yaml.safe_load(block.text)
        if name == "how-to/many-engines":  # of engines
            (tmp_path / "engines.yaml").write_text(block.text)
            assert read_engines_file(tmp_path / "engines.yaml")
            continue
        if name.startswith("how-to/git"):  # pipelines, which have schemas of their own
            assert isinstance(document, dict)
            continue
        errors = [
            f"{error.json_path}: {error.message}"
            for error in jsonschema.Draft202012Validator(partial(SCHEMA)).iter_errors(document)
        ]
        assert errors == [], f"{name}\n{block.text}"


def test_there_is_something_to_read() -> None:
    assert sum(len(list(calls_in_blocks(text))) for text in TEXTS.values()) > 45
    assert sum(len(list(calls_in_prose(text))) for text in TEXTS.values()) > 60
