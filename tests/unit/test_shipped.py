"""The shipped profiles and images: complete, checked, and in step with each other."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from parity.images import target_of
from parity.profile import available, check_profile, load_profile, shipped_root
from parity.profile.new import shipped_targets

ROOT = shipped_root()
PROFILES = available((ROOT / "profiles",))
EXPECTED = {
    "rhel8-py39": ("glibc 2.28", "3.9"),
    "rhel9-py39": ("glibc 2.34", "3.9"),
    "rhel9-py312": ("glibc 2.34", "3.12"),
    "rhel10-py312": ("glibc 2.39", "3.12"),
    "almalinux9-py39": ("glibc 2.34", "3.9"),
    "amzn2023-py39": ("glibc 2.34", "3.9"),
    "sles15-py311": ("glibc 2.38", "3.11"),
    "debian11-py39": ("glibc 2.31", "3.9"),
    "debian12-py311": ("glibc 2.36", "3.11"),
    "debian13-py313": ("glibc 2.41", "3.13"),
    "ubuntu2204-py310": ("glibc 2.35", "3.10"),
    "ubuntu2404-py312": ("glibc 2.39", "3.12"),
    "alpine322-py312": ("musl 1.2", "3.12"),
}


EXAMPLES = {name for name, path in PROFILES.items() if "\nextends: " in path.read_text()}
WITH_RUBY = {"debian12-py311-ruby31", "debian13-py313-ruby33"}
"""Images of targets that have Ruby, too."""
IMAGES = [path for path in sorted((ROOT / "images").glob("*/Dockerfile")) if target_of(path.parent) is None]


def test_exactly_the_promised_profiles_are_shipped() -> None:
    assert set(PROFILES) - EXAMPLES == set(EXPECTED) == set(shipped_targets())
    # `parity` is parity itself, for pipelines, and no target.
    images = set(EXPECTED) | WITH_RUBY
    builders = {f"{name}-builder" for name in images} | {"parity"}
    assert {path.name for path in (ROOT / "images").iterdir() if path.is_dir()} == images | builders


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_can_be_loaded_and_its_inputs_are_there(name: str) -> None:
    rest = name.partition("-")[2]
    # A target, or the beginning of one's name.
    target = rest and next(each for each in EXPECTED if each.startswith(rest))
    assert not target or load_profile(name).target == load_profile(target).target
    assert check_profile(PROFILES[name]) == ()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_shipped_profile_is_usable_as_it_is(name: str) -> None:
    profile = load_profile(name)
    assert (str(profile.target.libc), profile.target.python) == EXPECTED[name]
    assert profile.image.folder == ROOT / "images" / name
    assert (profile.image.folder / "Dockerfile").is_file()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_target_holds_a_target_and_an_image_and_nothing_else(name: str) -> None:
    assert set(json.loads(load_profile(name).document)) == {"name", "target", "image"}


def test_one_requirement_on_top_of_a_target_is_one_requirement(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("extends: debian11-py39\ninstall: {requirements: [idna]}\n")
    asked = load_profile(own).requirements
    assert (asked.inline, asked.files) == (("idna",), ())


def test_the_demonstration_is_a_profile_of_its_own() -> None:
    demo = load_profile("demo")
    assert [path.name for path in demo.requirements.files] == ["sci.txt"]
    assert demo.target == load_profile("debian11-py39").target


@pytest.mark.parametrize("name", EXPECTED)
def test_a_shipped_profile_names_the_schema_for_editors(name: str) -> None:
    first = PROFILES[name].read_text().splitlines()[0]
    match = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert match
    assert (PROFILES[name].parent / match[1]).is_file()


@pytest.mark.parametrize(
    "path", sorted((ROOT / "images").glob("*/bootstrap.json")), ids=lambda p: p.parent.name
)
def test_both_recipes_of_an_image_install_the_same_packages(path: Path) -> None:
    recipe = json.loads(path.read_text())
    dockerfile = (path.parent / "Dockerfile").read_text()
    match = re.search(r"apt-get install((?: --?\S+)*)((?: [a-z0-9.+-]+)+)", dockerfile)
    assert match
    assert match[2].split() == recipe["packages"]
    assert "--no-install-recommends" in match[1]
    base = re.search(r"^FROM (debian|ubuntu):(\S+?)(?:-slim)?$", dockerfile, re.MULTILINE)
    assert base
    suites = {"11": "bullseye", "12": "bookworm", "13": "trixie", "22.04": "jammy", "24.04": "noble"}
    assert recipe["suite"] == suites[base[2]]
    assert ("universe" in recipe.get("components", [])) == (base[1] == "ubuntu")
    assert load_profile(_target(path.parent.name)).target.os_version == base[2]


def _target(image: str) -> str:
    """The profile of an image; one with Ruby is its target's image besides."""
    return image.partition("-ruby")[0]


def test_every_debian_and_ubuntu_image_can_be_bootstrapped() -> None:
    bootstrapped = {path.parent.name for path in (ROOT / "images").glob("*/bootstrap.json")}
    debians = {name for name in EXPECTED if name.startswith(("debian", "ubuntu"))}
    assert bootstrapped == debians | WITH_RUBY


@pytest.mark.parametrize("path", IMAGES, ids=lambda p: p.parent.name)
def test_an_image_holds_what_a_stock_host_has_and_no_more(path: Path) -> None:
    instructions = re.findall(r"^[A-Z]+", path.read_text(), re.MULTILINE)
    assert instructions == ["FROM", "RUN"]
    assert not re.search(r"pip3? install|gcc|python3?-dev|ubi\d+/python", path.read_text())
