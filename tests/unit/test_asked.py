"""What to build, as one says it on the command line: targets, lists, packages, projects."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from parity.cli.app import app
from parity.cli.shared.asked import HowToBuild, WhatToBuild, build_requests
from parity.errors import InputFileError, OptionConflict, ParityError, ProfileNotFound
from parity.model import Lock, LockedWheel
from parity.pipeline.context.values import BuildRequest

TARGET = "debian11-py39"
PROJECT = """
[project]
name = "billing"
version = "1.4.0"
dependencies = ["idna"]
[project.optional-dependencies]
cli = ["click"]
[dependency-groups]
docs = ["sphinx"]
[build-system]
requires = ["hatchling"]
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that one stands in, on a machine whose engine does not answer."""
    folder = tmp_path / "plant-control"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    return folder


def asked(*words: str, lock: str | None = None, **options: Any) -> BuildRequest:
    what = WhatToBuild(words=words, **options)
    (request,) = build_requests(what, HowToBuild(lock=Path(lock) if lock else None))
    return request


def names(request: BuildRequest) -> list[str]:
    return [line.text for line in request.what.requirements]


def refused(*words: str) -> ParityError:
    """How `parity build` says no; an engine would have been asked after that."""
    error = CliRunner().invoke(app, ["build", *words]).exception
    assert isinstance(error, ParityError), error
    return error


def followed(remedy: str) -> None:
    """The remedy's first line, typed with a target for TARGET, comes as far as the engine."""
    line = remedy.partition(";")[0].partition(", or ")[0].partition(" for ")[0].partition(" carries ")[0]
    words = shlex.split(line.replace("TARGET", TARGET))
    assert words[:2] == ["parity", "build"]
    assert refused(*words[2:]).kind == "EngineUnavailable"


def write(path: str, text: str) -> Path:
    made = Path(path)
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text(text)
    return made


def test_packages_are_words_or_options_beside_the_target() -> None:
    for words, more in (
        ((TARGET, "pandas", "scikit-learn>=1.4"), ()),
        (("pandas", TARGET, "scikit-learn>=1.4"), ()),
        ((TARGET, "pandas"), ("scikit-learn>=1.4",)),
    ):
        assert names(asked(*words, packages=more)) == ["pandas", "scikit-learn>=1.4"]
    request = asked(TARGET, "black[d]==25.1.0", "idna; python_version < '3.10'")
    assert names(request) == ["black[d]==25.1.0", 'idna; python_version < "3.10"']
    assert json.loads(request.profile.document)["install"]["requirements"][0] == "black[d]==25.1.0"


def test_packages_and_files_join(here: Path) -> None:
    write("web.txt", "click\n")
    request = asked(TARGET, "idna", files=(Path("web.txt"),), packages=("six",))
    assert sorted(names(request)) == ["click", "idna", "six"]
    assert request.lock_path == here / "pylock.web-debian11-py39.toml"


def test_every_profile_among_the_words_gets_the_same(here: Path) -> None:
    write("own.yaml", "extends: rhel9-py39\ninstall: {requirements: [six]}\n")
    write("sub/deep.yml", "extends: rhel9-py312\n")
    what = WhatToBuild(("own", TARGET, "idna", "sub/deep.yml"))
    requests = build_requests(what, HowToBuild())
    assert [each.profile.name for each in requests] == ["own", TARGET, "deep"]
    assert [names(each) for each in requests] == [["idna"]] * 3


@pytest.mark.parametrize("word", ["./myproject", "myproject/", "../plant-control/myproject"])
def test_a_folder_with_a_project_is_carried_as_it_is_locked(here: Path, word: str) -> None:
    write("myproject/pyproject.toml", PROJECT)
    request = asked(TARGET, word, extras=("cli",), groups=("docs",))
    plan = request.profile.project
    assert plan is not None
    assert plan.folder.resolve() == here / "myproject"
    assert (plan.extras, plan.groups, plan.only_dependencies) == (("cli",), ("docs",), False)
    assert (request.identity.product, request.identity.version) == ("billing", "1.4.0")
    assert request.lock_path.resolve() == here / "myproject" / "pylock.billing-debian11-py39.toml"


