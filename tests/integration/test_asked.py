"""What is asked for on the command line, built for real: packages, what a project requires, a project."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.integration.test_users_folders import BACKEND, PYPROJECT
from tests.support.cli import Parity
from tests.support.projects import uv
from tests.support.sources import write_tree

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("debian11")]

TARGET = "debian11-py39"
ASKED = """
requires-python = ">=3.9"
dependencies = ["idna==3.6"]
optional-dependencies = {cli = ["six==1.16.0"]}
[dependency-groups]
docs = ["toml==0.10.2"]
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A project that builds itself, without a lock."""
    folder = tmp_path / "app"
    folder.mkdir()
    text = PYPROJECT.replace('version = "1.0"\n', f'version = "1.0"{ASKED}')
    write_tree(folder, {"pyproject.toml": text, "backend.py": BACKEND})
    return folder


def carried(parity: Parity, folder: Path, *words: str) -> tuple[dict[str, str], str]:
    """Versions by name of what `parity build` carries, and the bundle's file name."""
    bundle = parity.run("build", TARGET, *words, "--json", cwd=folder).bundle
    return {each["name"]: each["version"] for each in bundle["packages"]}, Path(bundle["bundle"]).name


def test_packages_are_built(parity: Parity, tmp_path: Path) -> None:
    found, name = carried(parity, tmp_path, "idna==3.6", "-p", "six>=1.16,<1.17", "--bundle-version", "1")
    assert found == {"idna": "3.6", "six": "1.16.0"}
    assert name == f"idna-six-1-{TARGET}.parity.tar"
    assert (tmp_path / f"pylock.idna-six-{TARGET}.toml").is_file()


@pytest.mark.parametrize("locked", [False, True], ids=["resolved", "locked"])
def test_what_a_project_requires_is_built_without_it(
    parity: Parity, app: Path, tmp_path: Path, locked: bool
) -> None:
    if locked:
        uv(tmp_path, "lock", "--directory", str(app))
    asked = ("-r", "pyproject.toml", "--extra", "cli", "--group", "docs")
    found, name = carried(parity, app, *asked)
    assert found == {"idna": "3.6", "six": "1.16.0", "toml": "0.10.2"}
    assert name == f"mine-1.0-{TARGET}.parity.tar"
    inside = subprocess.run(["tar", "tf", app / "dist" / name], check=True, capture_output=True, text=True)
    assert "project/tree" not in inside.stdout


def test_a_project_is_built_by_its_folder(parity: Parity, app: Path, tmp_path: Path) -> None:
    uv(tmp_path, "lock", "--directory", str(app))
    found, name = carried(parity, tmp_path, "./app")
    assert found == {"mine": "1.0", "idna": "3.6"}
    assert name == f"mine-1.0-{TARGET}.parity.tar"
    assert (app / f"pylock.mine-{TARGET}.toml").is_file()
