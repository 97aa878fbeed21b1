"""What the user says of build requirements: limits, those that are missing, and the constraints of pip."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.support.cli import Parity, write_profile
from tests.support.sources import setup_py, write_tree

from parity.model import PinnedImage

pytestmark = pytest.mark.engine


def test_limits_additions_and_constraints_reach_the_build(
    parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    setup = setup_py("asks", "1.0", "import six, setuptools; more['description'] = six.__version__")
    write_tree(tmp_path / "asks", {"setup.py": setup, "asks.py": ""})
    (tmp_path / "limits.txt").write_text("setuptools==68.0.0\nidna<3\n")
    profile = write_profile(
        tmp_path,
        "asks-11",
        install={"requirements": ["./asks"], "files": [], "constraints": ["limits.txt"]},
        builder={"build-constraints": {"asks": ["six<1.16"]}, "build-requirements": {"asks": ["six"]}},
    )
    done = parity.build(profile, tmp_path / "dist", timeout=900)
    assert done.code == 0, done.stdout + done.stderr
    bundle = next((tmp_path / "dist").glob("*.parity.tar"))
    told = subprocess.run(
        ["tar", "xOf", bundle, "parity-bundle/sources.json"], check=True, capture_output=True
    ).stdout
    given = {each["name"]: each["version"] for each in json.loads(told)["built"][0]["build_requires"]}
    assert (given["six"], given["setuptools"]) == ("1.15.0", "68.0.0")


def test_a_build_that_imports_pkg_resources_gets_a_setuptools_that_has_it(
    parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    write_tree(
        tmp_path / "asks", {"setup.py": setup_py("asks", "1.0", "import pkg_resources"), "asks.py": ""}
    )
    install = {"requirements": ["./asks"], "files": []}
    done = parity.build(write_profile(tmp_path, "older-11", install=install), tmp_path / "dist", timeout=900)
    assert done.code == 0, done.stdout + done.stderr
    assert "asks: its build imports pkg_resources: it is built with setuptools<82" in done.stdout
    decided = write_profile(
        tmp_path, "decided-11", install=install, builder={"build-constraints": ["setuptools>=82"]}
    )
    done = parity.build(decided, tmp_path / "dist", timeout=900)
    assert (done.code, "build-constraints: {asks: ['setuptools<82']}" in done.stdout + done.stderr) == (
        49,
        True,
    )


@pytest.mark.long
def test_constraints_that_leave_no_way_to_build_are_told_and_left(
    parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    needs = '[build-system]\nrequires = ["setuptools>=68"]\nbuild-backend = "setuptools.build_meta"\n'
    files = {"setup.py": setup_py("asks", "1.0"), "asks.py": "", "pyproject.toml": needs}
    write_tree(tmp_path / "asks", files)
    (tmp_path / "limits.txt").write_text("setuptools==58.0.0\n")
    install = {"requirements": ["./asks"], "files": [], "constraints": ["limits.txt"]}
    done = parity.build(write_profile(tmp_path, "left-11", install=install), tmp_path / "dist", timeout=900)
    assert done.code == 0, done.stdout + done.stderr
    assert "install.constraints leave no way to build" in done.stdout
    limited = write_profile(
        tmp_path, "held-11", install=install, builder={"build-constraints": ["setuptools<60"]}
    )
    done = parity.build(limited, tmp_path / "dist", timeout=900)
    assert (done.code, "builder.build-constraints: setuptools<60" in done.stdout + done.stderr) == (49, True)
