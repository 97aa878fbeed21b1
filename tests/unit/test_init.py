"""`parity profile …`, `parity schema` and `parity init`, as a person or a script calls them."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from parity.cli.commands import init as init_module
from parity.cli.commands import profiles
from parity.cli.shared.asked import HowToBuild, WhatToBuild, build_requests
from parity.cli.shared.interview import Interview
from parity.errors import InputFileError, OptionConflict, ParityError, ProfileError, ProfileNotFound
from parity.profile import (
    NewProfile,
    check_profile,
    load_profile,
    schema_text,
    shipped_targets,
    write_new,
)

app = typer.Typer()
app.add_typer(profiles.app, name="profile")
app.command("schema")(profiles.print_schema)
app.command("init")(init_module.init)

PROJECT = """
[project]
name = "billing"
version = "1.4.0"
[project.optional-dependencies]
cli = []
[dependency-groups]
docs = []
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def good(*words: str) -> str:
    result = run(*words)
    assert result.exception is None, result.exception
    return result.stdout


def refused(*words: str) -> ParityError:
    result = run(*words)
    assert isinstance(result.exception, ParityError), result.output
    return result.exception


def test_init_extends_the_shipped_profile_of_the_same_system() -> None:
    good("init", "--os", "rhel 9.4", "--python", "3.12", "-p", "requests>=2", "-o", "plant.yaml")
    profile = load_profile("plant.yaml")
    assert (profile.name, profile.target.os_version, profile.target.python) == ("plant", "9.4", "3.12")
    assert profile.requirements.inline == ("requests>=2",)
    assert profile.requirements.files == ()
    assert profile.image.folder is not None
    assert "plant.yaml: ok" in good("profile", "check", "plant.yaml")


def test_init_describes_a_system_that_nobody_ships(here: Path) -> None:
    (here / "wanted.txt").write_text("requests\n")
    good(
        *("init", "--os", "ol:8", "--python", "3.10", "--libc", "glibc 2.28", "--arch", "aarch64"),
        *("--image", "registry.example.org/ol8:1", "-r", "wanted.txt", "-o", "fleet/ol8.yaml"),
    )
    profile = load_profile("fleet/ol8.yaml")
    assert profile.target.python == "3.10"
    assert profile.image.reference == "registry.example.org/ol8:1"
    assert profile.requirements.files == (here / "wanted.txt",)


def test_init_takes_an_image_folder_and_a_base_by_path(here: Path) -> None:
    (here / "img").mkdir()
    (here / "img" / "Dockerfile").touch()
    good(
        "init",
        "--os",
        "debian 11",
        "--python",
        "3.9",
        "--libc",
        "glibc 2.31",
        "--image",
        "img",
        "-o",
        "a/base.yaml",
    )
    good("init", "--from-profile", "a/base.yaml", "--arch", "s390x", "-o", "b/top.yaml")
    profile = load_profile("b/top.yaml")
    assert profile.image.folder == here / "img"
    assert (profile.target.arch, profile.target.python) == ("s390x", "3.9")


def test_init_never_overwrites_unless_told_to(here: Path) -> None:
    (here / "x.yaml").write_text("precious")
    words = ("init", "--extends", "debian11-py39", "-o", "x.yaml")
    assert isinstance(refused(*words), OptionConflict)
    assert (here / "x.yaml").read_text() == "precious"
    good(*words, "--force")
    assert load_profile("x.yaml").target.os_id == "debian"
    assert [path.name for path in here.iterdir()] == ["x.yaml"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--os", "plan9 4"), OptionConflict),
        (("--os", "rhel 9"), OptionConflict),
        (("--os", "debian"), OptionConflict),
        ((), OptionConflict),
        (("--extends", "nothing-like-this"), ProfileNotFound),
        (("--extends", "debian11-py39", "--arch", "amd64"), ProfileError),
        (("--extends", "debian11-py39", "-p", "-e ."), ProfileError),
        (("--extends", "debian11-py39", "-r", "gone.txt"), InputFileError),
    ],
)
def test_init_refuses_what_would_not_pass_check(
    words: tuple[str, ...], error: type[ParityError], here: Path
) -> None:
    assert isinstance(refused("init", *words, "-o", "x.yaml"), error)
    assert list(here.iterdir()) == []


