"""Remedies as a user follows them: provoke the error, do what it says to the letter, and it ends well."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import dask
import pytest
from tests.support.fake_registry import FakeRegistry, Said, fake_registry
from tests.support.served import bundle_of, some_wheels
from typer.testing import CliRunner

from parity.cli.app import app
from parity.cli.commands.images import table_of
from parity.cli.shared.keyring import signing_keys
from parity.cli.shared.profile_health import image_remedy, look
from parity.docs import error_pages
from parity.engine import EngineInfo
from parity.errors import (
    EngineUnavailable,
    InputFileError,
    KeyUnusable,
    OptionConflict,
    RegistryDenied,
    RootError,
    WriteFailed,
)
from parity.export.spool import Spool, spooling
from parity.farside.cli.main import _own_parser
from parity.host.gemrc import gem_settings
from parity.images import ImageRow, image_tag
from parity.portable.errors import BundleUnreadable, ServeFailed
from parity.profile import load_profile, shipped_root
from parity.sign import generate_key, save_key

_TYPED = re.compile(r"`parity ([^`]+)`")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of somebody with an empty home, and no engine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    monkeypatch.delenv("PARITY_KEY_PASSPHRASE", raising=False)
    return tmp_path


def types(line: str) -> BaseException | None:
    """How a command ended; None where all went well."""
    return CliRunner().invoke(app, shlex.split(line)).exception


def refused(line: str) -> RootError:
    error = types(line)
    assert isinstance(error, RootError), error
    return error


def follows(line: str) -> None:
    """Type what the remedy of a refused command says, then the command again: it is not refused any more."""
    for command in _TYPED.findall(refused(line).remedy):
        assert types(command) is None, command
    assert types(line) is None


def unusable(name: str) -> KeyUnusable:
    """Why nothing can be signed with that key."""
    with pytest.raises(KeyUnusable) as caught:
        signing_keys([Path(name)])
    return caught.value


# --- keys ---------------------------------------------------------------------------------------------------


def test_ones_own_key_that_is_not_there_yet_is_made() -> None:
    follows("key show")


def test_somebody_elses_key_is_not_to_be_made() -> None:
    assert _TYPED.findall(refused("key show sender.pub").remedy) == ["key list"]
    assert types("key list") is None


def test_a_signing_key_that_is_not_there_is_made_under_its_name() -> None:
    assert _TYPED.findall(unusable("release.key").remedy) == ["keygen release.key"]
    assert types("keygen release.key") is None
    assert signing_keys([Path("release.key")])


def test_of_two_halves_the_other_one_is_named() -> None:
    assert types("keygen release.key") is None
    assert "release.key.pub" in refused("key trust release.key").remedy
    assert types("key trust release.key.pub") is None
    error = unusable("release.key.pub")
    assert (error.message, error.remedy) == ("this is a public key", "name the private one: release.key")
    assert signing_keys([Path("release.key")])


def test_a_public_half_that_is_gone_is_made_by_the_line_that_is_told(here: Path) -> None:
    assert types("keygen release.key") is None
    (here / "release.key.pub").unlink()
    line = re.findall(r"`(openssl [^`]+)`", refused("key trust release.key").remedy)[0]
    subprocess.run(shlex.split(line), check=True)
    assert types("key trust release.key.pub") is None


def test_a_wrong_passphrase_is_not_a_key_to_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    save_key(Path("release.key"), generate_key(), "right")
    monkeypatch.setenv("PARITY_KEY_PASSPHRASE", "wrong")
    error = unusable("release.key")
    assert "keygen" not in error.remedy
    assert "PARITY_KEY_PASSPHRASE" in error.remedy
    monkeypatch.setenv("PARITY_KEY_PASSPHRASE", "right")
    assert signing_keys([Path("release.key")])


# --- options ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("build debian12-py311 idna --locked --upgrade", "leave one of them out"),
        ("build debian12-py311 idna --on default --scheduler tcp://127.0.0.1:1", "leave one of them out"),
        ("build debian12-py311 debian11-py39 idna --lock x.toml", "build each by itself"),
        ("build debian12-py311 debian12-py311 idna", "name each target once"),
        ("serve x.parity.tar --tls-cert chain.pem", "name both, or leave both out"),
        ("index x.parity.tar", "parity index BUNDLE DIR"),
        ("index site x.parity.tar --rollback", "parity index DIR --rollback"),
        ("join media --check -o x.parity.tar", "leave -o out"),
        ('export image x.parity.tar --entrypoint "\'"', "web serve"),
    ],
)
def test_options_that_contradict_each_other_say_which_to_leave(line: str, wanted: str) -> None:
    error = refused(line)
    assert isinstance(error, OptionConflict)
    assert wanted in error.remedy


# --- words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["build debian12-py311 ruamel.yaml", "build ruamel.yaml"])
def test_a_package_that_is_called_like_a_profile_s_file_is_told_how_to_name(line: str) -> None:
    call = re.findall(r"parity (build [^;]+?) (?:for|is for) the package", refused(line).remedy)[0]
    assert isinstance(refused(call.replace("TARGET", "debian12-py311")), EngineUnavailable)


@pytest.mark.parametrize("word", ["nope.toml", "sub/pylock.x.toml", "nope.lock", "./nope.json", "nope.json"])
@pytest.mark.parametrize("command", ["tree", "why idna", "lock", "build"])
def test_a_file_that_is_not_there_is_taken_for_no_package(command: str, word: str) -> None:
    error = refused(f"{command} {word}")
    assert isinstance(error, InputFileError)
    assert error.message == f"there is no file {word}"
    if "/" in word:
        assert "-p" not in error.remedy
        return
    call = re.findall(r"parity (.+) is for the package", error.remedy)[0]
    assert isinstance(refused(call.replace("TARGET", "debian12-py311")), EngineUnavailable)


def test_a_profile_that_is_not_there_is_not_to_be_mended() -> None:
    assert _TYPED.findall(refused("profile check nope.yaml").remedy) == ["profile list", "init"]
    Path("bad.yaml").write_text("extends: nowhere\n")
    assert "mend the lines" in refused("profile check nope.yaml bad.yaml").remedy


def test_a_lock_that_only_poetry_reads_is_exported_or_left_out_as_is_told() -> None:
    Path("pyproject.toml").write_text("[project]\nname = 'x'\nversion = '1'\ndependencies = ['idna']\n")
    Path("poetry.lock").write_text("")
    remedy = refused("build debian12-py311 -r pyproject.toml").remedy
    assert "`poetry export -o requirements.txt`, then give it with -r" in remedy
    Path("requirements.txt").write_text("idna\n")
    assert isinstance(refused("build debian12-py311 -r requirements.txt"), EngineUnavailable)
    line = re.findall(r"`(install: [^`]+)` in a profile", remedy)[0]
    Path("x.yaml").write_text(f"extends: debian12-py311\n{line}\n")
    assert isinstance(refused("build x.yaml"), EngineUnavailable)


@pytest.mark.parametrize("system", ["windows 11", "macOS 14", "win 10", "darwin 23"])
def test_what_runs_no_linux_is_no_target_and_no_c_library_is_asked_of_it(system: str) -> None:
    for more in ("", " --libc 'glibc 2.35'"):
        error = refused(f"init --os '{system}' --python 3.11{more}")
        assert "libc" not in error.remedy
        assert "WSL" in error.remedy
    assert types("init --os 'ubuntu 24.04' --python 3.12") is None


def test_a_base_that_is_not_there_is_told_and_not_what_it_would_have_said() -> None:
    error = refused("init --extends debian12-py31")
    assert "debian12-py311" in f"{error.message} {error.remedy}"
    assert not Path("debian12-py31.yaml").exists()
    assert types("init --extends debian12-py311") is None


_NOT_YET = [
    ("--os 'debian 11' --python 2.7", "--python", "--python 3.9"),
    ("--os 'debian 11' --python 3.9 --libc foo", "--libc", "--libc 'glibc 2.31'"),
    ("--os 'debian 11' --python 3.9 --arch amd64", "--arch", "--arch x86_64"),
    ("--os 'foo 1' --python 3.9 --libc 'glibc 2.31' --image 'UPPER case'", "--image", "--image foo:1"),
    ("--extends debian11-py39 -r gone.txt", "-r", "-r here.txt"),
    ("--extends debian11-py39 --project gone", "--project", "--project ."),
    ("--extends debian11-py39 -p 'pandas >>1'", "-p", "-p 'pandas>1'"),
    ("--extends debian11-py39 -o 'a b.yaml'", "-o", "-o a-b.yaml"),
]


@pytest.mark.parametrize(("words", "option", "mended"), _NOT_YET, ids=lambda text: text)
def test_what_is_wrong_with_a_new_profile_is_told_by_the_option_that_says_it(
    words: str, option: str, mended: str, here: Path
) -> None:
    """No line of a file that is not there: nothing was written."""
    (here / "here.txt").touch()
    (here / "pyproject.toml").write_text("[project]\nname = 'x'\nversion = '1'\n")
    error = refused(f"init {words}")
    told = f"{error.message} {error.where} {error.remedy} {error.details}"
    assert option in told
    assert ".yaml:" not in told
    assert "lines above" not in error.remedy
    assert not list(here.glob("*.yaml"))
    # The option that comes last counts.
    assert types(f"init {words.partition(f' {option} ')[0]} {mended}") is None


# --- pages of `parity explain` ------------------------------------------------------------------------------


def test_the_keys_of_a_profile_on_a_page_are_those_of_the_schema() -> None:
    lines = re.findall(
        r"`([a-z-]+: [^`]+)` in the profile", "\n".join(page.example for page in error_pages())
    )
    for number, line in enumerate(lines):
        Path(f"page{number}.yaml").write_text(f"extends: debian12-py311\n{line}\n")
        assert types(f"profile check page{number}.yaml") is None, line
    assert len(lines) > 3


def test_a_page_is_shown_whole() -> None:
    shown = CliRunner().invoke(app, ["explain", "65"], env={"COLUMNS": "300"}).stdout
    assert "add --allow-other-product: the record keeps that." in shown
    sections = resources.files("parity.docs").joinpath("errors.md").read_text("utf-8").split("\n## ")[1:]
    for section in sections:
        told = [line.partition(":")[0] for line in section.strip().splitlines()[1:] if line]
        assert told == ["What", "Why", "Do", "Example"], section


# --- files --------------------------------------------------------------------------------------------------


def test_an_index_that_was_written_as_a_whole_is_no_index_to_roll_back(here: Path) -> None:
    (here / "made").mkdir()
    made = bundle_of(here / "made", some_wheels(here))
    (here / "sender.pub").write_bytes(made.key.public.pem)
    bundle, key = made.path, here / "sender.pub"
    assert types(f"index {bundle} whole --key {key}") is None
    remedy = refused("index whole --rollback").remedy
    assert "a folder that `parity index` wrote" not in remedy
    assert types(f"index grown --add {bundle} --key {key}") is None
    assert "parity index DIR --add BUNDLE" in remedy


def test_what_is_a_delta_is_told_so_by_the_installer_too() -> None:
    Path("x.delta").write_bytes(b"parity-delta/1\n" + b"x" * 100)
    assert types("keygen release.key") is None
    for line in (
        "verify x.delta --key release.key.pub",
        "install x.delta --key release.key.pub --prefix app",
    ):
        assert "parity patch OLD DELTA -o NEW" in refused(line).remedy


@pytest.mark.parametrize("line", ["join media -o x.parity.tar", "join --check media"])
def test_volumes_that_are_not_there_are_not_to_be_carried_again(line: str) -> None:
    assert isinstance(refused(line), BundleUnreadable)


def test_a_file_is_told_to_be_no_folder_before_anything_is_built() -> None:
    Path("dist").write_text("")
    error = refused("build debian12-py311 idna")
    assert isinstance(error, WriteFailed)
    assert error.remedy == "name a folder with -o"
    assert isinstance(refused("build debian12-py311 idna -o out"), EngineUnavailable)


# --- gems ---------------------------------------------------------------------------------------------------


def test_a_login_at_a_source_of_gems_is_told_where_gems_take_it(here: Path) -> None:
    text = (
        "extends: debian12-py311\ngems: {list: {words: '1.0'}, sources: ['https://u:p@gems.example.org/']}\n"
    )
    (here / "x.yaml").write_text(text)
    (told,) = refused("profile check x.yaml").details
    variable, _, value = re.findall(r"(BUNDLE_\S+?)(=)(\S+)", told)[0]
    assert gem_settings({variable: value}).logins == (("gems.example.org", value),)
    assert "netrc" not in told


# --- engines, workers, exports, publishing ------------------------------------------------------------------


def test_a_scheduler_by_tls_is_not_asked_without_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask's half-made client would end in a traceback of its own, twenty seconds later."""
    remedy = refused("build debian12-py311 idna --scheduler tls://127.0.0.1:9").remedy
    names = re.findall(r"DASK_\w+", remedy)
    assert len(names) == 3
    keys = ("ca-file", "client.cert", "client.key")
    for name, key in zip(names, keys, strict=True):
        monkeypatch.setenv(name, key)
    told = dask.config.collect_env()
    assert [dask.config.get(f"distributed.comm.tls.{key}", config=told) for key in keys] == list(keys)


