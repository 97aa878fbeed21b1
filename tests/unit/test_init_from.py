"""`parity init --from FACTS`: from a measured machine to a profile that passes its check."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.facts import facts_of, libc, system, write_facts
from typer.testing import CliRunner

from parity.cli.app import app
from parity.errors import FactsInvalid, OptionConflict, ParityError, ProfileError
from parity.model import Profile
from parity.probe import parse_facts_file
from parity.profile import check_profile, load_profile, propose, render_new, shipped_root
from parity.profile.load import check_text
from parity.profile.new import shipped_targets
from parity.profile.propose import vendors

SHIPPED = shipped_targets()
RHEL9 = {"os": system("rhel", "9.4"), "libc": libc("glibc 2.34"), "python": "3.12.1"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*words: str, **changes: Any) -> Profile:
    """Run it; the profile at new.yaml, which passes `parity profile check`."""
    result = CliRunner().invoke(
        app, ["init", "--from", write_facts(Path(), **changes), "-o", "new.yaml", *words]
    )
    assert result.exception is None, result.exception
    assert check_profile("new.yaml") == ()
    return load_profile("new.yaml")


def refused(*words: str, **changes: Any) -> ParityError:
    result = CliRunner().invoke(
        app, ["init", "--from", write_facts(Path(), **changes), "-o", "new.yaml", *words]
    )
    assert isinstance(result.exception, ParityError), result.output
    assert not Path("new.yaml").exists()
    return result.exception


@pytest.mark.parametrize("name", SHIPPED)
def test_a_machine_like_a_shipped_profile_gets_it_with_its_image(name: str) -> None:
    shipped = load_profile(name)
    target = shipped.target
    profile = init(
        os=system(target.os_id, target.os_version), libc=libc(str(target.libc)), python=f"{target.python}.7"
    )
    assert (profile.target, profile.image) == (target, shipped.image)
    assert f"extends: {name}\n" in Path("new.yaml").read_text()


def test_a_minor_release_is_served_by_the_major_ones_profile() -> None:
    profile = init("-p", "requests", **RHEL9)
    assert (profile.target.os_version, profile.target.python) == ("9", "3.12")
    assert profile.image.folder == shipped_root() / "images" / "rhel9-py312"
    assert profile.requirements.inline == ("requests",)
    assert (
        "# Measured: rhel 9.4 (test), glibc 2.34, cpython 3.12.1, pip 20.3.4, x86_64\n"
        in Path("new.yaml").read_text()
    )


def test_another_architecture_of_a_shipped_system_is_said() -> None:
    profile = init(**RHEL9, arch="aarch64")
    assert profile.target.arch == "aarch64"
    assert profile.image.folder is not None


def test_another_c_library_is_another_machine() -> None:
    """SLES changes its C library between service packs; only a shipped one of the same will do."""
    same = {"libc": libc("glibc 2.38"), "python": "3.11.9"}
    assert init(os=system("sles", "15.6"), **same).image.folder is not None
    profile = init("--force", os=system("sles", "15.5"), libc=libc("glibc 2.31"), python="3.11.9")
    assert profile.image.reference == "registry.suse.com/bci/bci-base:15.5"
    assert profile.target.os_version == "15.5"


def test_an_image_of_the_vendor_that_carries_the_python_is_proposed() -> None:
    profile = init(**{**RHEL9, "python": "3.14.0"})
    assert profile.image.reference == "registry.access.redhat.com/ubi9/python-314"
    assert (profile.target.os_version, str(profile.target.libc)) == ("9", "glibc 2.34")
    assert "newer than a stock host's" in Path("new.yaml").read_text()


@pytest.mark.parametrize("os_id", vendors())
def test_every_vendors_image_makes_a_good_profile(os_id: str) -> None:
    profile = init(os=system(os_id, "77.4.2"), libc=libc("glibc 2.99"), python="3.19.0")
    reference = profile.image.reference or ""
    assert "77" in reference
    assert "{" not in reference
    assert "77.4.2".startswith(profile.target.os_version)
    text = Path("new.yaml").read_text()
    assert f"`FROM {reference}`" in text
    assert "parity docs own-image" in text


def test_the_vendors_data_knows_every_shipped_system() -> None:
    assert {load_profile(name).target.os_id for name in SHIPPED} <= set(vendors())
    for vendor in vendors().values():
        assert set(vendor) <= {"release", "image", "with_python"}
        assert vendor["release"] in ("{major}", "{minor}", "{version}")


def test_a_named_image_is_held_against_the_whole_target() -> None:
    profile = init("--image", "registry.example.org/rhel:9.4", **RHEL9)
    assert profile.image.reference == "registry.example.org/rhel:9.4"
    assert profile.target.os_version == "9.4"


@pytest.mark.parametrize("changes", [{"os": system("plan9", "4")}, {"implementation": "pypy"}])
def test_a_machine_of_which_nothing_is_known_needs_an_image(changes: dict[str, Any]) -> None:
    error = refused(**changes)
    assert isinstance(error, OptionConflict)
    assert error.remedy == "give --image"
    assert init("--image", "registry.example.org/x:1", **changes).image.reference


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"libc": None}, FactsInvalid, "neither glibc nor musl"),
        ({"os": system("arch", "")}, FactsInvalid, "no VERSION_ID"),
        ({"os": {"id": "debian"}}, FactsInvalid, "facts.os"),
        ({"arch": "vax"}, ProfileError, "1 problem"),
        ({"python": "2.7.18", "os": system("rhel", "7.9")}, ProfileError, "1 problem"),
    ],
)
def test_a_machine_that_no_profile_can_describe(
    changes: dict[str, Any], kind: type[ParityError], words: str
) -> None:
    error = refused(**changes)
    assert type(error) is kind
    assert words in error.message
    assert error.remedy


@pytest.mark.parametrize(
    "words", [("--os", "rhel 9"), ("--python", "3.9"), ("--libc", "musl 1.2"), ("--extends", "x")]
)
def test_what_the_facts_say_is_not_said_twice(words: tuple[str, ...]) -> None:
    assert isinstance(refused(*words), OptionConflict)


TEXT = st.text(st.characters(exclude_categories=("C", "Z")), max_size=70)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.just("debian") | TEXT,
    st.just("9.4") | TEXT,
    st.just("3.9.1") | TEXT,
    st.just("x86_64") | TEXT,
    TEXT,
)
def test_any_words_in_facts_give_a_good_profile_or_our_error(
    os_id: str, version: str, python: str, arch: str, name: str
) -> None:
    """No text breaks out of the comments or the YAML."""
    document = facts_of(os={"id": os_id, "version": version, "name": name}, python=python, arch=arch)
    facts = parse_facts_file(json.dumps(document).encode(), "facts")
    try:
        new = replace(propose(facts, "facts", named_image=True), image="x")
        check_text(render_new(new), Path("x.yaml"))
    except ParityError:
        return
    assert (new.os_id, new.arch) == (os_id, arch)
