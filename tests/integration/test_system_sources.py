"""Sources of system packages that are odd or hostile, and packages that attack whoever installs them."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.support.debs import Deb, DebSource, archive, tar
from tests.support.inside import inside
from tests.support.rehearsals import facts_of
from tests.support.unpacked import target as targeted
from tests.support.unpacked import unpacked
from tests.support.wheels import make_wheel
from tests.support.workshops import Shop, shop

from parity.docker_engine import DockerEngine
from parity.engine import diskwatch
from parity.engine.guests import small_tar
from parity.errors import SystemPackagesFailed
from parity.model import PinnedImage, RehearsalPlan, SystemSet
from parity.system import SystemWish, fetch_system, prepared_image

pytestmark = pytest.mark.engine

SERVE = (
    "cd /srv/repo && setsid python3 -m http.server 8000 --bind 127.0.0.1 >/dev/null 2>&1 &"
    " until python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 8000))' 2>/dev/null;"
    " do sleep 0.1; done"
)


def brought(found: Shop, source: DebSource, url: str = "http://127.0.0.1:8000") -> SystemSet:
    """What a workshop whose only source this is brings for `demo`."""
    found.container.put("/", small_tar(source.files(url=url)))
    if url.startswith("http"):
        assert inside(found.container, SERVE).code == 0
    return fetch_system(found.guest(), SystemWish(names=("demo",)))[0]


def failure(engine: DockerEngine, image: PinnedImage, source: DebSource) -> SystemPackagesFailed:
    with shop(engine, image.id) as found:
        with pytest.raises(SystemPackagesFailed) as caught:
            brought(found, source)
        assert inside(found.container, "ls /store/sha256").output == ""
    return caught.value


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "file:/srv/repo", "file:///srv/repo", "copy:/srv/repo"]
)
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


@pytest.mark.parametrize("other", [Deb("libc6"), Deb("demo", "9.0"), Deb("demo", arch="amd64")])
def test_a_package_that_is_another_than_its_index_says_is_refused(
    engine: DockerEngine, debian11: PinnedImage, other: Deb
) -> None:
    source = DebSource()
    source.add(other.data(), Deb("demo").about())
    error = failure(engine, debian11, source)
    assert f"says of itself that it is '{other.name}' '{other.version}' ('{other.arch}')" in error.message


def test_a_package_whose_control_part_would_fill_the_disk_is_not_laid_out(
    engine: DockerEngine, debian11: PinnedImage
) -> None:
    size = 2_000_000_000
    about = Deb("demo").about() + "X-Junk: "
    head = tarfile.TarInfo("./control")
    head.size = size
    block = gzip.compress(b"x" * 100_000_000, 6)
    full, rest = divmod(size - len(about), 100_000_000)
    bomb = gzip.compress(head.tobuf(tarfile.GNU_FORMAT) + about.encode() + b"x" * rest) + block * full
    parts = {"debian-binary": b"2.0\n", "control.tar.gz": bomb, "data.tar.gz": gzip.compress(tar({}))}
    source = DebSource()
    source.add(archive(parts), Deb("demo").about())
    assert "beyond all measure" in failure(engine, debian11, source).message


LIES: Mapping[str, Mapping[str, object]] = {
    "size": {"Size": 10**15},
    "negative": {"Size": -5},
    "path": {"Filename": "../../../../etc/passwd"},
    "elsewhere": {"Filename": "http://127.0.0.1:9/demo.deb"},
    "line": {"Filename": "./demo.deb' demo.deb 3 SHA256:" + "0" * 64},
    "digest": {"SHA256": "0" * 64},
}


@pytest.mark.parametrize("lie", list(LIES))
def test_an_index_that_lies_brings_nothing(engine: DockerEngine, debian11: PinnedImage, lie: str) -> None:
    source = DebSource()
    deb = Deb("demo")
    source.add(deb.data(), deb.about(), rows=LIES[lie])
    assert failure(engine, debian11, source).message.isprintable()


def test_text_in_place_of_a_package_brings_nothing(engine: DockerEngine, debian11: PinnedImage) -> None:
    source = DebSource()
    source.add(b"hello\n", Deb("demo").about())
    assert "reading demo_1.0_all.deb failed" in failure(engine, debian11, source).message


# --- scripts of packages -----------------------------------------------------------------------------------

SCRIPTS = {
    "processes": ("while :; do sleep 1000 & done", "Cannot fork"),
    "line": ("head -c 300000000 /dev/zero | tr '\\0' e; echo; echo error mine; exit 3", "error mine"),
    "flood": ("yes error | head -c 400000000; echo error mine; exit 3", "exit code 1"),
    "rights": ("mount -t tmpfs x /mnt || mknod /dev/x b 8 0 || exit 3", "not permitted"),
    "end": ("kill -9 -1", "broke off"),
}


def said_of(engine: DockerEngine, image: PinnedImage, folder: Path, postinst: str) -> str:
    """What the error tells where a package with this script is installed."""
    deb = Deb("demo", scripts={"postinst": f"#!/bin/sh\n{postinst}\n"}).data()
    row = {"name": "demo", "version": "1.0", "arch": "all", "path": "system/demo.deb", "requested": True}
    bundle = unpacked(
        folder / "bundle",
        [make_wheel(folder, "alpha", "1.0", {"alpha.py": b""})],
        aim=targeted("debian", "11", (2, 31), "3.9"),
        system={"manager": "deb", "packages": [row]},
        files={"system/demo.deb": deb},
    )
    files = {str(p.relative_to(bundle)): p.read_bytes() for p in bundle.rglob("*") if p.is_file()}
    plan = RehearsalPlan(memory=1 << 30, timeout=60)
    with (
        pytest.raises(SystemPackagesFailed) as caught,
        prepared_image(engine, image, facts_of(engine, image), plan, lambda: [small_tar(files)]),
    ):
        pass
    return "\n".join([caught.value.message, *caught.value.details])


@pytest.mark.parametrize("script", list(SCRIPTS))
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
