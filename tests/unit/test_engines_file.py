"""A file of engines: what it may say, and that each mistake is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.errors import InputFileError
from parity.model import ServingEngine
from parity.profile import read_engines_file


def test_engines_their_architectures_and_how_many_at_once(tmp_path: Path) -> None:
    file = tmp_path / "engines.yaml"
    file.write_text(
        "engines:\n- engine: default\n  serves: [x86_64, i686]\n"
        "- {engine: 'tcp://10.0.0.5:2376', serves: [aarch64], at-once: 4}\n"
    )
    assert read_engines_file(file) == (
        ServingEngine("default", ("x86_64", "i686"), 2),
        ServingEngine("tcp://10.0.0.5:2376", ("aarch64",), 4),
    )


WRONG = {
    "": 0,
    "engines: []\n": 1,
    "engines:\n- engine: a\n": 2,
    "engines:\n- {engine: a, serves: []}\n": 2,
    "engines:\n- {engine: a, serves: x86_64}\n": 2,
    "engines:\n- {engine: a, serves: [x86_64], at-once: 0}\n": 2,
    "engines:\n- {engine: a, serves: [x86_64], at-once: true}\n": 2,
    "engines:\n- {engine: '-a', serves: [x86_64]}\n": 2,
    "engines:\n- {engine: a, serves: ['X 1']}\n": 2,
    "engines:\n- {engine: a, serves: [x86_64], more: 1}\n": 2,
    "engines:\n- {engine: a, serves: [x86_64]}\n- {engine: a, serves: [x86_64]}\n": 3,
    "- a\n": 1,
    "engines: {a: [}\n": 0,
}


@pytest.mark.parametrize("text", WRONG)
def test_each_mistake_is_told_with_its_line(text: str, tmp_path: Path) -> None:
    file = tmp_path / "engines.yaml"
    file.write_text(text)
    with pytest.raises(InputFileError) as failed:
        read_engines_file(file)
    line = WRONG[text]
    assert failed.value.where == (f"{file}:{line}" if line else str(file))
    assert "engines:" in failed.value.remedy


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="cannot read"):
        read_engines_file(tmp_path / "none.yaml")


def test_a_file_that_cannot_be_read_is_told_by_the_option_that_names_it(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(InputFileError, match="cannot read") as caught:
            read_engines_file(path)
        assert "--scheduler" in caught.value.remedy
