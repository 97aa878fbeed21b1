"""The check of what fits together knows what a project overrides, and nothing else."""

from __future__ import annotations

import pytest

from parity.farside.install.overrides import Overridden

KNOWN = Overridden(("idna", "markdown-it-py"), ("old-one",))
UV = [
    "Using Python 3.11.2 environment at: /apps/x y",
    "Checked 4 packages in 0.41ms",
    "Found 2 incompatibilities",
    "The package `rich` requires `markdown-it-py>=2.2.0`, but it's not installed",
    "The package `requests` requires `idna>=2.5,<4`, but `2.2` is installed",
]
PIP = [
    "rich 13.9 requires markdown-it-py, which is not installed.",
    "requests 2.31.0 has requirement idna<4,>=2.5, but you have idna 2.2.",
    "",
]


@pytest.mark.parametrize(("said", "count"), [(UV, 2), (PIP, 2)])
def test_what_the_project_overrides_is_excused(said: list[str], count: int) -> None:
    assert len(KNOWN.excused(said)) == count


@pytest.mark.parametrize(
    "line",
    [
        "The package `Old_One` requires `six[x]>=2 ; python_version > '3'`, but `1.0` is installed",
        "The package `old-one` requires Python >=3.12, but `3.11.2` is installed",
        "old-one 1.0 has requirement six>=2, but you have six 1.0.",
    ],
)
def test_a_package_whose_own_requirements_the_project_states_is_excused(line: str) -> None:
    assert KNOWN.excused([line]) == [line]


@pytest.mark.parametrize(
    "line",
    [
        "The package `requests` requires `urllib3>=1.21`, but `1.0` is installed",
        "The package `requests` requires Python >=3.12, but `3.11.2` is installed",
        "The package `idna` is broken or incomplete (unable to read `METADATA`). Consider reinstalling it.",
        "The package `idna` has multiple installed distributions:",
        "error: idna",
        "requests 2.31.0 requires urllib3, which is not installed.",
    ],
)
def test_one_more_line_excuses_nothing(line: str) -> None:
    assert KNOWN.excused([*UV, line]) == []
    assert Overridden().excused(UV) == []
