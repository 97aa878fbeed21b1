"""`parity init --ci` and `parity annotate`: pipelines that say what is meant, and what they show of a run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt
from tests.support.engine import ROOT
from tests.support.pipelines import shell_steps
from typer.testing import CliRunner, Result

from parity.ci import PLACES, annotated, as_shown, pipeline_text, summary_of
from parity.cli.app import app
from parity.errors import OptionConflict, ProfileNotFound

PROFILE_ERROR = {
    "error": {
        "kind": "ProfileError",
        "message": "app.yaml has 2 problems",
        "where": "",
        "details": ["app.yaml:2: instal: unknown key", "app.yaml:3: target.pyton: unknown key"],
        "remedy": "mend the lines above",
        "exit_code": 10,
    }
}
EVIL = {
    "error": {
        "kind": "NoWheel",
        "message": "x\n::add-mask::y",
        "where": "a,b:c.yaml:7",
        "details": ["100%\r\n::warning::z"],
        "remedy": "<img src=x> | [a](b)",
        "exit_code": 41,
    }
}
BUNDLES = {
    "bundles": [
        {"profile": "a", "ok": True, "bundle": "dist/a.parity.tar", "sha256": "5" * 64, "packages": [{}, {}]}
        | {"warnings": ["old-pip: the target's pip is old"]},
        {"profile": "b", "ok": False, "error": EVIL["error"]},
    ]
}


def run_cli(*words: str) -> Result:
    return CliRunner().invoke(app, [*words], env={"COLUMNS": "200"})


def test_a_profiles_problems_are_shown_at_their_lines() -> None:
    first, second = annotated(PROFILE_ERROR, "github").splitlines()
    assert first.startswith("::error file=app.yaml,line=2,title=parity%3A ProfileError::instal: unknown key")
    assert "%0Ado: mend the lines above" in first
    assert "line=3" in second
    report = json.loads(annotated(PROFILE_ERROR, "gitlab"))
    assert [(each["location"]["path"], each["location"]["lines"]["begin"]) for each in report] == [
        ("app.yaml", 2),
        ("app.yaml", 3),
    ]
    assert len({each["fingerprint"] for each in report}) == 2
    assert (
        annotated(PROFILE_ERROR, "text").splitlines()[0].startswith("app.yaml:2: error: ProfileError: instal")
    )


def test_no_text_becomes_a_command_of_the_pipelines_host() -> None:
    lines = annotated(EVIL, "github").splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("::error ")
    assert "100%25%0D%0A::warning::z" in lines[0]
    assert len(annotated(EVIL, "text").splitlines()) == 1
    assert not re.search(r"(?<!\\)<img", summary_of(EVIL))


def test_what_strangers_wrote_is_no_markup_in_a_summary() -> None:
    told = "_a_ [x](https://evil.example) @team #12 ~~s~~ `c` <b> WWW.evil.example"
    error = {"kind": "K", "exit_code": 9, "message": told, "details": [told], "remedy": told}
    shown = summary_of({"error": error})
    assert shown.count(as_shown(told)) == 3
    for word in ("_a", "[x]", "https:", "@team", "#12", "~~", "`c", "<b", "WWW."):
        assert not re.search(r"(?<!\\)" + re.escape(word), shown)


def test_of_several_runs_each_is_told() -> None:
    lines = annotated(BUNDLES, "github").splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::warning", "::error"]
    told = summary_of(BUNDLES)
    assert "| bundle | dist/a.parity.tar |" in told
    assert "| packages | 2 |" in told
    assert "NoWheel (41)" in told


@pytest.mark.parametrize("document", [None, [], {}, {"bundles": [3, None]}, {"error": "x"}, {"bundles": {}}])
def test_odd_documents_say_nothing_and_break_nothing(document: Any) -> None:
    assert annotated(document, "github") == ""
    assert summary_of(document).strip() == ""


@pytest.mark.parametrize("odd", [3, True, 1.5, "x", {"a": 1}, None])
def test_what_must_be_a_list_and_is_none_breaks_nothing(odd: Any) -> None:
    document = {"bundle": "x", "packages": odd, "warnings": odd}
    assert "| packages | 0 |" in summary_of(document)
    assert annotated(document, "text") == ""
    failed = {"error": {"kind": "x", "message": "m", "details": odd}, "warnings": odd}
    assert "### parity: failed: x" in summary_of(failed)
    assert all(annotated(failed, form).count("m") for form in ("github", "gitlab", "text"))


def test_no_word_is_a_link_or_markup_on_the_pipelines_page() -> None:
    evil = "see https://evil.example www.evil.example # x _y_ ~~z~~ $a$ &lt;b&gt; \\ @me"
    told = summary_of({"error": {"kind": "x", "message": evil, "details": [evil], "remedy": evil}})
    body = MarkdownIt("commonmark", {"html": False, "linkify": False}).render(told)
    assert "&amp;lt;b&amp;gt;" in body
    assert [each for each in ("://", "www.", "~~", "$a", "@me") if each in told] == []
    assert "<em>" not in body


def test_annotate_adds_to_the_hosts_summary(tmp_path: Path) -> None:
    document, summary = tmp_path / "build.json", tmp_path / "summary.md"
    document.write_text(json.dumps(PROFILE_ERROR))
    summary.write_text("before\n")
    done = run_cli("annotate", str(document), "--format", "github", "--summary", str(summary))
    assert done.stdout.count("::error") == 2
    assert summary.read_text().startswith("before\n### parity: failed: ProfileError (10)")


@pytest.mark.parametrize("link", [".github", ".github/workflows", ".github/workflows/parity.yml"])
def test_a_pipeline_is_not_written_through_a_link_of_the_checkout(
    link: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout, elsewhere = tmp_path / "checkout", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (checkout / link).parent.mkdir(parents=True)
    (checkout / link).symlink_to(elsewhere if link.count("/") < 2 else elsewhere / "parity.yml")
    monkeypatch.chdir(checkout)
    (checkout / "r.txt").write_text("requests\n")
    done = run_cli("init", "--ci", "github", "--extends", "debian12-py311", "-r", "r.txt")
    assert isinstance(done.exception, OptionConflict)
    assert list(elsewhere.iterdir()) == []
    assert (checkout / link).is_symlink()


def test_what_is_no_document_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("Collecting requests\n")
    assert type(run_cli("annotate", str(tmp_path / "x")).exception).__name__ == "InputFileError"
    assert isinstance(run_cli("annotate", str(tmp_path / "x"), "--format", "html").exception, OptionConflict)


@pytest.mark.parametrize("host", PLACES)
def test_init_writes_the_pipeline_where_its_host_looks(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "requirements.txt").write_text("requests\n")
    done = run_cli("init", "--ci", host, "--extends", "debian12-py311")
    assert done.exit_code == 0, done.stderr
    text = (tmp_path / PLACES[host]).read_text()
    assert "parity build debian12-py311 -r requirements.txt --locked" in text
    assert "@@" not in text
    again = run_cli("init", "--ci", host, "--extends", "debian12-py311")
    assert isinstance(again.exception, OptionConflict)
    assert run_cli("init", "--ci", host, "--extends", "debian12-py311", "--force").exit_code == 0


def test_a_pipeline_takes_what_init_would_propose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "requirements.txt").write_text("requests\n")
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\n")
    (tmp_path / "uv.lock").write_text("version = 1\n")
    for project, words in (("", "-r requirements.txt"), ('[project]\nname = "a"\n', ".")):
        (tmp_path / "pyproject.toml").write_text(f"{project}[tool.ruff]\n")
        done = run_cli("init", "--ci", "gitlab", "--extends", "debian12-py311", "--force")
        assert done.exit_code == 0, done.stderr
        assert f"debian12-py311 {words} --locked" in (tmp_path / PLACES["gitlab"]).read_text()


def test_a_pipeline_builds_the_package_that_lies_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "setup.py").write_text('from setuptools import setup\nsetup(name="a")\n')
    assert run_cli("init", "--ci", "gitlab", "--extends", "debian12-py311").exit_code == 0
    assert "debian12-py311 ./ --locked" in (tmp_path / PLACES["gitlab"]).read_text()


def test_a_pipeline_is_not_written_for_a_guess(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert isinstance(run_cli("init", "--ci", "github").exception, OptionConflict)
    assert isinstance(
        run_cli("init", "--ci", "travis", "--extends", "debian12-py311").exception, OptionConflict
    )
    assert isinstance(run_cli("init", "--ci", "github", "--extends", "debain12").exception, ProfileNotFound)
    for word in ("a b", "x; rm -rf ~", "$(id)", "it's"):
        with pytest.raises(OptionConflict):
            pipeline_text("jenkins", ("debian12-py311", "-r", word))


def test_gitlabs_script_goes_on_to_keep_the_store_after_a_good_build() -> None:
    # All of it is one shell there: an exit would leave out what comes after.
    bring, build, keep = shell_steps("gitlab", pipeline_text("gitlab", ("debian12-py311",)))
    assert not re.search(r"^\s*exit", f"{bring}\n{build}\n{keep}", re.MULTILINE)
    assert "parity-store" in keep


@pytest.mark.parametrize("host", PLACES)
def test_secrets_come_from_the_environment_alone_and_the_exit_code_is_the_builds(host: str) -> None:
    text = pipeline_text(host, ("debian12-py311", "-r", "requirements.txt"))
    steps = "\n".join(shell_steps(host, text))
    assert "umask 077" in steps
    assert 'exit "$failed"' in steps
    assert "set -x" not in steps
    if host != "jenkins":
        yaml.safe_load(text)


def test_the_hook_for_pre_commit_takes_profiles_and_names_what_is_wrong(tmp_path: Path) -> None:
    """`pre-commit try-repo . parity-profile-check` does the same with an environment of its own."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert re.match(hook["files"], "profiles/a.yaml")
    assert re.match(hook["files"], "targets/a.yml")
    assert not re.match(hook["files"], "profiles/sub/values.yaml")
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("extends: debian12-py311\ninstall: {requirements: [idna]}\n")
    bad.write_text("extends: debian12-py311\ninstal: {}\n")
    program, *words = hook["entry"].split()
    assert program == "parity"
    assert run_cli(*words, str(good)).exit_code == 0
    told = run_cli(*words, str(good), str(bad))
    assert told.exit_code != 0
    assert "instal: unknown key" in "".join(told.exception.details)  # type: ignore[union-attr]
