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


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackageIndex]:
    """A package as pyzbar is: its top level imports, a module below it opens a library that is not there."""
    folder = tmp_path_factory.mktemp("opening")
    loader = (
        "from ctypes import cdll\nfrom ctypes.util import find_library\n"
        "def load():\n    path = find_library('zbar')\n    if not path:\n"
        "        raise ImportError('Unable to find zbar shared library')\n    return cdll.LoadLibrary(path)\n"
    )
    make_wheel(
        folder,
        "scanner",
        "1.0",
        {
            "scanner/__init__.py": b"",
            "scanner/library.py": loader.encode(),
            "scanner/api.py": b"from .library import load\nload()\n",
            "scanner/windows.py": b"import sys, ctypes\nif sys.platform == 'win32':\n    ctypes.CDLL('x.so')",
            "scanner/extra.py": b"import ctypes\ntry:\n    ctypes.CDLL('libpq.so.5')\nexcept OSError: pass",
        },
    )
    make_wheel(folder, "dialog", "1.0", {"dialog/__init__.py": b"import tkinter\n"})
    with PackageIndex(folder, host=gateway()) as found:
        yield found


def test_a_library_that_a_submodule_opens_by_name_is_refused_with_its_package(
    parity: Parity, opening: PackageIndex, debian11: PinnedImage, tmp_path: Path
) -> None:
    profile = write_profile(tmp_path, "scan", requirements=["scanner"], index={"url": opening.url})
    done = parity.build(profile, tmp_path)
    assert (done.code, done.error["kind"]) == (51, "RehearsalFailed")
    assert done.error["message"] == "scanner does not work on the target: libzbar.so.0 is missing"
    assert done.error["details"] == [
        "scanner: import scanner.api failed: ImportError: Unable to find zbar shared library",
        "libzbar.so.0: on Debian 11 in libzbar0",
    ]


@pytest.mark.long
def test_auto_brings_it_and_a_module_of_pythons_own_that_lies_apart(
    parity: Parity, opening: PackageIndex, debian11: PinnedImage, tmp_path: Path
) -> None:
    profile = write_profile(
        tmp_path,
        "scan-auto",
        requirements=["scanner", "dialog"],
        index={"url": opening.url},
        system_packages=["auto", "libmagic1"],
        rehearsal={"commands": ["python -c 'import scanner.api'", "python -c 'import dialog'"]},
    )
    bundle = parity.build(profile, tmp_path).bundle
    names = {each["name"] for each in bundle["proof"]["system"]}
    assert {"libzbar0", "python3-tk", "libmagic1"} <= names
    assert not [line for line in bundle["warnings"] if "by name" in line]


@pytest.mark.long
def test_a_bus_is_brought_without_a_session_and_what_comes_too_early_is_installed_in_its_turn(
    parity: Parity, opening: PackageIndex, debian12: PinnedImage, tmp_path: Path
) -> None:
    def named(name: str, *packages: str) -> set[str]:
        profile = write_profile(
            tmp_path,
            name,
            extends="debian12-py311",
            requirements=["dialog"],
            index={"url": opening.url},
            system_packages=["python3-tk", *packages],
        )
        proof = parity.build(profile, tmp_path / name, timeout=600).bundle["proof"]
        return {each["name"] for each in proof["system"]}

    assert named("bus", "dconf-service").isdisjoint({"systemd-sysv", "dbus-user-session"})
    assert "systemd-sysv" in named("early", "systemd-sysv")
