"""The wheel and the sdist as an index takes them: complete, and with no address that was made up."""

from __future__ import annotations

import email.message
import email.parser
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.support.engine import ROOT

REPOSITORY = "https://git.example.org/team/parity"
_UNSET = ("PARITY_REPOSITORY", "GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "CI_PROJECT_URL")


def environment(**variables: str) -> dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if name not in _UNSET}, **variables}


def built(what: str, folder: Path, source: Path = ROOT, **variables: str) -> Path:
    """A wheel or an sdist of the checkout, or of an sdist, as a release is built."""
    if what == "wheel":
        words = ["pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)]
        subprocess.run([sys.executable, "-m", *words], check=True, env=environment(**variables))
        return next(folder.glob("*.whl"))
    script = "import os, sys; from hatchling.build import build_sdist; build_sdist(sys.argv[1])"
    tools = folder / "tools"
    subprocess.run([sys.executable, "-m", "venv", str(tools)], check=True)
    subprocess.run([tools / "bin/pip", "install", "--quiet", "hatchling>=1.27"], check=True)
    command = [str(tools / "bin/python"), "-c", script, str(folder)]
    subprocess.run(command, check=True, cwd=source, env=environment(**variables))
    return next(folder.glob("*.tar.gz"))


def metadata(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return email.parser.Parser().parsestr(archive.read(name).decode())


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("sdist", tmp_path_factory.mktemp("sdist"), PARITY_REPOSITORY=REPOSITORY)


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the sdist, where nothing tells the repository any more."""
    return built("wheel", tmp_path_factory.mktemp("wheel"), sdist)


def test_both_pass_the_indexs_own_check(sdist: Path, wheel: Path) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict", str(sdist), str(wheel)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_addresses_and_links_hold_on_an_indexs_page(wheel: Path) -> None:
    told = metadata(wheel)
    urls = dict(each.split(", ") for each in told.get_all("Project-URL", []))
    assert urls["Source"] == REPOSITORY
    assert {"Documentation", "Changelog", "Issues"} <= set(urls)
    text = str(told.get_payload())
    assert f"]({REPOSITORY}/blob/HEAD/src/parity/docs/five-minutes.md)" in text
    assert "](src/" not in text
    assert "](." not in text


def test_where_nobody_knows_the_repository_no_address_is_made_up(tmp_path: Path) -> None:
    told = metadata(
        built("wheel", tmp_path, GITHUB_SERVER_URL="javascript:alert(1)//", GITHUB_REPOSITORY="a/b")
    )
    assert told.get_all("Project-URL") is None
    text = str(told.get_payload())
    assert "](" not in text
    assert "five minutes" in text


def test_the_wheel_holds_what_the_commands_need(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {
        "parity/docs/index.md",
        "parity/docs/how-to/podman.md",
        "parity/ci/templates/github.yml",
        "parity/ci/templates/Jenkinsfile",
        "parity/profile/schema.json",
        "parity/shipped/images/debian12-py311/Dockerfile",
        "parity/shipped/profiles/debian12-py311.yaml",
        "parity/py.typed",
    } <= names
    assert any(name.endswith(".data/data/share/man/man1/parity.1") for name in names)
    assert not [name for name in names if "/tests/" in name or name.startswith("tests/")]


def test_the_sdist_holds_what_a_distribution_builds_and_tests_from(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"pyproject.toml", "Makefile", "README.md", "LICENSE", "CHANGELOG.md", ".ci/metadata.py"}
    assert wanted | {"tests/conftest.py", "images/README.md", "src/parity/docs/parity.1"} <= names
    assert not [name for name in names if name.startswith((".state", ".venv", "dist/"))]
