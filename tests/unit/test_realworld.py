"""`make realworld`: its list is read whole, advice is followed to the letter, figures count what they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.realworld.advice import followed
from tests.realworld.case import TARGETS, CaseInvalid, chosen, read_cases
from tests.realworld.row import Row, Verdict, document, markdown, read_rows
from tests.realworld.trial import warned
from tests.support.cli import Done

GOOD = "- {name: a, target: debian11-py39, kind: k, asked: {requirements: [a==1]}, use: a --version}\n"


def test_the_list_has_what_was_promised() -> None:
    cases = read_cases()
    assert len({case.name for case in cases}) >= 40
    assert {case.target for case in cases} == set(TARGETS)
    assert sum(case.refused is not None for case in cases) >= 5


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (GOOD + GOOD, "a@debian11-py39 stands there twice"),
        (GOOD.replace("debian11-py39", "debian10"), "no target debian10"),
        (GOOD.replace("kind: k", "kind: k, usage: x"), "usage means nothing"),
        (GOOD.replace(", use: a --version", ""), "either used or refused"),
        (GOOD.replace("use:", "refused: {kind: NoWheel}, use:"), "either used or refused"),
    ],
)
def test_a_case_that_is_none_is_named(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(text)
    with pytest.raises(CaseInvalid, match=word):
        read_cases(path)


def test_some_cases_are_chosen_by_name_and_target() -> None:
    cases = read_cases()
    assert {case.label for case in chosen(cases, ["datasette"], "")} == {
        "datasette@debian11-py39",
        "datasette@debian13-py313",
    }
    assert {case.target for case in chosen(cases, [], "debian12-py311")} == {"debian12-py311"}
    with pytest.raises(CaseInvalid, match="no case is called datasete"):
        chosen(cases, ["datasete"], "")


@pytest.mark.parametrize(
    ("remedy", "profile"),
    [
        (
            (
                "if it works all the same, accept it: `--allow import:a.b --allow pth-file:c`, or by "
                "`rehearsal: {allow: [import:a.b, pth-file:c]}`"
            ),
            {"system-packages": "auto", "rehearsal": {"allow": ["import:a.b", "pth-file:c"]}},
        ),
        (
            "add it to `system-packages`, or write `system-packages: [libx1]`",
            {"system-packages": ["auto", "libx1"]},
        ),
        (
            "`build-from-source: auto` under `install` in the profile",
            {"system-packages": "auto", "install": {"build-from-source": "auto"}},
        ),
        (
            "write `builder.build-constraints: {a: ['cython<3']}`",
            {"system-packages": "auto", "builder": {"build-constraints": {"a": ["cython<3"]}}},
        ),
    ],
)
def test_advice_is_followed_to_the_letter(remedy: str, profile: dict[str, Any]) -> None:
    assert followed({"system-packages": "auto"}, remedy) == profile


@pytest.mark.parametrize(
    "remedy",
    ["loosen one of the requirements", "write `system-packages: auto`", "`limits: {audit: 1h}`", "`: [`"],
)
def test_what_advises_nothing_new_changes_nothing(remedy: str) -> None:
    assert followed({"system-packages": "auto"}, remedy) is None


def test_the_table_counts_those_that_must_work() -> None:
    rows = [
        Row("a", "debian11-py39", "k", Verdict.FIRST_TRY, 2.0, 1.5, commit="abc"),
        Row("b", "debian11-py39", "k", Verdict.BROKEN, reason="a | b\nc", commit="abc"),
        Row("c", "debian11-py39", "k", Verdict.REFUSED_RIGHTLY),
        Row("d", "debian11-py39", "k", Verdict.NOT_RUN),
    ]
    text = markdown(rows)
    assert "| at the first try, of 2 that must work | 50% | 90% | **missed** |" in text
    assert "| green and broken | 1 | 0 | **missed** |" in text
    assert "| refused wrongly | 0 | 0 | met |" in text
    assert "refused rightly: 1" in text
    assert "not run: 1" in text
    assert "By commit: abc 2, none told 1." in text
    lines = text.splitlines()
    assert lines.index("| b | k | debian11-py39 | green and broken | 0 |  | a \\| b c |") < lines.index(
        "| a | k | debian11-py39 | first try | 2 | 1.5 |  |"
    )
    assert list(read_rows(document(rows)).values()) == rows


def test_what_the_build_warned_of_is_said_where_it_came_true() -> None:
    lines = ["a: a/b.py imports pkg_resources, which is not there: what uses it fails", "c: else"]
    done = Done(0, json.dumps({"bundles": [{"warnings": lines}]}), "", 1)
    wrong = "ModuleNotFoundError: No module named 'pkg_resources'"
    assert warned(done, wrong) == f"the build warned ({lines[0]}), but: "
    assert warned(done, "No module named 'd'") == ""