def test_every_key_of_the_template_is_a_real_key(here: Path) -> None:
    """The commented lines, uncommented, make a valid profile."""
    write_new(NewProfile(extends="debian11-py39"), here / "x.yaml")
    (here / "requirements.txt").touch()
    (here / "constraints.txt").touch()
    lines = (here / "x.yaml").read_text().splitlines()
    starts = (
        "install:",
        "rehearsal:",
        "limits:",
        "index:",
        "installer:",
        "exclude-newer:",
        "product:",
        "version:",
        "serial:",
    )
    text = [line[2:] if line[2:].startswith((*starts, "  ")) else line for line in lines]
    (here / "x.yaml").write_text("\n".join(text) + "\n")
    profile = load_profile(here / "x.yaml")
    assert (profile.product, profile.exclude_newer) == ("my-product", "2026-11-01")
    assert len(profile.requirements.constraints) == 1


def test_list_is_tab_separated_in_a_pipe_and_tells_of_broken_ones(here: Path) -> None:
    (here / "profiles").mkdir()
    (here / "profiles" / "mine.yaml").write_text("x: 1\n")
    rows = {line.split("\t")[0]: line.split("\t") for line in good("profile", "list").splitlines()}
    assert rows["debian11-py39"][1:] == [
        "debian 11, Python 3.9, glibc 2.31, x86_64",
        "images/debian11-py39",
        "nothing yet",
    ]
    assert rows["mine"][1].startswith("error: ")
    assert [rows[name][3] for name in ("demo", "git-debian12-py311")] == ["sci.txt", "the project with-git"]
    document = json.loads(good("profile", "list", "--json"))
    assert {row["name"] for row in document["profiles"]} == set(rows)


def test_show_gives_yaml_with_sources_or_json(here: Path) -> None:
    (here / "r.txt").touch()
    text = good("profile", "show", "debian11-py39", "-r", "r.txt")
    assert 'python: "3.9"' in text
    assert "debian11-py39.yaml:8" in text
    assert "r.txt" in text
    assert "command line" in text
    (here / "pyproject.toml").write_text(PROJECT)
    assert "only-dependencies: true" in good("profile", "show", "debian11-py39", "-r", "pyproject.toml")
    document = json.loads(good("profile", "show", "debian11-py39", "--json"))
    assert document["document"]["target"]["libc"] == "glibc 2.31"
    assert len(document["sources"]) == 1


def test_check_tells_all_problems_of_all_files(here: Path) -> None:
    (here / "a.yaml").write_text("pythn: 1\n")
    (here / "b.yaml").write_text("extends: debian11-py39\ninstall: {files: [gone.txt]}\n")
    error = refused("profile", "check", "a.yaml", "b.yaml", "c.yaml", "debian12-py311")
    assert isinstance(error, ProfileError)
    assert error.exit_code == 10
    assert {problem.file for problem in error.problems} == {"a.yaml", "b.yaml", "c.yaml"}
    result = run("profile", "check", "a.yaml", "b.yaml", "--json")
    assert result.exit_code == 10
    document = json.loads(result.stdout)
    assert not document["ok"]
    assert document["problems"][-1]["line"] == 2
    assert json.loads(good("profile", "check", "debian11-py39", "--json")) == {"ok": True, "problems": []}


def test_schema_is_printed_as_it_is() -> None:
    assert good("schema") == schema_text()


def answered(here: Path, *answers: str) -> str:
    """What a terminal shows while somebody answers so; the profile is x.yaml."""
    program = "import typer; from parity.cli.commands.init import init; typer.run(init)"
    main, terminal = pty.openpty()
    words = [sys.executable, "-c", program, "-o", "x.yaml"]
    with subprocess.Popen(words, stdin=terminal, stdout=terminal, stderr=terminal, cwd=here) as process:
        os.close(terminal)
        os.write(main, "".join(f"{answer}\n" for answer in answers).encode())
        shown = b""
        with contextlib.suppress(OSError):  # the other end has been closed
            while part := os.read(main, 100_000):
                shown += part
        assert process.wait(60) == 0, shown.decode()
    os.close(main)
    return shown.decode()


def test_init_asks_on_a_terminal_for_what_is_open(here: Path) -> None:
    shown = answered(here, "rhel 9", "3.12", "requests pyyaml")
    assert "Which Python of that system: 3.12, 3.9" in shown
    profile = load_profile("x.yaml")
    assert profile.target.python == "3.12"
    assert profile.requirements.inline == ("requests", "pyyaml")


def test_a_python_that_is_chosen_is_not_asked_for_again(here: Path) -> None:
    shown = answered(here, "windows 11", "rhel 9", "3.13", "x86_64", "six")
    assert "a bundle is for Linux" in shown
    assert shown.count("Python on the target") == 0
    profile = load_profile("x.yaml")
    assert (profile.target.os_id, profile.target.python, profile.target.libc.version) == (
        "rhel",
        "3.13",
        (2, 34),
    )


