"""What was probably meant, and remedies that help: each was followed to where it ends well."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest
from typer.testing import CliRunner

from parity.cli.app import app
from parity.docker_engine import client
from parity.errors import EngineUnavailable, InputFileError, KeyUnusable, ProfileNotFound
from parity.model.network import HostNetwork
from parity.profile.search import find_profile
from parity.resolve.blame import doubting_address
from parity.resolve.explain import WrongPython, absent_version, resolve_error, wrong_python
from parity.sign import load_public_key
from parity.wire.network import RoutesSaid


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(name: str) -> ProfileNotFound:
    with pytest.raises(ProfileNotFound) as caught:
        find_profile(name)
    return caught.value


def test_a_requirements_file_is_none_and_the_line_that_takes_it_is_told(here: Path) -> None:
    (here / "requirements.txt").write_text("idna\n")
    error = refused("requirements.txt")
    assert error.message == "requirements.txt is a requirements file, not a profile"
    assert error.remedy.startswith("parity build TARGET -r requirements.txt")


@pytest.mark.parametrize("name", ["pandas", "scikit-learn>=1.4", "black[d]==25.1.0"])
def test_a_package_is_none_and_the_line_that_carries_it_is_told(name: str) -> None:
    assert f"parity build TARGET '{name}'" in refused(name).remedy


@pytest.mark.parametrize("name", ["a'b", "a b", "$(x)", "debian11-py38", "a;b"])
def test_nothing_else_is_taken_for_a_package(name: str) -> None:
    assert "parity build" not in refused(name).remedy


@pytest.mark.parametrize("name", [".", "pyproject.toml", "uv.lock"])
def test_a_project_is_none_and_the_line_that_carries_it_is_told(here: Path, name: str) -> None:
    for each in ("pyproject.toml", "uv.lock"):
        (here / each).write_text("[project]\nname = 'x'\nversion = '1'\n")
    error = refused(name)
    assert error.message == f"{name} is a project, not a profile"
    assert error.remedy.startswith("parity build TARGET .;")


def test_ones_own_profile_goes_before_a_shipped_one(here: Path) -> None:
    (here / "debian12-py311.yml").write_text("extends: debian11-py39\n")
    assert find_profile("debian12-py311") == Path("debian12-py311.yml")
    assert find_profile("debian11-py39") != Path("debian11-py39.yaml")


def test_a_socket_that_lets_nobody_in_is_no_engine_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def shut(_: object) -> NoReturn:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(client, "open_wire", shut)
    with pytest.raises(EngineUnavailable, match="not for this user") as caught:
        client.connect("unix:///run/engine.sock")
    assert "usermod -aG docker" in caught.value.remedy
    assert "start" not in caught.value.remedy


def test_a_public_key_that_is_not_there_is_not_to_be_made(here: Path) -> None:
    with pytest.raises(KeyUnusable) as caught:
        load_public_key(here / "sender.pub")
    assert "keygen" not in caught.value.remedy
    assert "parity key show" in caught.value.remedy


NETWORK = HostNetwork(index_url="http://index.example/simple/")
CAUSE = "error: No solution found when resolving dependencies:\n  cause: Because {} and you require it, no.\n"


def test_a_package_that_no_index_has_is_not_to_be_loosened() -> None:
    said = CAUSE.format("requestz was not found in the package registry")
    error = resolve_error(1, said, NETWORK)
    assert "loosen" not in error.remedy
    assert "no index that was asked has requestz" in error.remedy


def test_an_address_where_nothing_at_all_is_found_is_doubted() -> None:
    error = resolve_error(1, CAUSE.format("requestz was not found in the package registry"), NETWORK)
    nothing: RoutesSaid = {
        "names": {}, "unhashed": [], "confused": {}, "mixed": {}, "lacking": {}, "troubles": []
    }  # fmt: skip
    assert "http://index.example/simple/ had nothing" in doubting_address(error, NETWORK, nothing).remedy
    some: RoutesSaid = {**nothing, "names": {"numpy": "default"}}
    assert doubting_address(error, NETWORK, some) is error
    assert doubting_address(error, HostNetwork(), nothing) is error


def test_a_version_that_is_not_there_is_known() -> None:
    assert absent_version(CAUSE.format("there is no version of pandas==9.9")) == "pandas"
    assert absent_version(CAUSE.format("there is no version of pandas[test]==9.9")) == "pandas"
    assert absent_version(CAUSE.format("a==1 depends on b==2 and c==1 on b==3")) == ""


def test_a_file_that_asks_for_nothing_is_told_before_any_engine_is_asked(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    (here / "empty.txt").write_text("# nothing yet\n")
    (here / "bare.yaml").write_text("extends: debian12-py311\ninstall: {files: []}\n")
    for words, where in ((["debian12-py311", "-r", "empty.txt"], "empty.txt"), (["bare"], "bare.yaml")):
        error = CliRunner().invoke(app, ["build", *words]).exception
        assert isinstance(error, InputFileError)
        assert "asks for nothing to be installed" in error.message
        assert error.where.endswith(where)


@pytest.mark.parametrize("name", ["pkg-resources", "python"])
def test_a_line_that_names_no_package_is_to_be_deleted(name: str) -> None:
    said = CAUSE.format(f"{name} was not found in the package registry and you require {name}==0.0.0")
    found = resolve_error(1, said, HostNetwork())
    assert (found.where, found.remedy.partition(":")[0]) == (name, "delete that line")


def test_a_release_for_another_python_says_so() -> None:
    said = CAUSE.format(
        "the requested Python version (>=3.9.2) does not satisfy Python>=3.11 "
        "and numpy==2.3.0 depends on Python>=3.11"
    )
    assert wrong_python(said) == WrongPython("numpy", "2.3.0", ">=3.11", "3.9.2")
    several = said.replace("numpy==2.3.0 depends", "numpy>=2.3.0,<=2.3.5 depends")
    assert wrong_python(several) == WrongPython("numpy", ">=2.3.0,<=2.3.5", ">=3.11", "3.9.2")
    listed = several.replace("numpy>=", "all of:\n numpy>=").replace("depends", "\n numpy>=2.4 depend")
    assert wrong_python(listed) == wrong_python(several)
    newest = said.replace("3.11", "3.12").replace("numpy==2.3.0 depends", "numpy>=2.5.0 depends")
    assert wrong_python(f"{newest}\nAnd because {several.partition('Because ')[2]}") == wrong_python(several)
    assert wrong_python(CAUSE.format("there is no version of pandas==9.9")) is None
