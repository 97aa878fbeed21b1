"""Projects whose pyproject.toml does not say what they require: it is said, nothing is carried instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.cli.shared.words import sort_constraints, sort_files, sort_words
from parity.errors import InputFileError
from parity.model import ProjectPlan
from parity.project import check_told, read_project

BUILD = '[build-system]\nrequires = ["x"]\n'
NAMED = '[project]\nname = "a"\nversion = "1"\n'
POETRY = '[tool.poetry]\nname = "a"\n[tool.poetry.dependencies]\nidna = "^3"\n'


def check(folder: Path, text: str, groups: tuple[str, ...] | None = None) -> None:
    (folder / "pyproject.toml").write_text(text)
    check_told(read_project(ProjectPlan(folder, groups=groups, only_dependencies=True)))


@pytest.mark.parametrize(
    ("text", "says", "remedy"),
    [
        (BUILD + NAMED + 'dynamic = ["dependencies"]\n', "dynamic", "name the project's folder"),
        (BUILD + POETRY, "[tool.poetry]", "name the project's folder"),
        (POETRY, "[tool.poetry]", "`poetry export -o requirements.txt`"),
        (BUILD, "no [project]", "name the project's folder"),
        ("[tool.black]\nline-length = 99\n", "no [project]", "add [project]"),
    ],
)
def test_what_only_a_build_tells_does_not_vanish(tmp_path: Path, text: str, says: str, remedy: str) -> None:
    with pytest.raises(InputFileError) as caught:
        check(tmp_path, text)
    assert says in caught.value.message
    assert caught.value.remedy.startswith(remedy)
    assert caught.value.where == str(tmp_path / "pyproject.toml")


def test_what_the_file_says_is_taken(tmp_path: Path) -> None:
    check(tmp_path, NAMED)
    check(tmp_path, NAMED + 'dependencies = ["idna"]\n' + POETRY)
    check(tmp_path, '[dependency-groups]\nx = ["idna"]\n', groups=("x",))


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("Pipfile", "`pipenv requirements > requirements.txt`, then give it with -r"),
        ("pixi.toml", "conda's packages cannot be carried"),
        ("setup.py", "name the project's folder without -r"),
        ("setup.cfg", "name the project's folder without -r"),
    ],
)
def test_a_file_that_is_no_list_says_how_to_give_it(tmp_path: Path, name: str, remedy: str) -> None:
    (tmp_path / name).write_text("x\n")
    with pytest.raises(InputFileError) as caught:
        sort_files([tmp_path / name])
    assert caught.value.remedy.startswith(remedy)


@pytest.mark.parametrize("told", ["-", "/dev/stdin", "https://files.example/r.txt", "s3://bucket/r.txt"])
def test_a_pipe_and_an_address_are_told_to_become_files(told: str) -> None:
    for sort, option in ((sort_files, "-r"), (sort_constraints, "-c")):
        with pytest.raises(InputFileError, match=r"no file|not from a pipe") as caught:
            sort([Path(told)])
        assert caught.value.remedy.endswith(f"first, and give that with {option}")


def test_a_folder_with_another_tools_lock_says_how_to_give_it(tmp_path: Path) -> None:
    (tmp_path / "Pipfile.lock").write_text("{}")
    with pytest.raises(InputFileError) as caught:
        sort_words(["debian12-py311", f"{tmp_path}/"], "build", [])
    assert caught.value.remedy.startswith("`pipenv requirements --hash")


@pytest.mark.parametrize(("lock", "command"), [("poetry.lock", "poetry export"), ("pdm.lock", "pdm export")])
def test_a_folder_with_the_lock_of_another_tool_is_not_resolved_anew_without_a_word(
    tmp_path: Path, lock: str, command: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(BUILD + POETRY)
    assert sort_words(["debian11-py39", f"{tmp_path}/"], "build").packages
    (tmp_path / lock).write_text("")
    with pytest.raises(InputFileError) as caught:
        sort_words(["debian11-py39", f"{tmp_path}[x]"], "build")
    assert command in caught.value.remedy
    assert "-p " in caught.value.remedy


def test_an_environment_of_condas_is_no_profile_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "env-dev.yaml"
    path.write_text("name: x\nchannels: [conda-forge]\ndependencies:\n  - python=3.11\n")
    with pytest.raises(InputFileError, match="only its own tool reads") as caught:
        sort_files([path])
    assert "conda" in caught.value.remedy
    path.write_text("extends: debian12-py311\n")
    with pytest.raises(InputFileError, match="is a profile"):
        sort_files([path])