def test_a_wrong_answer_is_asked_for_again_with_what_is_wrong(here: Path) -> None:
    right = ("plan9 4", "3.11", "glibc 2.31", "aarch64", "registry.example.org/plan9:4", "'idna>=3'")
    wrong = ("debian", "2.7", "libc 6", "arm64", "an image", "'==3'")
    shown = answered(here, *(each for pair in zip(wrong, right, strict=True) for each in pair))
    for told in (
        "did you mean debian11-py39",
        "a Python version X.Y",
        "'glibc X.Y'",
        "did you mean aarch64?",
        "an image reference such as",
        "'==3' is no requirement",
    ):
        assert told in shown
    profile = load_profile("x.yaml")
    assert (profile.target.os_id, profile.target.arch) == ("plan9", "aarch64")
    assert profile.requirements.inline == ("idna>=3",)


def test_a_list_of_targets_and_of_what_lies_here_is_offered(here: Path) -> None:
    (here / "requirements.txt").write_text("idna\n")
    (here / "pyproject.toml").write_text(PROJECT)
    (here / "uv.lock").write_text("version = 1\n")
    row = next(number for number, name in enumerate(shipped_targets(), 1) if name == "debian12-py311")
    shown = answered(here, str(row), "9", "1")
    assert f" {row}  debian12-py311 " in shown
    assert "  1  the project here, as its uv.lock pins it" in shown
    assert "  2  requirements.txt" in shown
    assert "expected a number from 1 to 4" in shown
    profile = load_profile("x")
    assert profile.target.python == "3.11"
    assert profile.project is not None
    assert profile.project.folder == here


@pytest.mark.parametrize(
    ("system", "base"),
    [
        ("Debian 11", "debian11-py39"),
        ("Debian GNU/Linux 11 (bullseye)", "debian11-py39"),
        ("bookworm", "debian12-py311"),
        ("RHEL 8", "rhel8-py39"),
        ("Red Hat Enterprise Linux 10", "rhel10-py312"),
        ("Alma Linux 9", "almalinux9-py39"),
        ("Ubuntu 22.04 LTS", "ubuntu2204-py310"),
        ("SLES 15 SP7", "sles15-py311"),
        ("Amazon Linux 2023", "amzn2023-py39"),
        ("alpine 3.22", "alpine322-py312"),
        ("rhel8-py39", "rhel8-py39"),
    ],
)
def test_a_system_is_known_in_any_spelling(system: str, base: str) -> None:
    good("init", "--os", system, "-p", "idna", "-o", "x.yaml")
    target = load_profile("x").target
    assert (target.os_id, target.libc, target.python) == (
        (known := load_profile(base).target).os_id,
        known.libc,
        known.python,
    )
    assert f"extends: {base}\n" in Path("x.yaml").read_text()


@pytest.mark.parametrize(("system", "os_id"), [("rocky 9", "rocky"), ("Oracle Linux 9.4", "ol")])
def test_what_is_built_like_rhel_is_known_with_its_image(here: Path, system: str, os_id: str) -> None:
    good("init", "--os", system, "--python", "3.9", "-p", "idna", "-o", "fleet/x.yaml")
    profile = load_profile("fleet/x.yaml")
    assert (profile.target.os_id, str(profile.target.libc)) == (os_id, "glibc 2.34")
    assert profile.image.folder == here / "fleet" / "images" / f"{os_id}9-py39"
    recipe = (profile.image.folder / "Dockerfile").read_text()
    assert re.search(rf"^FROM {'rocky' if os_id == 'rocky' else 'oracle'}linux\S*:9$", recipe, re.MULTILINE)
    assert "\nRUN dnf install" in recipe
    assert "# Not seen: " in recipe
    assert check_profile("fleet/x.yaml") == ()


def test_a_release_whose_packages_are_gone_gets_no_recipe(here: Path) -> None:
    good("init", "--os", "centos 8", "--python", "3.9", "--libc", "glibc 2.28", "-p", "idna", "-o", "x.yaml")
    assert load_profile("x").image.folder is None


def test_what_was_never_seen_working_is_marked(here: Path) -> None:
    lines = {line.split("\t")[0]: line.split("\t")[2] for line in good("profile", "list").splitlines()}
    assert lines["rhel9-py39"].endswith("(not seen)")
    assert not lines["debian12-py311"].endswith("(not seen)")
    rows = {row["name"]: row["seen"] for row in json.loads(good("profile", "list", "--json"))["profiles"]}
    assert (rows["rhel9-py39"], rows["debian12-py311"]) == (False, True)


