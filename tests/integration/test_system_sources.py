"""Sources of system packages that are odd or hostile, and packages that attack whoever installs them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.debs import Deb, DebSource
from tests.support.hostile_debs import SCRIPTS, brought, installed, sources
from tests.support.hostile_rpms import lie
from tests.support.inside import inside
from tests.support.rehearsals import facts_of
from tests.support.rpms import rpm_image
from tests.support.workshops import shop

from parity.docker_engine import DockerEngine
from parity.engine import diskwatch
from parity.errors import SystemPackagesFailed
from parity.model import PinnedImage
from parity.system import SystemWish, fetch_system

pytestmark = pytest.mark.engine

REASONS = {
    "line in architecture": "says of itself that it is",
    "another name": "says of itself that it is 'libc6' '1.0' ('all')",
    "endless control": "beyond all measure",
    "text": "reading demo_1.0_all.deb failed",
}


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "file:/srv/repo"])
def test_a_signed_source_may_be_a_folder_of_the_image(
    engine: DockerEngine, debian11: PinnedImage, url: str
) -> None:
    source = DebSource()
    source.have(Deb("demo", "1:2.0~rc1-1", fields="Depends: more\n"), Deb("more"))
    with shop(engine, debian11.id) as found:
        packages = brought(found, source, url).packages
    assert [(each.name, each.version, each.requested) for each in packages] == [
        ("more", "1.0", False),
        ("demo", "1:2.0~rc1-1", True),
    ]


# `attack packages` tries all of them; each takes seconds.
@pytest.mark.parametrize("lie", ["path", "another name", "line in architecture", "text", "endless control"])
def test_a_signed_source_that_lies_brings_nothing(
    engine: DockerEngine, debian11: PinnedImage, lie: str
) -> None:
    with shop(engine, debian11.id) as found:
        with pytest.raises(SystemPackagesFailed) as caught:
            brought(found, dict(sources())[lie])
        assert inside(found.container, "ls /store/sha256").output == ""
    assert REASONS.get(lie, "") in caught.value.message
    assert "broke off" not in caught.value.message


@pytest.mark.parametrize("script", ["processes", "line"])
def test_a_packages_script_can_do_no_more_than_fail(
    engine: DockerEngine, debian11: PinnedImage, tmp_path: Path, script: str
) -> None:
    code, reason = SCRIPTS[script]
    said = said_of(engine, debian11, tmp_path, code)
    assert reason in said
    assert len(said) < 50_000


def test_a_package_that_fills_the_engines_disk_is_ended(
    engine: DockerEngine, debian11: PinnedImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diskwatch, "FLOOR", 1 << 60)  # as if it were full
    assert "the engine's disk has no more than" in said_of(engine, debian11, tmp_path, "sleep 50")


def said_of(engine: DockerEngine, image: PinnedImage, folder: Path, postinst: str) -> str:
    """What the error tells where a package with this script is installed."""
    with (
        pytest.raises(SystemPackagesFailed) as caught,
        installed(engine, image, facts_of(engine, image), folder, postinst),
    ):
        pass
    return "\n".join([caught.value.message, *caught.value.details])


@pytest.mark.parametrize("program", ["dnf", "microdnf", "zypper"])
def test_a_signed_rpm_is_not_taken_for_another_that_was_asked_for(
    engine: DockerEngine, debian12: PinnedImage, program: str
) -> None:
    with shop(engine, rpm_image(engine, debian12, program).id) as found:
        lie(found.container, program, "demo-lib<", "wanted<", '"demo-lib" flags', '"wanted" flags')
        with pytest.raises(SystemPackagesFailed) as caught:
            fetch_system(found.guest(), SystemWish(names=("wanted",)))
        assert inside(found.container, "ls /store/sha256").output == ""
        # Where its index tells of none, it is as one that nobody knows.
        libraries = SystemWish(optional=("demo-lib", "libgone.so.1()(64bit)"))
        packages, _ = fetch_system(found.guest(), libraries)
    assert "demo-lib-1.5-1.noarch.rpm" in caught.value.message
    assert "'wanted'" in caught.value.message
    assert packages.unprovided == libraries.optional
