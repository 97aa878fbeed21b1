"""Every example in the help of build and init can be copied: each comes as far as the engine."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.support.facts import write_facts
from typer.testing import CliRunner

from parity.cli.app import app
from parity.cli.commands import build, init
from parity.errors import EngineUnavailable

PROJECT = """
[project]
name = "myproject"
version = "1.0"
dependencies = ["idna"]
[project.optional-dependencies]
cli = ["click"]
[dependency-groups]
docs = ["sphinx"]
"""


def examples(epilog: str) -> list[str]:
    return re.findall(r"^`parity ((?:build|init) .+?|init)`", epilog, re.MULTILINE)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with what the examples name, and no engine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    (tmp_path / "myproject").mkdir()
    for folder in (tmp_path, tmp_path / "myproject"):
        (folder / "pyproject.toml").write_text(PROJECT)
    for name in ("requirements.txt", "web.txt", "constraints.txt"):
        (tmp_path / name).write_text("idna\n")
    (tmp_path / "plant.yaml").write_text("extends: rhel9-py39\ninstall: {requirements: [idna]}\n")
    write_facts(tmp_path)


def called(words: Sequence[str]) -> object:
    """What became of it: None where all went well."""
    return CliRunner().invoke(app, list(words)).exception


@pytest.mark.parametrize("line", examples(build.EPILOG))
def test_an_example_of_build_comes_as_far_as_the_engine(line: str) -> None:
    assert isinstance(called(shlex.split(line)), EngineUnavailable)


@pytest.mark.parametrize("line", [each for each in examples(init.EPILOG) if each.startswith("init ")])
def test_an_example_of_init_writes_a_profile_that_is_built_next(line: str) -> None:
    words = shlex.split(line)
    Path("plant.yaml").unlink()
    done = CliRunner().invoke(app, words)
    assert done.exception is None
    following = done.stderr.rpartition("next: parity ")[2]
    assert isinstance(called(shlex.split(following)), EngineUnavailable)


def test_there_are_examples_of_every_way_to_say_what_to_build() -> None:
    text = build.EPILOG + init.EPILOG
    for word in ("-r requirements.txt", "-r pyproject.toml", "--extra", "--group", "./myproject", "pandas"):
        assert word in text
    assert len(examples(build.EPILOG)) == build.EPILOG.count("`parity")