def test_a_python_that_nobody_ships_has_the_systems_libc_and_the_vendors_image() -> None:
    good("init", "--os", "RHEL 9", "--python", "3.14", "-p", "idna", "-o", "x.yaml")
    profile = load_profile("x")
    assert str(profile.target.libc) == "glibc 2.34"
    assert profile.image.reference == "registry.access.redhat.com/ubi9/python-314"


@pytest.mark.parametrize(
    ("words", "lies", "asked"),
    [
        ((), ["requirements.txt"], "requirements.txt"),
        ((), ["pyproject.toml"], "."),
        ((), ["pyproject.toml", "requirements.txt"], "requirements.txt"),
        ((), ["pyproject.toml", "uv.lock", "requirements.txt"], "."),
        (("-p", "six"), ["requirements.txt"], "six"),
        (("-r", "pyproject.toml", "--extra", "cli"), ["pyproject.toml"], ". cli alone"),
        (("--project", ".", "--group", "docs"), ["pyproject.toml", "uv.lock"], ". docs"),
        (("-r", "tool.py"), ["tool.py"], "tool.py"),
        ((), ["setup.py"], "../"),
        (("-p", "./part[cli]", "-p", "six"), [], "../part[cli] six"),
    ],
)
def test_what_lies_here_is_installed_unless_something_else_is_said(
    here: Path, words: tuple[str, ...], lies: list[str], asked: str
) -> None:
    texts = {"pyproject.toml": PROJECT, "tool.py": "# /// script\n# dependencies = []\n# ///\n"}
    texts["setup.py"] = 'from setuptools import setup\nsetup(name="billing")\n'
    (here / "part").mkdir()
    for name in lies:
        (here / name).write_text(texts.get(name, ""))
    good("init", "--os", "debian 12", *words, "-o", "deploy/x.yaml")
    profile = load_profile("deploy/x.yaml")
    told = [*profile.requirements.inline, *(os.path.relpath(path) for path in profile.requirements.files)]
    if plan := profile.project:
        told += [plan.script or os.path.relpath(plan.folder), *plan.extras, *(plan.groups or ())]
        told += ["alone"] * plan.only_dependencies
    assert " ".join(told) == asked


def test_a_pyproject_with_the_settings_of_tools_alone_is_no_project(here: Path) -> None:
    (here / "pyproject.toml").write_text("[tool.ruff]\n")
    good("init", "--os", "debian 12", "-o", "x.yaml")
    assert load_profile("x").project is None


def test_a_base_of_ones_own_says_what_to_install(here: Path) -> None:
    (here / "requirements.txt").write_text("idna\n")
    (here / "base.yaml").write_text("extends: debian12-py311\ninstall: {requirements: [six]}\n")
    good("init", "--extends", "base.yaml", "--arch", "aarch64", "-o", "x.yaml")
    assert load_profile("x").requirements.inline == ("six",)


@pytest.mark.parametrize("output", ["debian12-py311.yaml", "plant.yaml", "profiles/plant.yaml"])
def test_the_command_that_is_typed_next_finds_the_new_profile(here: Path, output: str) -> None:
    told = run("init", "--os", "debian 12", "-p", "idna", "-o", output).stderr
    line = told.rpartition("next: parity build ")[2].strip()
    assert line == Path(output).stem
    (request,) = build_requests(WhatToBuild((line,)), HowToBuild())
    assert request.profile.path == here / output
    assert [each.text for each in request.what.requirements] == ["idna"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--os", "debian"), "did you mean debian11-py39"),
        (("--os", "9 rhel 9"), "write it so"),
        (("--os", "rhel 9"), "give --python"),
        (("--os", "debian 12", "-r", "gone.txt"), ""),
        (("--os", "debian 12", "-r", "."), "without -r"),
        (("--os", "debian 12", "-p", "idna", "--extra", "cli"), "add --project"),
    ],
)
def test_without_a_terminal_a_wrong_answer_is_an_error(here: Path, words: tuple[str, ...], told: str) -> None:
    error = refused("init", *words, "-o", "x.yaml")
    assert error.exit_code > 2
    assert told in error.remedy
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("odd", ["²", "9" * 5000, "0"])
def test_a_number_that_is_none_is_asked_for_again(odd: str) -> None:
    first = next(iter(shipped_targets()))
    with CliRunner().isolation(input=f"{odd}\n1\n"):
        found = Interview(asking=True).target(NewProfile(), "", "")
    assert found.extends == first