def test_of_engines_that_were_named_docker_host_is_no_remedy() -> None:
    assert "--on" in refused("build debian12-py311 idna --on tcp://127.0.0.1:9").remedy
    remedy = refused("build debian12-py311 idna --on ssh://somebody@127.0.0.1").remedy
    named = re.findall(r"--on (\S+),", remedy)[0]
    assert "does not speak SSH" not in str(refused(f"build debian12-py311 idna --on {named}"))


def test_an_export_into_a_file_is_told_to_name_a_folder(here: Path) -> None:
    (here / "file").write_text("")
    with pytest.raises(WriteFailed) as caught, spooling(here / "file" / "x"):
        Spool(here / "file" / "x")
    assert caught.value.remedy == "name a folder with -o in which you may write"


def test_a_port_that_is_taken_is_no_matter_of_certificates() -> None:
    assert "certificate" not in ServeFailed.remedy


# --- registries ---------------------------------------------------------------------------------------------


@pytest.fixture
def locked() -> Iterator[FakeRegistry]:
    """A registry that wants a login."""

    def demands(_method: str, path: str, _said: Said) -> Said | None:
        return None if path == "/v2/" else Said(401, {"WWW-Authenticate": 'Basic realm="x"'})

    with fake_registry() as registry:
        registry.lie = demands
        yield registry


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"credsStore": "nothere"}, "docker-credential-nothere is not installed"),
        ({"credHelpers": {"HOST": "nothere"}}, "docker-credential-nothere is not installed"),
        ("{broken", "is no JSON object"),
    ],
)
def test_a_broken_file_of_logins_is_to_be_mended_before_docker_login(
    settings: object, word: str, locked: FakeRegistry, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`docker login` itself fails where its helper is not installed."""
    monkeypatch.setenv("DOCKER_CONFIG", str(here))
    text = settings if isinstance(settings, str) else json.dumps(settings)
    (here / "config.json").write_text(text.replace("HOST", locked.host))
    done = CliRunner().invoke(app, ["pull", f"{locked.host}/team/web:1", "--unverified"])
    assert isinstance(done.exception, RegistryDenied)
    assert word in " ".join(done.stderr.split())
    assert done.exception.remedy.startswith(
        f"mend {here / 'config.json'} as the warning says; then log in with"
    )
    (here / "config.json").write_text("{}")
    told = refused(f"pull {locked.host}/team/web:1 --unverified").remedy
    assert told.startswith(f"log in with `docker login {locked.host}`")


def test_a_file_of_certificates_that_holds_none_is_named(
    locked: FakeRegistry, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(here))
    line = f"pull {locked.host}/team/web:1 --unverified"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(here / "gone.pem"))
    error = refused(line)
    assert error.where == str(here / "gone.pem")
    assert "correct REQUESTS_CA_BUNDLE" in error.remedy
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    own = here / "containers" / "certs.d" / locked.host / "ca.crt"
    own.parent.mkdir(parents=True)
    own.write_text("rubbish")
    assert refused(line).where == str(own)
    own.unlink()
    assert isinstance(refused(line), RegistryDenied)


@pytest.mark.parametrize("wrong", ["https://{}/team/web:1", "{}/Team/Web:1", "oci://{}/Team/web:1"])
def test_a_reference_that_is_written_almost_right_is_told_as_it_is_right(
    wrong: str, locked: FakeRegistry
) -> None:
    remedy = refused(f"pull {wrong.format(locked.host)} --unverified").remedy
    assert remedy == f"write it as HOST[:PORT]/NAME:TAG: {locked.host}/team/web:1"
    assert isinstance(refused(f"pull {remedy.split()[-1]} --unverified"), RegistryDenied)


@pytest.mark.parametrize(
    "command",
    ["verify", "inspect", "report -o x.html"],
)
def test_what_lies_in_a_registry_is_to_be_pulled_first(command: str, locked: FakeRegistry) -> None:
    assert types("keygen release.key") is None
    assert types("key trust release.key.pub") is None
    remedy = refused(f"{command} oci://{locked.host}/team/web:1").remedy
    assert remedy == f"fetch it first: parity pull oci://{locked.host}/team/web:1"
    assert isinstance(refused(f"{remedy.partition('parity ')[2]} --unverified"), RegistryDenied)


# --- what doctor and image list print -----------------------------------------------------------------------


def test_a_damaged_lock_is_told_by_doctor_as_by_build() -> None:
    Path("plant.yaml").write_text("extends: debian12-py311\ninstall: {requirements: [idna]}\n")
    Path("pylock.plant.toml").write_text("[[packages]")
    (lock,) = [each for each in look(load_profile("plant.yaml"), None) if each.what == "lock"]
    assert "build with --upgrade" in lock.remedy
    Path("pylock.plant.toml").write_text("of somebody else: [poetry]")
    (lock,) = [each for each in look(load_profile("plant.yaml"), None) if each.what == "lock"]
    assert lock.remedy


def test_an_image_of_a_folder_is_carried_under_the_name_that_is_looked_for() -> None:
    profile = load_profile("rhel9-py39")
    assert profile.image.folder is not None
    more: dict[str, Any] = {"cpus": 1, "memory": 1, "storage_driver": "x", "root": "/a", "rootless": False}
    docker = EngineInfo("Docker", "1", "1.41", "linux/amd64", "unix:///a", **more)
    told = image_remedy(profile, docker, "no such host")
    assert f"docker save -o image.tar {image_tag(profile.image.folder)}" in told
    assert "docker load" in told
    assert "--stand-in" in told


def test_the_names_of_images_are_listed_whole() -> None:
    name = "ubuntu2204-py310-builder-with-a-long-name"
    row = ImageRow(name, shipped_root(), f"parity/{name}:0123456789ab", bootstraps=True, present=None)
    (line,) = table_of([row])
    assert line.split() == [name, row.tag, "not", "here", "bootstraps"]


def test_the_installers_own_help_names_what_else_it_does() -> None:
    shown = " ".join(_own_parser("parity-bundle").format_help().split())
    for words in ("installed", "rollback", "uninstall"):
        assert f"sh install.sh {words} --prefix PREFIX" in shown
    assert "sh install.sh --project CHECKOUT" in shown
