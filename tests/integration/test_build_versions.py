"""Versions that a build asks git for: told to whichever plug-in asks, or the error says what to set."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.cli import Parity, write_profile
from tests.support.projects import git
from tests.support.sources import write_tree

from parity.model import PinnedImage

pytestmark = [pytest.mark.engine, pytest.mark.long]

_HEAD = '[build-system]\nrequires = [{}]\nbuild-backend = "{}"\n'
_PROJECT = '[project]\nname = "{}"\ndynamic = ["version"]\n'
_MODULES = "[tool.setuptools]\npy-modules = []\n"
_DESCRIBE = """
import subprocess
from setuptools import setup
said = subprocess.run(["git", "describe", "--tags", "--long", "--dirty"], capture_output=True, text=True)
tag = said.stdout.rpartition("-")[0].rpartition("-")[0] if "dirty" not in said.stdout else ""
setup(name="by-describe", version=tag.lstrip("v") or "0+unknown", py_modules=[])
"""
_DUNAMAI = """
from dunamai import Version
from setuptools import setup
setup(name="by-dunamai", version=Version.from_git().serialize(metadata=False), py_modules=[])
"""


def _setuptools(*requires: str) -> str:
    quoted = ", ".join(f'"{each}"' for each in ("setuptools>=64", *requires))
    return _HEAD.format(quoted, "setuptools.build_meta")


SOURCES = {
    "by-scm": {
        "pyproject.toml": _setuptools("setuptools-scm>=8")
        + _PROJECT.format("by-scm")
        + _MODULES
        + "[tool.setuptools_scm]\n"
    },
    "by-hatch": {
        "pyproject.toml": _HEAD.format('"hatchling", "hatch-vcs"', "hatchling.build")
        + _PROJECT.format("by-hatch")
        + '[tool.hatch.version]\nsource = "vcs"\n',
        "by_hatch/__init__.py": "",
    },
    "by-uv": {
        "pyproject.toml": _HEAD.format('"hatchling", "uv-dynamic-versioning"', "hatchling.build")
        + _PROJECT.format("by-uv")
        + '[tool.hatch.version]\nsource = "uv-dynamic-versioning"\n',
        "by_uv/__init__.py": "",
    },
    "by-dunamai": {"pyproject.toml": _setuptools("dunamai"), "setup.py": _DUNAMAI},
    "by-describe": {"pyproject.toml": _setuptools(), "setup.py": _DESCRIBE},
}


def test_every_plug_in_learns_the_version_of_a_checkout_that_comes_without_git(
    parity: Parity, debian13: PinnedImage, tmp_path: Path
) -> None:
    for name, files in SOURCES.items():
        folder = write_tree(tmp_path / name, files)
        for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"], ["tag", "v1.4.0"]):
            git(folder, *words)
    profile = write_profile(
        tmp_path,
        "tagged-13",
        extends="debian13-py313",
        requirements=[f"./{name}" for name in SOURCES],
        builder={"packages": []},
    )
    done = parity.build(profile, tmp_path / "dist", timeout=900)
    lock = "".join(path.read_text() for path in tmp_path.rglob("*.toml") if "pylock" in path.name)
    assert lock.count('version = "1.4.0"') == len(SOURCES), done.stdout + done.stderr


@pytest.mark.parametrize("name", ["by-scm", "by-describe"])
def test_where_nothing_tells_a_version_the_error_says_what_to_set_and_that_works(
    parity: Parity, debian13: PinnedImage, tmp_path: Path, name: str
) -> None:
    write_tree(tmp_path / name, SOURCES[name])

    def build(**more: object) -> tuple[int, str]:
        builder = {"packages": [], **more}
        profile = write_profile(
            tmp_path, "untagged-13", extends="debian13-py313", requirements=[f"./{name}"], builder=builder
        )
        done = parity.build(profile, tmp_path / "dist", timeout=900)
        return done.code, (done.stdout + done.stderr).replace('\\"', '"')

    code, said = build()
    assert (code, f'builder: {{versions: {{{name}: "1.2.3"}}}}' in said) == (49, True), said
    build(versions={name: "2.5"})
    lock = "".join(path.read_text() for path in tmp_path.rglob("*.toml") if "pylock" in path.name)
    assert 'version = "2.5"' in lock
