"""A project's own files of odd shapes and unknown versions: read, or refused by the place in them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.odd_documents import anywhere
from tests.unit.test_project import PYPROJECT, UV_LOCK, app

from parity.errors import InputFileError, LockInvalid, SourceUnavailable
from parity.model import ProjectPlan
from parity.model.toml import parse
from parity.portable.texts import toml
from parity.project import describe, needs_code, read_project, sync_arguments

__all__ = ["app"]
FILES = ["pyproject.toml", "uv.lock", "packages/member/pyproject.toml"]
SETTINGS = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def written(document: dict[str, Any]) -> str:
    """A document as TOML, tables inline."""
    return "".join(f"{toml(key)} = {_value(value)}\n" for key, value in document.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{toml(key)} = {_value(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return str(value) if isinstance(value, float) else toml(value)


def used(app: Path) -> None:
    """Everything that reads the project on this side."""
    project = read_project(ProjectPlan(app))
    project.requested(), project.direct, project.is_package, project.digest(), project.group_lines()
    project.hindrance, sync_arguments(project)
    if project.lock == "uv.lock":
        json.dumps(describe(project, (), ()))
        needs_code(project.files, project.root)


def used_or_refused(app: Path) -> None:
    where = "used"
    try:
        used(app)
    except (InputFileError, LockInvalid, SourceUnavailable) as error:
        where = error.where
    assert where


@pytest.mark.parametrize("version", ["99", "2", "0", "-1", '"1"', "1.0", "true", "[1]"])
def test_a_lock_of_uv_of_an_unknown_version(app: Path, version: str) -> None:
    (app / "uv.lock").write_text(UV_LOCK.replace("version = 1\n", f"version = {version}\n", 1))
    with pytest.raises(InputFileError, match="this parity knows version 1") as caught:
        read_project(ProjectPlan(app))
    assert caught.value.where.endswith("uv.lock")
    assert "uv lock" in caught.value.remedy


def test_a_lock_of_uv_without_a_version(app: Path) -> None:
    (app / "uv.lock").write_text(UV_LOCK.replace("version = 1\n", "", 1))
    with pytest.raises(InputFileError, match="no version"):
        read_project(ProjectPlan(app))


def test_a_newer_revision_is_read(app: Path) -> None:
    (app / "uv.lock").write_text(UV_LOCK.replace("version = 1\n", "version = 1\nrevision = 99\n", 1))
    assert read_project(ProjectPlan(app)).lock == "uv.lock"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lock-version = '2.0'\ncreated-by = 'x'\npackages = []\n", "it knows 1.0"),
        ("lock-version = 1\n", "not a PEP 751 lock"),
        ("packages = []\n", "not a PEP 751 lock"),
        ("<<<<<<< ours\n", "not TOML.*line 1"),
    ],
)
def test_a_pylock_that_cannot_be_read(app: Path, text: str, message: str) -> None:
    (app / "pylock.toml").write_text(text)
    with pytest.raises(InputFileError, match=message) as caught:
        read_project(ProjectPlan(app, lock="pylock.toml"))
    assert caught.value.where.endswith("pylock.toml")


@SETTINGS
@given(anywhere(parse(PYPROJECT)))
def test_a_pyproject_of_any_shape(app: Path, document: Any) -> None:
    (app / "pyproject.toml").write_text(written(document))
    used_or_refused(app)


@SETTINGS
@given(anywhere(parse(UV_LOCK)))
def test_a_lock_of_uv_of_any_shape(app: Path, document: Any) -> None:
    (app / "uv.lock").write_text(written(document))
    used_or_refused(app)


@SETTINGS
@given(
    st.sampled_from(["pyproject.toml", "uv.lock", "packages/member/pyproject.toml"]), st.binary(max_size=40)
)
def test_bytes(app: Path, name: str, data: bytes) -> None:
    (app / name).write_bytes(data)
    used_or_refused(app)


@pytest.mark.parametrize("name", ["pyproject.toml", "uv.lock"])
def test_a_fifo(app: Path, name: str) -> None:
    (app / name).unlink()
    os.mkfifo(app / name)
    if name == "uv.lock":
        assert read_project(ProjectPlan(app)).lock == "none"
        return
    with pytest.raises(InputFileError, match="not a regular file"):
        read_project(ProjectPlan(app))
