"""Which lock counts, for a workspace's package, a script, and a project of another tool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import write_profile
from tests.support.growth import grows_no_faster_than_its_length
from tests.support.targets import DEBIAN11

from parity.errors import InputFileError, ProfileError
from parity.model import ProjectPlan
from parity.model.toml import parse
from parity.profile import load_profile
from parity.project import NO_LOCK, UV_LOCK, check_environments, describe, read_project
from parity.project.groups import group_lines
from parity.project.script import script_block
from parity.project.tomltext import toml_text

MEMBER = "[project]\nname = '{}'\nversion = '1'\ndependencies = ['{}']\n[dependency-groups]\ndev = ['d-{}']\n"
LOCK = """version = 1
requires-python = ">=3.9"
[manifest]
members = ["api", "web"]
[[package]]
name = "api"
version = "1"
source = { editable = "packages/api" }
[[package]]
name = "web"
version = "1"
source = { virtual = "packages/web" }
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    files = {
        "pyproject.toml": "[tool.uv.workspace]\nmembers = ['packages/*']\n",
        "uv.lock": LOCK,
        "packages/api/pyproject.toml": MEMBER.format("Api", "idna", "api"),
        "packages/web/pyproject.toml": MEMBER.format("web", "six", "web"),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_workspace_asks_for_what_all_of_its_packages_do(workspace: Path) -> None:
    project = read_project(ProjectPlan(workspace, groups=("dev",)))
    assert project.which == ["--all-packages"]
    assert project.requested() >= {"idna", "six", "d-api", "d-web"}


@pytest.mark.parametrize("plan", [("", "API"), ("packages/api", "")])
def test_one_package_of_a_workspace_by_its_name_or_folder(workspace: Path, plan: tuple[str, str]) -> None:
    project = read_project(ProjectPlan(workspace / plan[0], groups=("dev",), package=plan[1]))
    assert (project.which, project.lock, project.plan.folder) == (["--package", "api"], UV_LOCK, workspace)
    assert project.requested() >= {"idna", "d-api"}
    assert project.requested().isdisjoint({"six", "d-web"})


def test_a_package_that_is_none_of_the_workspace_is_named(workspace: Path) -> None:
    with pytest.raises(InputFileError, match="no package 'nope'") as caught:
        read_project(ProjectPlan(workspace, package="nope"))
    assert "api, web" in str(caught.value.remedy)


def test_a_folder_that_is_none_of_the_workspace_stands_for_itself(workspace: Path) -> None:
    (workspace / "other").mkdir()
    (workspace / "other" / "pyproject.toml").write_text(MEMBER.format("other", "idna", "x"))
    project = read_project(ProjectPlan(workspace / "other"))
    assert (project.lock, project.which) == (NO_LOCK, [])


@pytest.mark.parametrize(
    ("name", "command"),
    [("poetry.lock", "poetry export"), ("pdm.lock", "pdm export --format pylock -o pylock.toml")],
)
def test_the_lock_of_another_tool_is_exported_by_it(tmp_path: Path, name: str, command: str) -> None:
    (tmp_path / "pyproject.toml").write_text(MEMBER.format("a", "idna", "x"))
    (tmp_path / name).touch()
    with pytest.raises(InputFileError, match=name) as caught:
        read_project(ProjectPlan(tmp_path))
    assert command in str(caught.value.remedy)
    assert read_project(ProjectPlan(tmp_path, lock="none")).lock == NO_LOCK


@pytest.mark.parametrize(
    ("name", "word"), [("Pipfile.lock", "pipenv requirements"), ("environment.yml", "conda")]
)
def test_what_is_no_project_of_ours_says_what_to_do(tmp_path: Path, name: str, word: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(ProfileError) as caught:
        load_profile(write_profile(tmp_path, "p", install={"project": {"path": "."}}))
    assert word in str(caught.value.details)


def test_the_settings_in_uv_toml_travel_and_their_indexes_are_stood_in_for(workspace: Path) -> None:
    (workspace / "uv.toml").write_text("[[index]]\nname = 'corp'\nurl = 'https://x.invalid/simple'\n")
    project = read_project(ProjectPlan(workspace, groups=("dev",)))
    assert "uv.toml" in project.files
    assert describe(project, [], [])["indexes"] == ["corp"]
    (workspace / "uv.toml").write_text("index = 7\n")
    with pytest.raises(InputFileError, match=r"tool\.uv\.index must be a list"):
        read_project(ProjectPlan(workspace))


SCRIPT = '#!/usr/bin/env python\n# /// script\n# dependencies = [\n#   "idna",\n# ]\n#\n# ///\nprint()\n'


@pytest.mark.parametrize("text", [SCRIPT, SCRIPT.replace("\n", "\r\n")])
def test_a_script_says_what_it_needs(tmp_path: Path, text: str) -> None:
    (tmp_path / "tool.py").write_bytes(text.encode())
    project = read_project(ProjectPlan(tmp_path, script="tool.py"))
    assert (project.dependencies(), project.lock, project.is_workable) == (["idna"], NO_LOCK, False)
    assert project.which == ["--script", "tool.py"]


@pytest.mark.parametrize(
    "text", ["", "# /// script\n# a = 1\n", SCRIPT + SCRIPT, "# /// other\n# a = 1\n# ///\n"]
)
def test_a_script_without_its_block_is_refused(text: str) -> None:
    with pytest.raises(InputFileError, match="block"):
        script_block(text, "tool.py")


def test_a_project_and_a_script_exclude_each_other(workspace: Path) -> None:
    (workspace / "tool.py").write_text(SCRIPT)
    install = {"project": {"path": "."}, "script": "tool.py"}
    with pytest.raises(ProfileError) as caught:
        load_profile(write_profile(workspace, "p", install=install))
    assert "one of the two" in str(caught.value.details)


def test_a_lock_is_written_as_it_was_read() -> None:
    text = LOCK + (
        "dependencies = [{ name = 'a\\u007f\"\\\\é', marker = \"x == 'y'\" }]\n"
        "[package.metadata]\nrequires-dist = [{name = 'q', extras = ['z']}]\n[package.dev-dependencies]\n"
        '"a.b" = []\n[[manifest2.x]]\nname = "n"\n'
    )
    assert parse(toml_text(parse(text), frozenset(("source",)))) == parse(text)


def test_a_script_of_beginnings_is_read_in_time() -> None:
    def read(count: int) -> None:
        with pytest.raises(InputFileError, match="no `# /// script` block"):
            script_block("# /// script\n" * count, "tool.py")

    grows_no_faster_than_its_length(read, 25_000)


def test_groups_that_include_each_other_are_read_once_each() -> None:
    """Two includes each would be 2^60 lines; a chain of thousands is no error of ours."""
    twice = {f"g{n}": [{"include-group": f"g{n + 1}"}] * 2 for n in range(60)}
    long = {f"l{n}": [{"include-group": f"l{n + 1}"}] for n in range(5000)}
    groups: Any = {**twice, "g60": ["x", {"include-group": "g0"}], **long, "l5000": ["y"]}
    assert group_lines({"dependency-groups": groups}, ["g0", "l0"]) == ["x", "y"]


def test_a_lock_that_names_a_folder_by_a_name_too_long_is_no_fault_of_ours(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "app"\nversion = "1"\n')
    lock = f'version = 1\n[[package]]\nname = "b"\nversion = "1"\nsource = {{ editable = "{"a" * 6000}" }}\n'
    (tmp_path / "uv.lock").write_text(lock)
    assert read_project(ProjectPlan(tmp_path)).lock == "uv.lock"


def test_the_development_dependencies_of_old_are_a_group_that_stays_here(tmp_path: Path) -> None:
    """uv installs `tool.uv.dev-dependencies` with the group `dev`, unless it is told to leave that out."""
    text = '[project]\nname = "a"\nversion = "1"\n[tool.uv]\ndev-dependencies = ["six"]\n'
    (tmp_path / "uv.lock").write_text("version = 1\n")
    (tmp_path / "pyproject.toml").write_text(text)
    for added, lines in (("", ["six"]), ('[dependency-groups]\nDev = ["idna"]\n', ["idna", "six"])):
        (tmp_path / "pyproject.toml").write_text(text + added)
        project = read_project(ProjectPlan(tmp_path))
        assert (project.groups, [each.lower() for each in project.default_groups]) == ((), ["dev"])
        asked = read_project(ProjectPlan(tmp_path, groups=("dev",)))
        asked.check_names()
        assert asked.group_lines() == lines


@pytest.mark.parametrize(
    ("supported", "fits"),
    [
        ([], True),
        (["sys_platform == 'darwin'", "sys_platform == 'linux'"], True),
        (["sys_platform == 'darwin'"], False),
        (["no marker"], True),
    ],
)
def test_a_lock_for_other_environments_is_refused_before_it_is_built(
    tmp_path: Path, supported: list[str], fits: bool
) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a"\nversion = "1"\n')
    (tmp_path / "uv.lock").write_text(
        f'version = 1\nrequires-python = ">=3.9"\nsupported-markers = {supported}\n'
    )
    project = read_project(ProjectPlan(tmp_path))
    if fits:
        return check_environments(project, DEBIAN11.markers)
    with pytest.raises(InputFileError, match="sys_platform == 'darwin'") as caught:
        check_environments(project, DEBIAN11.markers)
    assert "tool.uv.environments" in caught.value.remedy
    return None


def test_a_pylock_says_its_environments_itself(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a"\nversion = "1"\n')
    head = 'lock-version = "1.0"\ncreated-by = "x"\npackages = []\n'
    (tmp_path / "pylock.toml").write_text(head)
    check_environments(read_project(ProjectPlan(tmp_path)), DEBIAN11.markers)
    (tmp_path / "pylock.toml").write_text(f"{head}environments = [\"sys_platform == 'win32'\"]\n")
    with pytest.raises(InputFileError, match="win32") as caught:
        check_environments(read_project(ProjectPlan(tmp_path)), DEBIAN11.markers)
    assert caught.value.where.endswith("pylock.toml")