def test_the_folder_that_one_stands_in_is_a_project(here: Path) -> None:
    write("pyproject.toml", PROJECT)
    plan = asked(TARGET, ".").profile.project
    assert plan is not None
    assert plan.folder == here


def test_a_project_by_its_file_is_what_it_requires(here: Path) -> None:
    write("pyproject.toml", PROJECT)
    request = asked(TARGET, files=(Path("pyproject.toml"),), extras=("cli",))
    plan = request.profile.project
    assert plan is not None
    assert (plan.folder, plan.extras, plan.only_dependencies) == (here, ("cli",), True)
    assert request.identity.product == "billing"


def test_a_script_is_taken_with_r(here: Path) -> None:
    write("tool.py", "# /// script\n# dependencies = ['idna']\n# ///\n")
    plan = asked(TARGET, files=(Path("tool.py"),)).profile.project
    assert plan is not None
    assert plan.script == "tool.py"


def test_a_folder_without_metadata_in_pyproject_is_built_as_pip_does(here: Path) -> None:
    write("old/setup.py", "from setuptools import setup; setup(name='old')\n")
    write("older/pyproject.toml", "[build-system]\nrequires = ['setuptools']\n")
    write("dist/thing-1.0-py3-none-any.whl", "")
    request = asked(TARGET, "./old", "./older", "dist/thing-1.0-py3-none-any.whl")
    assert [Path(each.url).name for each in request.what.direct] == [
        "old",
        "older",
        "thing-1.0-py3-none-any.whl",
    ]
    assert request.profile.project is None


def test_extras_of_a_profiles_own_project(here: Path) -> None:
    write("pyproject.toml", PROJECT)
    write("own.yaml", f"extends: {TARGET}\ninstall: {{project: {{path: .}}}}\n")
    plan = asked("own", extras=("cli",)).profile.project
    assert plan is not None
    assert plan.extras == ("cli",)
    for words in (("own", "--extra", "gone"), (TARGET, "idna", "--extra", "cli")):
        assert isinstance(refused(*words), InputFileError | OptionConflict)


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        (("pandas",), ProfileNotFound, "pandas is a package, and no target is named"),
        (("scikit-learn>=1.4", "pandas"), ProfileNotFound, "no target is named"),
        (("wanted.txt",), ProfileNotFound, "wanted.txt is a requirements file, not a profile"),
        ((TARGET, "wanted.txt"), ProfileNotFound, "wanted.txt is a requirements file, not a package"),
        ((TARGET, "idna", "wanted.txt"), ProfileNotFound, "wanted.txt is a requirements file"),
        (("app/pyproject.toml",), ProfileNotFound, "is a project, not a profile"),
        (("./app",), ProfileNotFound, "./app is a project, and no target is named"),
        ((TARGET, "app"), InputFileError, "app may be the folder here or the package"),
        ((TARGET, "./listed"), InputFileError, "./listed holds no project"),
        (("debian11-py38", "-r", "wanted.txt"), ProfileNotFound, "did you mean debian11-py39"),
        (("rhel9", "-r", "wanted.txt"), ProfileNotFound, "did you mean rhel9-py312 or rhel9-py39"),
        (("Debian 11", "idna"), ProfileNotFound, "did you mean debian11-py39"),
    ],
)
def test_what_was_meant_is_told_and_the_line_works(
    words: tuple[str, ...], kind: type[ParityError], message: str
) -> None:
    write("wanted.txt", "idna\n")
    write("app/pyproject.toml", PROJECT)
    write("listed/requirements.txt", "idna\n")
    error = refused(*words)
    assert isinstance(error, kind)
    assert message in error.message
    followed(error.remedy)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ((TARGET, "gone.txt"), InputFileError),
        ((TARGET, "./gone"), InputFileError),
        ((TARGET, "a'b"), ProfileNotFound),
        ((TARGET, "$(x)"), ProfileNotFound),
        ((TARGET, "-r", "app"), InputFileError),
        ((TARGET, "./app", "./other"), OptionConflict),
        ((TARGET, "-r", "app/uv.lock"), InputFileError),
        (("gone.yaml", "idna"), ProfileNotFound),
        ((TARGET, "-r", "pylock.web.toml"), InputFileError),
        ((TARGET, "-r", "own.yaml"), InputFileError),
        ((TARGET, "poetry.lock"), InputFileError),
        ((TARGET, "-r", "environment.yml"), InputFileError),
        ((TARGET, "environment.yml"), InputFileError),
        ((TARGET, "-r", "app/Pipfile.lock"), InputFileError),
    ],
)
def test_what_cannot_be_is_refused_before_any_engine(words: tuple[str, ...], kind: type[ParityError]) -> None:
    write("app/pyproject.toml", PROJECT)
    write("other/pyproject.toml", PROJECT)
    write("own.yaml", f"extends: {TARGET}\n")
    for lock in ("pylock.web.toml", "poetry.lock", "environment.yml", "app/Pipfile.lock"):
        write(lock, "")
    assert isinstance(refused(*words), kind)


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("-r", "pylock.web.toml"), "--lock pylock.web.toml"),
        (("-r", "own.yaml"), "without -r"),
        (("poetry.lock",), "poetry export"),
        (("-r", "poetry.lock"), "poetry export"),
        (("environment.yml",), "conda"),
    ],
)
def test_what_other_tools_write_has_its_own_line(words: tuple[str, ...], remedy: str) -> None:
    for name in ("pylock.web.toml", "own.yaml", "poetry.lock", "environment.yml"):
        write(name, "")
    assert remedy in refused(TARGET, *words).remedy


