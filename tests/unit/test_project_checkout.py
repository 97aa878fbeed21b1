"""Which projects uv can be led in by their files alone, and what goes to the rehearsal of the others."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from parity.model import ProjectPlan
from parity.project import checkout_tar, needs_code, read_project

LOCK = 'version = 1\n[[package]]\nname = "app"\nsource = {{ editable = "." }}\n{}'
MEMBER = '[[package]]\nname = "m"\nsource = {{ editable = "{}" }}\n'
STATIC = '[project]\nname = "x"\nversion = "1"\n'


@pytest.mark.parametrize(
    ("pyproject", "needed"),
    [
        (STATIC, False),
        (STATIC + 'dynamic = ["readme", "classifiers"]\n', False),
        ('[project]\nname = "x"\ndynamic = ["version"]\n', True),
        (STATIC + 'dynamic = ["dependencies"]\n', True),
        (STATIC + 'dynamic = ["optional-dependencies"]\n', True),
        ('[tool.uv.workspace]\nmembers = ["m"]\n', False),
        ('[tool.poetry]\nname = "x"\n', True),
    ],
)
def test_what_only_a_build_can_tell(pyproject: str, needed: bool) -> None:
    files = {"near/app/uv.lock": LOCK.format(""), "near/app/pyproject.toml": pyproject}
    assert needs_code(files, "near/app") is needed
    member = {"uv.lock": LOCK.format(MEMBER.format("packages/m")), "pyproject.toml": STATIC}
    assert needs_code({**member, "packages/m/pyproject.toml": pyproject}, ".") is needed


def test_a_local_package_with_setup_py_alone_needs_its_code() -> None:
    files = {"app/uv.lock": LOCK.format(MEMBER.format("../m")), "app/pyproject.toml": STATIC}
    assert needs_code(files, "app")


def test_the_checkout_is_the_projects_folders_and_no_others(tmp_path: Path) -> None:
    texts = {
        "app/uv.lock": LOCK.format(MEMBER.format("../m") + MEMBER.format("inner")),
        "app/pyproject.toml": STATIC,
        "app/src.py": "",
        "app/.git/config": "",
        "app/inner/pyproject.toml": STATIC,
        "m/setup.py": "",
        "secret/key": "",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    project = read_project(ProjectPlan(tmp_path / "app"))
    stream = io.BytesIO(b"".join(checkout_tar(project, "checkout")))
    with tarfile.open(fileobj=stream) as archive:
        names = sorted(archive.getnames())
    assert names == [
        "checkout/app/inner/pyproject.toml",
        "checkout/app/pyproject.toml",
        "checkout/app/src.py",
        "checkout/app/uv.lock",
        "checkout/m/setup.py",
    ]
