"""Markers that cannot be judged, wherever people or tools write them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.markers import default_environment

from parity.errors import InputFileError
from parity.markers import marker_holds
from parity.model import ProjectPlan, Requirements
from parity.project import check_environments, read_project
from parity.resolve import read_requirements, split_requirements

HERE: Mapping[str, str] = {**default_environment(), "extra": ""}  # type: ignore[dict-item]
ODD = ("os_name ~= 'x'", "'x' in extras", "'dev' in dependency_groups")


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("line", ["idna==3.9; {}", "idna @ https://x.invalid/idna-3.9-py3-none-any.whl ; {}"])
def test_one_in_a_requirements_file_is_told_with_its_line(tmp_path: Path, line: str, odd: str) -> None:
    file = tmp_path / "r.txt"
    file.write_text("\n" + line.format(odd) + "\n")
    what = read_requirements(Requirements(files=(file,)), "profile")
    (named,) = [each.holds for each in what.requirements] + [each.holds for each in what.direct]
    with pytest.raises(InputFileError, match="cannot be judged") as caught:
        named(HERE)
    assert caught.value.where == f"{file}:2"
    assert "PEP 508" in caught.value.remedy


@pytest.mark.parametrize("odd", ODD)
def test_one_of_a_built_package_is_told_with_its_wheel(odd: str) -> None:
    with pytest.raises(InputFileError, match="cannot be judged") as caught:
        split_requirements([f"idna; {odd}"], "a-1-py3-none-any.whl", HERE)
    assert caught.value.where == "a-1-py3-none-any.whl"


def test_one_in_a_locks_environments_is_told_with_the_lock(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'a'\nversion = '1'\n")
    lock = tmp_path / "pylock.toml"
    said = 'lock-version = "1.0"\ncreated-by = "x"\nenvironments = ["%s"]\npackages = []\n'
    lock.write_text(said % "os_name ~= 'x'")
    with pytest.raises(InputFileError, match="cannot be judged") as caught:
        check_environments(read_project(ProjectPlan(tmp_path)), HERE)
    assert caught.value.where == str(lock)


def test_a_lock_may_ask_for_extras_and_groups_and_no_marker_holds_everywhere() -> None:
    lock: Mapping[str, str | frozenset[str]]
    lock = {**HERE, "extras": frozenset({"x"}), "dependency_groups": frozenset({"dev"})}
    assert marker_holds("'x' in extras and 'dev' in dependency_groups", lock, "", of_lock=True)
    assert not marker_holds("'y' in extras", lock, "", of_lock=True)
    assert marker_holds(None, HERE, "")
    assert marker_holds("", HERE, "")
