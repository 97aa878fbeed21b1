"""The lock in every state, two builds of one lock, what cannot be resolved, and the other installer."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Done, Parity, containers_left_by, write_profile
from tests.support.index import PackageIndex, tiny_wheel
from tests.support.users import NOBODY, another_user

from parity.model import PinnedImage

pytestmark = pytest.mark.engine


def versions(bundle: dict[str, Any]) -> dict[str, str]:
    return {package["name"]: package["version"] for package in bundle["packages"]}


def refused(done: Done, code: int, folder: Path) -> dict[str, Any]:
    assert done.code == code, done.stdout + done.stderr
    assert list(folder.rglob("*.parity.tar*")) == []
    assert containers_left_by(done) == []
    return done.error


def test_the_bundle_is_named_as_asked_and_its_parts_are_there(small: dict[str, Any]) -> None:
    path = Path(small["bundle"])
    assert path.name == f"small-{small['version']}-debian11-py39.parity.tar"
    assert path.stat().st_size == small["size"]
    assert {package["name"] for package in small["packages"] if package["requested"]} == {
        "requests",
        "pyyaml",
    }
    stages = ["image", "probe", "resolve", "fetch", "audit", "rehearse", "pack", "total"]
    assert sorted(small["seconds"]) == sorted(stages)
    assert [each.name for each in path.parent.iterdir() if each.suffix == ".tar"] == [path.name]


def test_a_lock_is_reused_kept_refreshed_and_held_against_the_profile(
    parity: Parity, index: PackageIndex, tmp_path: Path
) -> None:
    tiny_wheel(index.wheels, "alpha", "1.0")
    plain = write_profile(tmp_path, "locks", requirements=["alpha"], index={"url": index.url})
    missing = refused(parity.build(plain, tmp_path, "--locked"), 43, tmp_path)
    assert "pylock.toml" in missing["where"]

    assert versions(parity.build(plain, tmp_path).bundle) == {"alpha": "1.0"}
    lock = (tmp_path / "pylock.toml").read_bytes()
    tiny_wheel(index.wheels, "alpha", "2.0")
    tiny_wheel(index.wheels, "beta", "1.0")
    again = parity.build(plain, tmp_path).bundle
    assert versions(again) == {"alpha": "1.0"}
    assert (again["fetched"], again["proof"]["reused"]) == (0, True)
    assert (tmp_path / "pylock.toml").read_bytes() == lock

    more = write_profile(tmp_path, "locks", requirements=["alpha", "beta"], index={"url": index.url})
    for old in tmp_path.glob("*.parity.tar"):
        old.unlink()
    outdated = refused(parity.build(more, tmp_path, "--locked"), 43, tmp_path)
    assert "without --locked" in outdated["remedy"]
    assert (tmp_path / "pylock.toml").read_bytes() == lock
    # What was locked before stays where it still fits; --upgrade asks for the newest.
    assert versions(parity.build(more, tmp_path).bundle) == {"alpha": "1.0", "beta": "1.0"}
    assert versions(parity.build(more, tmp_path, "--upgrade").bundle) == {"alpha": "2.0", "beta": "1.0"}


@pytest.mark.long
def test_an_old_lock_of_the_real_index_is_refreshed_on_demand(
    parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    wanted = tmp_path / "idna.txt"
    wanted.write_text("idna\n")
    words = ("-r", wanted, "--exclude-newer", "2024-01-01")
    assert versions(parity.build("debian11-py39", tmp_path, *words).bundle) == {"idna": "3.6"}
    new = versions(parity.build("debian11-py39", tmp_path, "-r", wanted, "--upgrade").bundle)["idna"]
    assert tuple(int(part) for part in new.split(".")) > (3, 6)


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder that another user can reach; pytest's own ones are closed whenever a session starts."""
    with tempfile.TemporaryDirectory(prefix="parity-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_two_builds_of_one_lock_have_one_payload(
    parity: Parity, small: dict[str, Any], elsewhere: Path
) -> None:
    """At another time, in another folder, by another user, under another umask, locale and time zone."""
    folder = elsewhere / "a" / "deeper one"
    folder.mkdir(parents=True)
    wanted = Path(small["bundle"]).parent
    for name in ("pylock.toml", "small.txt"):
        shutil.copy(wanted / name, folder)
    there = Parity.with_uv(elsewhere / "their-home")
    through = another_user(elsewhere)
    done = there.build(
        "debian11-py39",
        folder,
        *("-r", folder / "small.txt", "--locked", "--fresh"),
        *("--bundle-version", "99", "--serial", "12345"),
        cwd=folder,
        umask=0,
        through=through,
        env={
            "HOME": str(folder),
            "USER": "somebody",
            "LOGNAME": "somebody",
            "LC_ALL": "de_DE.UTF-8",
            "LANG": "tr_TR",
            "TZ": "Pacific/Kiritimati",
            "PYTHONHASHSEED": "7",
            "SOURCE_DATE_EPOCH": "1000000000",
        },
    )
    again = done.bundle
    assert again["payload_sha256"] == small["payload_sha256"]
    assert (
        again["sha256"] == hashlib.sha256(Path(again["bundle"]).read_bytes()).hexdigest() != small["sha256"]
    )
    assert again["signed_by"] != small["signed_by"]
    assert not again["proof"]["reused"]
    assert Path(again["bundle"]).stat().st_uid == (NOBODY if through else os.getuid())


