"""The probe as one file: what it is made of, and what it does when a person runs it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from parity.cli.app import app
from parity.errors import OptionConflict, ProbeFailed
from parity.portable.machine import facts, platformtags, probe
from parity.probe import parse_facts_file, probe_script

TREE = ast.parse(probe_script(), feature_version=(3, 6))
# What is there in Python 3 alone, or has another meaning in Python 2.
NOT_IN_BOTH = (
    ast.JoinedStr,
    ast.AnnAssign,
    ast.Nonlocal,
    ast.AsyncFunctionDef,
    ast.AsyncWith,
    ast.Await,
    ast.YieldFrom,
    ast.Starred,
    ast.NamedExpr,
    ast.MatMult,
    ast.Div,
)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "probe.py"
    path.write_text(probe_script(), encoding="utf-8")
    return path


def run(*words: str | Path, **how: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, words)]
    environment = {"PATH": os.defpath, "LC_ALL": "C"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, **how)  # type: ignore[call-overload,no-any-return]


def test_the_script_holds_the_very_sources_and_is_always_the_same() -> None:
    constants = {
        node.targets[0].id: node.value.value
        for node in TREE.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    modules = {"PLATFORMTAGS": platformtags, "FACTS": facts, "PROBE": probe}
    assert set(constants) == set(modules)
    for name, module in modules.items():
        assert constants[name] == Path(str(module.__file__)).read_text(encoding="utf-8")
    assert probe_script() == probe_script()


def test_python_2_gets_as_far_as_the_polite_words() -> None:
    """All outside the sources is valid in Python 2 too, and nothing comes before the version's check."""
    for node in ast.walk(TREE):
        assert not isinstance(node, NOT_IN_BOTH), ast.dump(node)
        if isinstance(node, ast.arguments):
            assert [*node.kwonlyargs, *node.posonlyargs] == []
        if isinstance(node, (ast.arg, ast.FunctionDef)):
            assert getattr(node, "annotation", None) is None
            assert getattr(node, "returns", None) is None
    docstring, import_sys, check = TREE.body[:3]
    assert isinstance(docstring, ast.Expr)
    assert ast.unparse(import_sys) == "import sys"
    assert isinstance(check, ast.If)
    assert ast.unparse(check.test) == "sys.version_info < (3, 6)"
    assert probe_script().splitlines()[1] == "# -*- coding: utf-8 -*-"


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 5, 10)])
def test_an_old_python_is_told_what_to_do(script: Path, version: tuple[int, ...]) -> None:
    pretend = f"import sys; sys.version_info = {version}; exec(open({str(script)!r}).read())"
    done = run("-c", pretend)
    assert (done.returncode, done.stdout) == (31, "")
    assert f"this is Python {version[0]}.{version[1]}; the probe needs 3.6 or later" in done.stderr
    assert "python3 probe.py" in done.stderr


def test_the_script_measures_what_parity_measures(script: Path) -> None:
    done = run("-B", script)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == facts.measure()
    assert parse_facts_file(done.stdout.encode(), "stdout")["format"] == "parity-facts/1"
    assert run("-", input=script.read_text(encoding="utf-8")).stdout == done.stdout


def test_the_script_writes_one_file_and_nothing_else(script: Path) -> None:
    folder = script.parent
    (folder / "facts.json").write_text("old")
    assert run(script, "-o", "facts.json", cwd=folder).returncode == 0
    assert json.loads((folder / "facts.json").read_text())["python"]
    assert sorted(path.name for path in folder.iterdir()) == ["facts.json", "probe.py"]


def test_the_script_says_when_it_cannot_write(script: Path) -> None:
    done = run(script, "-o", "gone/facts.json", cwd=script.parent)
    assert done.returncode == 74
    assert "cannot write 'gone/facts.json': No such file or directory" in done.stderr
    assert "what to do:" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_lies_beside_the_script_is_not_run(script: Path) -> None:
    for name in ("argparse", "json", "platform", "types"):
        (script.parent / f"{name}.py").write_text("raise SystemExit('hostile')\n")
    done = run("-B", script)
    assert (done.returncode, done.stderr) == (0, "")


def test_parity_probe_measures_the_interpreter_that_was_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["probe", "--python", sys.executable])
    assert json.loads(result.stdout) == {**facts.measure(), "executable": sys.executable}
    assert CliRunner().invoke(app, ["probe", "-o", str(tmp_path / "f.json")]).exit_code == 0
    assert json.loads((tmp_path / "f.json").read_text())["tags"] == facts.measure()["tags"]


def test_parity_probe_gives_the_script(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["probe", "--script"]).stdout == probe_script()
    assert CliRunner().invoke(app, ["probe", "--script", "-o", str(tmp_path / "p.py")]).exit_code == 0
    assert (tmp_path / "p.py").read_text(encoding="utf-8") == probe_script()
    result = CliRunner().invoke(app, ["probe", "--script", "--python", "python3"])
    assert isinstance(result.exception, OptionConflict)


@pytest.mark.parametrize(
    ("python", "words"),
    [("no-such-python", "no interpreter"), ("/bin/true", "could not be"), ("/bin/false", "exit code 1")],
)
def test_parity_probe_names_an_interpreter_that_is_none(python: str, words: str) -> None:
    error = CliRunner().invoke(app, ["probe", "--python", python]).exception
    assert isinstance(error, ProbeFailed)
    assert words in error.message
    assert "--python" in error.remedy
