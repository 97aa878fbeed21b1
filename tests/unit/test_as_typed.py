"""What people type, and what happens to lie in their folder: each is told what helps there and then."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest
from typer.testing import CliRunner, Result

from parity.cli.app import app
from parity.cli.shared.profile_health import image_remedy, look
from parity.cli.shared.words import sort_words
from parity.engine import EngineInfo
from parity.errors import (
    EngineUnavailable,
    InputFileError,
    KeyUnusable,
    OptionConflict,
    ProfileError,
    RootError,
)
from parity.portable.errors import FarsideError, PrefixInUse
from parity.profile import load_profile, read_system, search
from parity.sign import load_public_key


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of somebody with an empty home, and no engine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    return tmp_path


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def refused(*words: str) -> RootError:
    error = typed(*words).exception
    assert isinstance(error, RootError), error
    return error


def test_doctor_tells_of_the_engine_what_a_build_does() -> None:
    told = typed("doctor").output
    error = refused("build", "debian12-py311", "six")
    assert isinstance(error, EngineUnavailable)
    assert "parity doctor` tells more" in error.remedy
    assert error.details
    for line in error.details:
        assert line in told


@pytest.mark.parametrize("command", ["installed", "rollback", "uninstall"])
def test_of_what_is_no_prefix_another_one_is_to_be_named_not_an_empty_folder(command: str) -> None:
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("mine")
    error = refused(command, "--prefix", "mine")
    assert isinstance(error, PrefixInUse)
    assert error.remedy == "check the path given with --prefix"


def test_what_is_no_public_key_is_replaced_by_the_senders_not_by_a_new_one() -> None:
    for text in ("six\n", "-----BEGIN PUBLIC KEY-----\n", ""):
        Path("key.pub").write_text(text)
        with pytest.raises(KeyUnusable) as caught:
            load_public_key(Path("key.pub"))
        assert "sender" in caught.value.remedy
        assert "keygen" not in caught.value.remedy


# --- init --ci ----------------------------------------------------------------------------------------------


def test_a_pipeline_builds_a_profile_of_ones_own_by_its_name_as_the_profile_says() -> None:
    Path("requirements.txt").write_text("six\n")
    Path("plant.yaml").write_text("extends: debian12-py311\ninstall: {requirements: [idna]}\n")
    for name in ("plant", "plant.yaml"):
        assert typed("init", "--ci", "gitlab", "--extends", name, "--force").exit_code == 0
        assert f"parity build {name} --locked" in Path(".gitlab-ci.yml").read_text()


def test_no_pipeline_is_written_whose_first_line_would_fail() -> None:
    error = refused("init", "--ci", "gitlab", "--extends", "debian12-py311")
    assert isinstance(error, OptionConflict)
    assert error.remedy == "parity init --ci gitlab --extends debian12-py311 -r FILE"
    for file in ("gone.txt", "."):
        error = refused("init", "--ci", "gitlab", "--extends", "debian12-py311", "-r", file)
        assert isinstance(error, InputFileError)
    assert not Path(".gitlab-ci.yml").exists()


def test_the_host_is_looked_at_first_so_that_the_remedy_ends_well() -> None:
    error = refused("init", "--ci", "bitbucket")
    assert error.remedy == "--ci github | gitlab | jenkins"


@pytest.mark.parametrize(
    "words",
    [("-p", "six"), ("--os", "debian 12"), ("--project", "."), ("-o", "x.yml"), ("--python", "3.11")],
)
def test_what_a_pipeline_does_not_take_is_told_not_dropped(words: tuple[str, str]) -> None:
    Path("requirements.txt").write_text("six\n")
    error = refused("init", "--ci", "github", "--extends", "debian12-py311", *words)
    assert isinstance(error, OptionConflict)
    assert words[0].lstrip("-")[0] in error.message
    assert not Path(".github").exists()


# --- profiles of one's own in the folder --------------------------------------------------------------------


def own(name: str, *requirements: str) -> None:
    installs = "".join(f"\n    - {each}" for each in requirements)
    text = f"extends: debian12-py311\ninstall:\n  requirements:{installs}\n"
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)


def test_what_init_wrote_here_is_listed_and_meant_as_a_shipped_one_is() -> None:
    own("plant.yaml", "idna")
    own("profiles/plant.yaml", "docopt")
    Path("compose.yaml").write_text("services: {target: {image: redis}}\n")
    listed = [line.split("\t") for line in typed("profile", "list").stdout.splitlines()]
    assert [row[-1] for row in listed if row[0] == "plant"] == ["idna"]
    assert "compose" not in [row[0] for row in listed]
    assert "did you mean plant?" in refused("build", "plnt").message
    assert "did you mean plant?" in refused("profile", "show", "plnt").message


def test_a_base_of_ones_own_is_found_from_another_folder() -> None:
    own("plant.yaml", "idna")
    assert (
        "wrote sub/more.yaml on top of plant; next: parity build sub/more.yaml\n"
        in typed("init", "--extends", "plant", "-o", "sub/more.yaml").stderr
    )
    assert "idna" in typed("profile", "show", "sub/more.yaml").stdout


def test_a_folder_that_cannot_be_listed_has_no_profiles(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", denied)
    assert list(search._lying_in(here)) == []


def test_a_yaml_file_that_is_no_profile_hides_no_package() -> None:
    Path("redis.yaml").write_text("version: 3\nservices: {redis: {image: redis}}\n")
    assert sort_words(("debian12-py311", "redis"), "build").packages == ("redis",)
    # By itself it is what was named, and told what is wrong with it.
    assert isinstance(refused("build", "redis"), ProfileError)
    assert isinstance(refused("build", "debian12-py311", "redis.yaml"), ProfileError)


def test_a_profile_that_is_called_like_the_package_that_was_meant_is_told() -> None:
    own("six.yaml", "idna")
    error = refused("build", "debian12-py311", "six")
    assert error.remedy.startswith("parity build debian12-py311 -p six for the package")
    assert "-p " not in refused("build", "debian12-py311", "rhel9-py39").remedy
    assert isinstance(refused("build", "debian12-py311", "-p", "six"), EngineUnavailable)


# --- systems in any spelling --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("debian bullseye", ("debian", "11")),
        ("Debian Bookworm", ("debian", "12")),
        ("Debian 12 bookworm", ("debian", "12")),
        ("ubuntu jammy", ("ubuntu", "22.04")),
        ("Ubuntu 24.04 LTS noble", ("ubuntu", "24.04")),
        ("debian jammy", None),
        ("debian 11 bookworm", None),
    ],
)
def test_a_code_name_may_stand_behind_its_system(told: str, meant: tuple[str, str] | None) -> None:
    assert read_system(told) == meant


# --- files that are none, or another one --------------------------------------------------------------------


def test_a_pipe_of_the_shell_is_told_as_one(here: Path) -> None:
    os.mkfifo(here / "pipe")
    for option in ("-r", "-c"):
        for name in ("pipe", "/dev/null"):
            error = refused("build", "debian12-py311", "six", option, name)
            assert isinstance(error, InputFileError)
            assert error.message == "lists are read from files, not from a pipe"
            assert error.remedy.endswith(option)


def test_a_profile_is_not_written_under_a_name_that_no_build_takes_for_one() -> None:
    Path("requirements.txt").write_text("six\n")
    error = refused("init", "--extends", "debian12-py311", "-o", "plant.txt")
    assert isinstance(error, OptionConflict)
    assert error.remedy == "-o plant.yaml"
    assert not Path("plant.txt").exists()


def test_a_stand_in_that_there_is_not_is_no_package() -> None:
    error = refused("build", "debian12-py311", "six", "--stand-in", "nope")
    assert "package" not in error.remedy
    assert "parity profile list" in error.remedy


@pytest.mark.parametrize("command", ["build", "plan", "outdated"])
def test_a_bundle_is_told_as_one_where_a_target_is_to_be_named(command: str) -> None:
    Path("web-1-debian12-py311.parity.tar").write_bytes(b"\0" * (1 << 19))
    error = refused(command, "web-1-debian12-py311.parity.tar")
    assert "is a bundle, not a profile" in error.message
    assert "parity inspect web-1-debian12-py311.parity.tar" in error.remedy


# --- doctor of a target -------------------------------------------------------------------------------------


def test_doctor_promises_no_lock_of_a_target_that_installs_nothing() -> None:
    (lock,) = [each for each in look(load_profile("debian12-py311"), None) if each.what == "lock"]
    assert lock.good
    assert "pylock.debian12-py311.toml" not in lock.found
    own("plant.yaml", "idna")
    (lock,) = [each for each in look(load_profile("plant"), None) if each.what == "lock"]
    assert "pylock.plant.toml" in lock.found


def test_the_image_that_is_to_be_carried_is_saved_into_a_file() -> None:
    more: dict[str, Any] = {"cpus": 1, "memory": 1, "storage_driver": "x", "root": "/a", "rootless": False}
    docker = EngineInfo("Docker", "1", "1.41", "linux/amd64", "unix:///a", **more)
    profile = load_profile("rhel9-py39")
    told = image_remedy(profile, docker, "no such host")
    assert "parity image build rhel9-py39" in told
    assert "docker save -o image.tar parity/rhel9-py39:" in told
    assert "docker load -i image.tar" in told


# --- shells that close what others leave open ---------------------------------------------------------------


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", ["explain 51 --json", "profile show nope --json", "profile show nope"])
def test_closed_streams_change_no_exit_code_and_take_no_files_place(closed: str, words: str) -> None:
    command = f"{sys.executable} -m parity {words} {closed}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == (11 if "nope" in words else 0)
    assert "Traceback" not in done.stdout + done.stderr


# --- what the shell completes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("parity docs op", "operator"),
        ("parity explain Hash", "HashMismatch"),
        ("parity init --extends rhel8", "rhel8-py39"),
        ("parity profile show rhel8", "rhel8-py39"),
        ("parity profile check rhel8", "rhel8-py39"),
        ("parity build six --stand-in rhel8", "rhel8-py39"),
        ("parity help out", "outdated"),
    ],
)
def test_the_shell_completes_names_wherever_they_are_taken(line: str, found: str) -> None:
    words = {"_PARITY_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    command = [sys.executable, "-c", "import sys; sys.argv = ['parity']; from parity.cli import main; main()"]
    done = subprocess.run(command, env={**os.environ, **words}, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [found]


# --- files that are not what was asked for ------------------------------------------------------------------


@pytest.mark.parametrize("command", [["inspect"], ["report", "-o", "x.html", "--unverified"]])
def test_a_file_that_is_no_bundle_is_not_told_to_be_carried_again(command: list[str]) -> None:
    Path("requirements.txt").write_text("six\n")
    done = typed(command[0], "requirements.txt", *command[1:])
    error = done.exception
    assert isinstance(error, FarsideError)
    assert error.message.endswith("this is not a parity bundle, or its first bytes are damaged")
    assert "name a *.parity.tar file" in error.remedy


def test_what_is_cut_off_in_its_first_bytes_ends_too_early() -> None:
    Path("cut.parity.tar").write_bytes(b"parity-bundle/par")
    assert "ends too early" in str(typed("inspect", "cut.parity.tar").exception)


def test_a_report_goes_into_no_file_called_by_a_hyphen() -> None:
    error = refused("report", "some.parity.tar", "-o", "-")
    assert isinstance(error, OptionConflict)
    assert not Path("-").exists()


@pytest.mark.parametrize("words", [["build"], ["outdated"], ["plan", "debian12-py311"]])
def test_a_lock_among_the_words_is_told_as_one(words: list[str]) -> None:
    Path("pylock.debian12-py311.toml").write_text('lock-version = "1.0"\n')
    error = refused(*words, "pylock.debian12-py311.toml")
    assert "is a lock" in error.message
    assert "--lock pylock.debian12-py311.toml" in error.remedy