def test_a_project_for_another_python_says_so_before_any_engine(here: Path) -> None:
    for python, fits in ((">=3.11", False), (">=3.9.2", True), ("<3.9.3", True), ("==3.9.*", True)):
        write(
            "pyproject.toml",
            PROJECT.replace("dependencies", f"requires-python = '{python}'\ndependencies", 1),
        )
        error = refused(TARGET, ".")
        assert isinstance(error, InputFileError) is not fits
        if not fits:
            assert error.message == "the project is for Python >=3.11, the target has Python 3.9"


def test_a_profile_that_is_known_goes_before_a_folder_of_that_name(here: Path) -> None:
    write("demo/pyproject.toml", PROJECT)
    assert asked("demo").profile.product == "sci"


def test_a_profile_of_ones_own_that_asks_for_nothing_is_told_where_to_write(here: Path) -> None:
    write("own.yaml", f"extends: {TARGET}\n")
    error = refused("own")
    assert "install.requirements" in error.remedy
    assert "parity build own -r" in error.remedy


def test_nothing_to_install_tells_what_to_give_and_offers_what_lies_here(here: Path) -> None:
    error = refused(TARGET)
    assert "asks for nothing to be installed" in error.message
    for way in ("-r requirements.txt", "pandas 'scikit-learn>=1.4'", "./PROJECT", "parity init"):
        assert way in error.remedy
    write("pyproject.toml", "[tool.ruff]\n")
    remedy = refused(TARGET).remedy
    assert not remedy.startswith(f"parity build {TARGET} .,"), "settings of tools are no project"
    write("requirements.txt", "idna\n")
    remedy = refused(TARGET).remedy
    assert remedy.startswith(f"parity build {TARGET} -r requirements.txt")
    write("pyproject.toml", PROJECT)
    assert f"parity build {TARGET} ." in refused(TARGET).remedy


@pytest.mark.parametrize(
    ("files", "product"),
    [
        (("web.txt",), "web"),
        (("requirements-web.txt",), "web"),
        (("requirements.txt",), "plant-control"),
        (("requirements/prod.in",), "plant-control"),
        (("requirements/web.in",), "web"),
        (("./named/requirements.txt",), "billing"),
        (("requirements_dev.txt",), "plant-control"),
    ],
)
def test_a_bundle_is_called_after_its_list_or_project(
    here: Path, files: tuple[str, ...], product: str
) -> None:
    write("named/pyproject.toml", PROJECT)
    for each in files:
        write(each, "idna\n")
    request = asked(TARGET, files=tuple(map(Path, files)))
    assert request.identity.product == product
    # The lock is the list's: another folder's name must not hide it from a colleague.
    assert request.lock_path.name == f"pylock.{Path(files[0]).stem}-debian11-py39.toml"


