"""The lock that the bundle carries for the far side, as the real uv reads it: nothing is left to resolve."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.projects import make_project, uv, uv_program

from parity.farside.project.wheelhouse import environment
from parity.farside.project.wheelhouse_lock import located
from parity.model import LockedWheel, ProjectPlan
from parity.model.toml import parse
from parity.portable.names import normalize_name
from parity.project import Project, read_project
from parity.project.wheelhouse_lock import wheelhouse_lock

NUMBERS = """
[project]
name = "app"
version = "1"
requires-python = ">=3.9"
dependencies = ["idna", "requests==2.31.0", "numpy"]

[project.optional-dependencies]
"more" = ["six", "attrs>=20 ; python_version < '3.12'"]

[dependency-groups]
dev = ["iniconfig", {include-group = "docs"}]
docs = ["markupsafe"]

[tool.uv]
override-dependencies = ["idna==2.2"]
constraint-dependencies = ["six<2"]
exclude-newer = "2026-06-01"
conflicts = [[{extra = "more"}, {group = "docs"}]]

[[tool.uv.dependency-metadata]]
name = "certifi"
requires-dist = []
"""


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    (tmp_path / "near").mkdir()
    (tmp_path / "near" / "pyproject.toml").write_text(NUMBERS)
    uv(tmp_path, "lock", "--directory", str(tmp_path / "near"), env={"UV_NO_CONFIG": "0"})
    return tmp_path / "near"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A project with a git and a path dependency, whose places are not there on the far side."""
    return make_project(tmp_path / "near").app


@pytest.mark.parametrize("which", ["numbers", "sources"])
def test_uv_finds_nothing_to_resolve(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    near: Path = request.getfixturevalue(which)
    project = read_project(ProjectPlan(near))
    checkout, wheelhouse = tmp_path / "checkout", str(tmp_path / "shélf's \\ [x]")
    shutil.copytree(near, checkout)
    text = located(wheelhouse_lock(project, carried(project)), wheelhouse)
    (checkout / "uv.lock").write_text(text)
    said = uv_says(tmp_path, checkout, wheelhouse, project)
    assert "Existing `uv.lock` satisfies workspace requirements" in said
    assert (checkout / "uv.lock").read_text() == text
    assert "://" not in text.replace("file://", "")


def test_what_is_not_carried_keeps_its_place_and_has_no_file(numbers: Path) -> None:
    project = read_project(ProjectPlan(numbers))
    only = [wheel for wheel in carried(project) if wheel.name == "idna"]
    found = {each["name"]: each for each in parse(wheelhouse_lock(project, only))["package"]}
    assert found["idna"]["wheels"] == [
        {"path": "parity-shelf:/files/idna-2.2-py3-none-any.whl", "hash": "sha256:" + "a" * 64}
    ]
    assert found["requests"]["dependencies"]
    assert "wheels" not in found["requests"]
    assert "sdist" not in found["requests"]


def carried(project: Project) -> list[LockedWheel]:
    """A wheel for each package of the lock, as if it had been fetched or built."""
    names = {
        normalize_name(package["name"]): str(package.get("version", "0.5"))
        for package in project.locked["package"]
    }
    return [
        LockedWheel(
            name, version, f"{name.replace('-', '_')}-{version}-py3-none-any.whl", "", "a" * 64, 1, True
        )
        for name, version in names.items()
    ]


def uv_says(home: Path, checkout: Path, wheelhouse: str, project: Project) -> str:
    """What uv says of the lock in a checkout, where there is nothing to resolve from."""
    document: Any = {"indexes": [], "no_sources": sorted(project.replaced), "left_out_groups": []}
    variables = environment(wheelhouse, str(home / "cache"), sys.executable, document)
    found = {"PATH": "/usr/bin:/bin", "HOME": str(home), **variables}
    command = [uv_program(), "lock", "--check", "--verbose", "--directory", str(checkout)]
    return subprocess.run(command, env=found, capture_output=True, check=False).stderr.decode()
