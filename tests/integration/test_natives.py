"""Native libraries: who provides what is missing, and wheels that promise more than their files keep."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Parity, containers_left_by, write_profile
from tests.support.elves import shared_library
from tests.support.index import PackageIndex, gateway
from tests.support.inside import fresh_room
from tests.support.wheels import make_wheel

from parity.docker_engine import DockerEngine
from parity.model import PinnedImage

pytestmark = pytest.mark.engine

TAG = "manylinux_2_17_x86_64"
NEWER = "/usr/lib/python3.13/lib-dynload/_decimal.cpython-313-x86_64-linux-gnu.so"
LIE = f"liar: liar/_fast.so needs GLIBC_2.38; the tag {TAG} promises less"


@pytest.fixture(scope="module")
def wheels(
    engine: DockerEngine, debian13: PinnedImage, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PackageIndex]:
    """An index with a wheel made to lie, its file compiled for Debian 13, and two that need each other."""
    folder = tmp_path_factory.mktemp("wheels")
    with fresh_room(engine, debian13) as room:
        archive = io.BytesIO(b"".join(room.get(NEWER)))
    with tarfile.open(fileobj=archive) as members:
        compiled = members.extractfile(members.getmembers()[0])
        assert compiled
        files = {"liar/__init__.py": b"", "liar/_fast.so": compiled.read()}
    make_wheel(folder, "liar", "1.0", files, tag=f"py3-none-{TAG}")
    user = shared_library(["libcarried-1a2b.so.3", "libc.so.6"], {"libcarried-1a2b.so.3": ["CARRIED_3"]})
    make_wheel(
        folder,
        "user",
        "1.0",
        {"user/__init__.py": b"", "user/x.so": user},
        tag=f"py3-none-{TAG}",
        requires=["owner"],
    )
    carried = shared_library(soname="libcarried-1a2b.so.3", defined=["CARRIED_3"])
    make_wheel(
        folder,
        "owner",
        "1.0",
        {"owner/__init__.py": b"", "owner.libs/libcarried-1a2b.so.3": carried},
        tag=f"py3-none-{TAG}",
    )
    with PackageIndex(folder, host=gateway()) as found:
        yield found


@pytest.fixture(scope="module")
def honoured(
    parity: Parity, wheels: PackageIndex, debian13: PinnedImage, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """A bundle for Debian 13, which is new enough for what the wheel's file really needs."""
    folder = tmp_path_factory.mktemp("honoured")
    profile = write_profile(
        folder,
        "new",
        extends="debian13-py313",
        requirements=["liar", "user"],
        index={"url": wheels.url},
    )
    return parity.build(profile, folder).bundle


def test_opencv_fails_with_the_names_of_all_packages_that_it_needs(
    parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    done = parity.build(
        write_profile(tmp_path, "vision", requirements=["opencv-python==4.10.0.84"]), tmp_path
    )
    assert (done.code, done.error["kind"]) == (51, "RehearsalFailed")
    assert done.error["message"] == "opencv-python does not work on the target: libGL.so.1 is missing"
    details = done.error["details"]
    assert "libGL.so.1: on Debian 11 in libgl1" in details
    assert "libgthread-2.0.so.0: on Debian 11 in libglib2.0-0" in details
    assert "libX11.so.6: on Debian 11 in libx11-6" in details
    assert done.error["remedy"].startswith("on Debian 11 the system packages libgl1, libglib2.0-0, ")
    assert "`system-packages: auto`" in done.error["remedy"]
    assert list(tmp_path.rglob("*.parity.tar*")) == []


def test_a_wheel_that_lies_about_its_glibc_is_refused_where_the_target_is_too_old(
    parity: Parity, wheels: PackageIndex, debian11: PinnedImage, tmp_path: Path
) -> None:
    # Nothing imports the file, and missing libraries only warn: it is refused all the same.
    profile = write_profile(tmp_path, "old", requirements=["liar"], index={"url": wheels.url})
    done = parity.build(profile, tmp_path)
    assert (done.code, done.error["kind"]) == (51, "RehearsalFailed")
    short = "liar/_fast.so needs GLIBC_2.38, Debian 11 has glibc 2.31"
    assert done.error["message"] == f"liar does not run on the target: {short}"
    assert f"liar: {short}; the tag {TAG} promises less" in done.error["details"]
    assert containers_left_by(done) == []


def test_where_the_target_is_new_enough_the_lie_is_named_and_travels(
    parity: Parity, honoured: dict[str, Any]
) -> None:
    assert LIE in honoured["warnings"]
    (row,) = honoured["proof"]["tag_lies"]
    assert row == {
        "package": "liar",
        "file": "liar/_fast.so",
        "needs": "GLIBC_2.38",
        "tag": TAG,
        "allowed": False,
    }
    assert honoured["proof"]["glibc_needed"]["version"] == "2.38"
    shown = parity.run("inspect", honoured["bundle"]).stdout
    assert f"liar: liar/_fast.so needs GLIBC_2.38, more than its tag {TAG} promises" in shown
    assert "glibc 2.38 or newer" in shown


def test_a_library_that_another_wheel_provides_gives_no_alarm(honoured: dict[str, Any]) -> None:
    proof = honoured["proof"]
    assert {each["name"] for each in proof["installed"]} == {"liar", "owner", "user"}
    assert (proof["missing_libraries"], proof["missing_versions"]) == ([], [])
