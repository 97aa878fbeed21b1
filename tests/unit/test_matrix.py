"""`parity matrix`: the targets of a call, for those whose scheduler is their pipeline's host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.cli import Parity

PROFILES = ("debian11-py39", "rhel9-py39")


@pytest.fixture
def parity(tmp_path: Path) -> Parity:
    return Parity(tmp_path)


def arm(folder: Path) -> str:
    (folder / "arm.yaml").write_text("extends: debian12-py311\ntarget: {arch: aarch64}\n")
    return "arm.yaml"


def test_github_reads_one_line_and_gives_each_target_a_machine_of_its_architecture(
    parity: Parity, tmp_path: Path
) -> None:
    done = parity.run("matrix", *PROFILES, arm(tmp_path), "--format", "github", cwd=tmp_path)
    assert done.code == 0, done.stderr
    (line,) = done.stdout.splitlines()
    name, _, value = line.partition("=")
    rows = json.loads(value)["include"]
    assert name == "matrix"
    assert [row["target"] for row in rows] == [*PROFILES, "arm.yaml"]
    assert [row["runner"] for row in rows] == ["ubuntu-24.04", "ubuntu-24.04", "ubuntu-24.04-arm"]


def test_gitlab_gets_a_child_pipeline_with_the_words_of_the_build(parity: Parity, tmp_path: Path) -> None:
    (tmp_path / "web.txt").write_text("requests\n")
    done = parity.run("matrix", *PROFILES, arm(tmp_path), "-r", "web.txt", "--format", "gitlab", cwd=tmp_path)
    assert done.code == 0, done.stderr
    read: dict[str, Any] = yaml.safe_load(done.stdout)
    job = read["bundle"]
    assert [row["PARITY_TARGET"] for row in job["parallel"]["matrix"]] == [*PROFILES, "arm.yaml"]
    assert job["tags"] == ["$PARITY_ARCH"]
    assert 'parity build "$PARITY_TARGET" -r web.txt --locked' in "\n".join(job["script"])
    assert "$PARITY_ARCH" in job["cache"]["key"]


def test_gitlab_needs_no_tags_where_all_targets_have_one_architecture(parity: Parity) -> None:
    done = parity.run("matrix", *PROFILES, "--format", "gitlab")
    assert "tags" not in yaml.safe_load(done.stdout)["bundle"]


def test_machines_and_people_read_the_same(parity: Parity) -> None:
    told = json.loads(parity.run("matrix", *PROFILES, "--format", "json").stdout)["targets"]
    assert told[1] == {
        "target": "rhel9-py39",
        "name": "rhel9-py39",
        "os": "rhel 9",
        "python": "3.9",
        "arch": "x86_64",
        "runner": "ubuntu-24.04",
        "what": "rhel9-py39",
    }


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--format", "github"), 2, "TARGET"),
        (("nothing-like-it", "--format", "github"), 11, "nothing-like-it"),
        (("rhel9-py39", "--format", "teamcity"), 13, "--format github | gitlab | json"),
        (("rhel9-py39", "rhel9-py39"), 13, "twice"),
    ],
)
def test_what_is_no_matrix_says_what_to_write(
    parity: Parity, words: tuple[str, ...], code: int, said: str
) -> None:
    done = parity.run("matrix", *words)
    assert done.code == code
    assert said in done.stderr


def test_a_name_that_a_pipeline_would_read_as_its_own_words_is_refused(
    parity: Parity, tmp_path: Path
) -> None:
    (tmp_path / "$(id).yaml").write_text("name: id\nextends: debian12-py311\n")
    for form in ("github", "gitlab", "json"):
        done = parity.run("matrix", "./$(id).yaml", "--format", form, cwd=tmp_path)
        assert done.code == 13, done.stdout
        assert done.stdout == ""


def test_a_pipeline_may_name_its_output(parity: Parity) -> None:
    done = parity.run("matrix", "rhel9-py39", "--format", "github", "--arch", "aarch64")
    assert '"runner":"ubuntu-24.04-arm"' in done.stdout


@pytest.mark.parametrize("form", ["github", "json"])
def test_what_is_asked_for_is_in_each_row(parity: Parity, tmp_path: Path, form: str) -> None:
    (tmp_path / "web.txt").write_text("requests\n")
    done = parity.run("matrix", *PROFILES, "-r", "web.txt", "--format", form, cwd=tmp_path)
    assert done.stdout.count("rhel9-py39 -r web.txt") == 1
    spaced = parity.run("matrix", *PROFILES, "a; touch x", "--format", form, cwd=tmp_path)
    assert (spaced.code, spaced.stdout) != (0, "")