def test_a_bundle_of_packages_is_called_after_them() -> None:
    assert asked(TARGET, "pandas>=2").identity.product == "pandas"
    assert asked(TARGET, "pandas", "scikit-learn>=1.4").identity.product == "pandas-scikit-learn"
    many = asked(TARGET, *(f"package-number-{number}" for number in range(5)))
    assert many.identity.product == "package-number-0-and-4-more"


def test_what_somebody_says_goes_before_what_is_found(here: Path) -> None:
    write("requirements.txt", "idna\n")
    write("pyproject.toml", PROJECT)
    write("own.yaml", f"extends: {TARGET}\nproduct: mine\nversion: '7'\ninstall: {{project: {{path: .}}}}\n")
    assert asked("own").identity.stem == "mine-7-own"
    assert asked("own", product="x", version="1").identity.stem == "x-1-own"
    assert asked("own", files=(Path("requirements.txt"),)).identity.stem == "mine-7-own"
    write("plain.yaml", f"extends: {TARGET}\ninstall: {{project: {{path: .}}}}\n")
    plain = asked("plain")
    assert plain.identity.stem == "billing-1.4.0-plain"
    assert plain.lock_path.name == "pylock.plain.toml"


def test_a_version_that_no_bundle_can_have_is_made_one(here: Path) -> None:
    write("pyproject.toml", PROJECT.replace("1.4.0", "1!2.0+local"))
    assert asked(TARGET, ".").identity.version == "1-2.0+local"


POETRY = '[tool.poetry]\nname = "web-shop"\nversion = "2.1"\n[build-system]\nrequires = ["poetry-core"]\n'


def test_a_folder_without_a_project_table_is_called_as_its_own_tool_calls_it(here: Path) -> None:
    write("pyproject.toml", POETRY)
    assert asked(TARGET, ".").identity.stem == f"web-shop-2.1-{TARGET}"
    Path("pyproject.toml").unlink()
    write("setup.py", 'from setuptools import setup\nsetup(name="old-shop", version="0.3")\n')
    request = asked(TARGET, ".")
    assert request.identity.stem == f"old-shop-0.3-{TARGET}"
    assert request.lock_path.name == f"pylock.old-shop-{TARGET}.toml"


def test_a_version_that_only_the_built_wheel_tells_is_taken_from_the_lock(here: Path) -> None:
    write("pyproject.toml", '[project]\nname = "Web.Shop"\ndynamic = ["version"]\n')
    request = asked(TARGET, ".")
    assert request.settled(lock_with("web-shop", "3.2.dev4+g1a2b3c4")).version == "3.2.dev4+g1a2b3c4"
    assert request.settled(lock_with("web-shop", "1!3.2")).version == "1-3.2"
    assert request.settled(lock_with("other", "3.2")) == request.identity
    assert asked(TARGET, ".", version="7").settled(lock_with("web-shop", "3.2")).version == "7"
    # A profile of packages is no project, whatever lies beside it.
    assert asked(TARGET, "pandas").settled(lock_with("pandas", "2.0")).version != "2.0"


def lock_with(name: str, version: str) -> Lock:
    wheel = LockedWheel(name, version, f"{name}.whl", "", "0" * 64, 1, True)
    return Lock((wheel,), "==3.9.*", "0" * 64, "uv")


def test_a_pyproject_that_says_no_requirements_is_not_an_empty_list(here: Path) -> None:
    write("pyproject.toml", POETRY)
    error = refused(TARGET, "-r", "pyproject.toml")
    assert "has no [project]" in str(error)
    assert error.remedy.startswith(f"parity build {TARGET} . ")
    write("pyproject.toml", '[dependency-groups]\ndocs = ["sphinx"]\n')
    assert asked(TARGET, files=(Path("pyproject.toml"),), groups=("docs",)).profile.project
