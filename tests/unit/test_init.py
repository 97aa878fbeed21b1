"""`parity profile …`, `parity schema` and `parity init`, as a person or a script calls them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from parity.cli.commands import init as init_module
from parity.cli.commands import profiles
from parity.errors import InputFileError, OptionConflict, ParityError, ProfileError
from parity.profile import NewProfile, load_profile, schema_text, write_new

app = typer.Typer()
app.add_typer(profiles.app, name="profile")
app.command("schema")(profiles.print_schema)
app.command("init")(init_module.init)


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
        (("--extends", "nothing-like-this"), ProfileError),
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
    document = json.loads(good("profile", "list", "--json"))
    assert {row["name"] for row in document["profiles"]} == set(rows)


def test_show_gives_yaml_with_sources_or_json(here: Path) -> None:
    (here / "r.txt").touch()
    text = good("profile", "show", "debian11-py39", "-r", "r.txt")
    assert 'python: "3.9"' in text
    assert "debian11-py39.yaml:8" in text
    assert "r.txt" in text
    assert "command line" in text
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


def test_init_asks_on_a_terminal_for_what_is_open(here: Path) -> None:
    program = "import typer; from parity.cli.commands.init import init; typer.run(init)"
    answers = ["rhel 9", "3.12", "requests pyyaml"]
    main, terminal = pty.openpty()
    words = [sys.executable, "-c", program, "-o", "x.yaml"]
    with subprocess.Popen(words, stdin=terminal, stdout=terminal, stderr=terminal, cwd=here) as process:
        os.close(terminal)
        os.write(main, "".join(f"{answer}\n" for answer in answers).encode())
        assert process.wait(60) == 0
    shown = os.read(main, 100_000).decode()
    os.close(main)
    assert "Which Python of that system: 3.12, 3.9" in shown
    profile = load_profile("x.yaml")
    assert profile.target.python == "3.12"
    assert profile.requirements.inline == ("requests", "pyyaml")
