"""What a project calls itself where no [project] says it: Poetry, Flit, setup.cfg, setup.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.project import own_words

POETRY = '[tool.poetry]\nname = "web-shop"\nversion = "2.1"\n[tool.poetry.dependencies]\nidna = "^3"\n'
FLIT = '[tool.flit.metadata]\nmodule = "shop"\ndist-name = "web-shop"\n'
SETUP = 'from setuptools import setup\nVERSION = "2.1"\nsetup(name="web-shop", version="2.1")\n'
CASES = {
    "pyproject.toml": [
        ('[project]\nname = "web-shop"\nversion = "2.1"\n', ("web-shop", "2.1")),
        ('[project]\nname = "web-shop"\ndynamic = ["version"]\n', ("web-shop", "")),
        (POETRY, ("web-shop", "2.1")),
        (FLIT, ("web-shop", "")),
        ("[tool.ruff]\nline-length = 100\n", ("", "")),
        ("[project\n", ("", "")),
        ('[project]\nname = 3\nversion = ["2"]\n', ("", "")),
        ('tool = "poetry"\n', ("", "")),
        ('project = "web-shop"\n', ("", "")),
    ],
    "setup.cfg": [
        ("[metadata]\nname = web-shop\nversion = 2.1\n", ("web-shop", "2.1")),
        ("[metadata]\nname = web-shop\nversion = attr: shop.VERSION\n", ("web-shop", "")),
        ("[metadata]\nname = %(other)s\n", ("%(other)s", "")),
        ("name = web-shop\n", ("", "")),
        ("[metadata]\nname\n", ("", "")),
    ],
    "setup.py": [
        (SETUP, ("web-shop", "2.1")),
        (SETUP.replace('version="2.1"', "version=VERSION"), ("web-shop", "")),
        ('import setuptools\nsetuptools.setup(name="web-shop")\n', ("web-shop", "")),
        ("setup(**read())\n", ("", "")),
        ("setup(name=\n", ("", "")),
        ("x = " + "(" * 5000, ("", "")),
        ("x = 1" + "+1" * 20000, ("", "")),
        ('setup(name="a\0b")', ("", "")),
        ("x = " + "-" * 100_000 + "1", ("", "")),
        ('x = "\\d"\nsetup(name="web-shop")\n', ("web-shop", "")),
    ],
}


@pytest.mark.parametrize(
    ("name", "text", "said"), [(name, *case) for name, cases in CASES.items() for case in cases]
)
def test_a_folder_says_what_its_project_is_called(
    name: str, text: str, said: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    assert own_words(tmp_path) == said


def test_what_says_the_name_first_is_asked_for_the_version_first(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[build-system]\nrequires = ["setuptools"]\n')
    (tmp_path / "setup.cfg").write_text("[metadata]\nversion = 7\n")
    (tmp_path / "setup.py").write_text(SETUP)
    assert own_words(tmp_path) == ("web-shop", "7")


def test_nothing_of_the_folder_is_run(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n{SETUP}")
    assert own_words(tmp_path) == ("web-shop", "2.1")
    assert not (tmp_path / "ran").exists()


def test_an_empty_folder_says_nothing(tmp_path: Path) -> None:
    assert own_words(tmp_path) == ("", "")