def test_contradicting_requirements_are_named(parity: Parity, index: PackageIndex, tmp_path: Path) -> None:
    tiny_wheel(index.wheels, "alpha", requires=["gamma>=2"])
    tiny_wheel(index.wheels, "beta", requires=["gamma<2"])
    tiny_wheel(index.wheels, "gamma", "1.0")
    tiny_wheel(index.wheels, "gamma", "2.0")
    profile = write_profile(tmp_path, "war", requirements=["alpha", "beta"], index={"url": index.url})
    error = refused(parity.build(profile, tmp_path), 40, tmp_path)
    for name in ("alpha", "beta", "gamma"):
        assert name in error["message"]
    assert not (tmp_path / "pylock.toml").exists()


def test_a_package_without_a_fitting_wheel_is_named_with_what_may_be_done(
    parity: Parity, index: PackageIndex, debian11: PinnedImage, tmp_path: Path
) -> None:
    tiny_wheel(index.wheels, "alpha", "1.5")
    tiny_wheel(index.wheels, "alpha", "2.0", tag="cp311-cp311-manylinux_2_17_x86_64")
    profile = write_profile(tmp_path, "none", requirements=["alpha==2.0"], index={"url": index.url})
    error = refused(parity.build(profile, tmp_path), 41, tmp_path)
    assert "alpha 2.0" in error["message"] or "alpha==2.0" in error["message"]
    assert "1.5" in "\n".join([*error["details"], error["remedy"]])
    # A real project that has never published a wheel.
    sources = write_profile(tmp_path, "sources", requirements=["docopt"])
    error = refused(parity.build(sources, tmp_path), 41, tmp_path)
    assert "docopt" in error["message"]
    assert "wheel" in error["remedy"]


def test_a_profile_that_asks_for_nothing_is_refused(
    parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    profile = write_profile(tmp_path, "empty", requirements=[])
    error = refused(parity.build(profile, tmp_path), 12, tmp_path)
    assert "nothing to be installed" in error["message"]
    comments = tmp_path / "comments.txt"
    comments.write_text("# nothing yet\n\n")
    assert refused(parity.build("debian11-py39", tmp_path, "-r", comments), 12, tmp_path)


@pytest.mark.long
def test_the_installer_pip_uses_the_images_own(parity: Parity, index: PackageIndex, tmp_path: Path) -> None:
    tiny_wheel(index.wheels, "alpha", "1.0")
    # The image's pip 20.3.4 is asked which tags it takes; this one it has never heard of.
    tiny_wheel(index.wheels, "alpha", "2.0", tag="py3-none-manylinux_2_99_x86_64")
    profile = write_profile(
        tmp_path, "bypip", requirements=["alpha"], index={"url": index.url}, installer="pip"
    )
    bundle = parity.build(profile, tmp_path).bundle
    assert versions(bundle) == {"alpha": "1.0"}
    assert bundle["proof"]["installer"] == {"tool": "pip", "version": "20.3.4", "checked_with": "pip 20.3.4"}
    inside = parity.run("inspect", bundle["bundle"], "--json").document
    assert inside["installer"] == "pip"
    assert bundle["size"] < 2_000_000  # no uv in it
    verified = parity.run("verify", bundle["bundle"], "--rehearse", "--json").document
    assert verified["rehearsed"]["installer"]["tool"] == "pip"


def test_nothing_of_the_callers_environment_reaches_the_children(
    parity: Parity, index: PackageIndex, tmp_path: Path
) -> None:
    tiny_wheel(index.wheels, "alpha")
    profile = write_profile(tmp_path, "clean", requirements=["alpha"], index={"url": index.url})
    hostile = {
        "UV_SYSTEM_PYTHON": "1",
        "UV_TARGET": str(tmp_path / "uv-target"),
        "PIP_TARGET": str(tmp_path / "pip-target"),
        "PIP_NO_BINARY": ":all:",
        "VIRTUAL_ENV": sys.prefix,
    }
    assert parity.build(profile, tmp_path, env=hostile).code == 0
    assert not (tmp_path / "uv-target").exists()
    assert not (tmp_path / "pip-target").exists()
