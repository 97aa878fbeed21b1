"""System packages: what managers say, read; the lock; what the far side finds, lists and refuses."""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.bundles import TARGET, make_bundle
from tests.support.unpacked import here, unpacked
from tests.support.wheels import make_wheel

from parity import native
from parity.errors import LockInvalid
from parity.farside.install.install import Request, install
from parity.guest.packages import apk, apt, microdnf, room, rpm
from parity.guest.packages.known import known
from parity.guest.packages.room import Manager
from parity.guest.tasks import system as task
from parity.model import SystemPackage, SystemPlan, SystemSet
from parity.pack.system import system_text
from parity.portable.bundle.folder import BundleFolder, open_folder
from parity.portable.errors import BundleDamaged, HostileContent, InstallFailed, NotRoot, WrongHost
from parity.portable.families import family, packagefile, rpmversion
from parity.portable.families.apk import split_apk
from parity.portable.families.family import Key
from parity.portable.families.registry import FAMILIES
from parity.portable.system import system
from parity.system import (
    SYSTEM_LOCK,
    SystemLock,
    system_inputs,
    write_system_lock,
)
from parity.wire.system import SystemJob

GOMP = SystemPackage("libgomp1", "10.2.1-6", "amd64", "libgomp1_10.2.1-6_amd64.deb", "a" * 64, 99912, True)
EXOTIC = SystemPackage("libstdc++6", "1:12.2~rc1-14+deb12u1", "all", "x_12.2~rc1.deb", "b" * 64, 0, False)
LOCK = SystemLock("c" * 64, SystemSet("deb", (GOMP, EXOTIC), ("libcuda.so.1",)))
ARCH = FAMILIES["deb"].installed()  # of this machine
DPKG = next(key for key in ARCH if key.name == "dpkg")


# --- versions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("0:1.0-1", "0:1.0-2"),
        ("0:9-1", "0:10-1"),
        ("0:10-1", "1:1-1"),
        ("0:1.0~rc1-1", "0:1.0-1"),
        ("0:1.0-1", "0:1.0^git1-1"),
        ("0:1.0^git1-1", "0:1.0.1-1"),
        ("0:1.0a-1", "0:1.0.1-1"),
        ("0:1.a-1", "0:1.1-1"),
        ("0:2.28-151.el8", "0:2.28-151.el8_2.1"),
        ("0:1.0-1.el9", "0:1.0-1.el9.1"),
    ],
)
def test_rpm_versions_are_ordered_as_rpm_does(older: str, newer: str) -> None:
    assert (rpmversion.compare(older, newer), rpmversion.compare(newer, older)) == (-1, 1)
    assert FAMILIES["rpm"].is_older(older, newer)


@pytest.mark.parametrize("pair", [("0:1.0-1", "1.0-1"), ("0:1.00-1", "0:1.0-1"), ("0:1_0-1", "0:1.0-1")])
def test_rpm_versions_that_read_alike_are_alike(pair: tuple[str, str]) -> None:
    assert rpmversion.compare(*pair) == 0


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("libgomp-14.2.0-r4", ["libgomp", "14.2.0-r4"]),
        ("py3-numpy-1.26.4-r0", ["py3-numpy", "1.26.4-r0"]),
        ("WARNING: nothing", ["WARNING: nothing", ""]),
    ],
)
def test_apks_lines_are_cut_into_name_and_version(text: str, parts: list[str]) -> None:
    assert split_apk(text) == parts


# --- one value for each family -----------------------------------------------------------------------------

SOURCE = Path(__file__).parents[2] / "src" / "parity"
CLOSED_LIST = re.compile(r"""["'](deb|rpm|apk)["'],\s*["'](?!\1)(?:deb|rpm|apk)["']""")


def test_every_manager_that_a_family_names_brings_its_packages() -> None:
    managers = known()
    assert [manager.program for manager in managers] == ["apt-get", "dnf", "microdnf", "zypper", "apk"]
    assert [manager.name for manager in managers] == [
        family.name for family in FAMILIES.values() for _ in family.bringers
    ]


def test_nothing_lists_the_families_but_their_registry() -> None:
    lists = [path for path in SOURCE.rglob("*.py") if CLOSED_LIST.search(path.read_text(encoding="utf-8"))]
    assert lists == []


@pytest.mark.parametrize(
    ("os_id", "family"),
    [("debian", "deb"), ("rhel", "rpm"), ("opensuse-leap", "rpm"), ("alpine", "apk"), ("none-such", "deb")],
)
def test_a_system_is_of_the_family_whose_packages_it_has(os_id: str, family: str) -> None:
    assert native.manager(os_id) == family


class Silent(Manager):
    """A manager that must not be asked."""

    name, program = "deb", "true"


def test_a_word_that_a_manager_would_take_for_an_option_is_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task, "known", lambda: [Silent()])
    job: SystemJob = {
        "store": str(tmp_path), "folder": str(tmp_path / "f"), "locked": None, "timeout": 5,
        "names": [], "optional": [], "proxies": {}, "ca": None,
    }  # fmt: skip
    for name, library in (("--root=/", ""), ("", "-x.so()(64bit)")):
        job["names"], job["optional"] = [name] if name else [], [library] if library else []
        error = task.main(job, lambda event: None)["error"]
        assert error is not None
        assert (error["kind"], "is no name of a package" in error["message"]) == ("unknown", True)


# --- what the managers say when they download -------------------------------------------------------------

MICRODNF = """Package                Repository      Size
Installing:
 demo-2.0-1.noarch     tests         6.1 kB
Transaction Summary:
 Installing:        2 packages
 Reinstalling:      0 packages
 Upgrading:         1 packages
 Obsoleting:        3 packages
 Removing:          4 packages
 Downgrading:       0 packages
Test mode enabled: Microdnf will only download packages, install gpg keys, and check the transaction.
Complete.
"""


@pytest.mark.parametrize(("said", "count"), [(MICRODNF, 3), ("Nothing to do.\nComplete.\n", 0)])
def test_microdnfs_summary_tells_how_many_packages_come(said: str, count: int) -> None:
    assert microdnf.downloads(said) == count


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("deb [trusted=yes] http://m.invalid s main\n", "deb  http://m.invalid s main\n"),
        (
            "deb [arch=amd64 trusted=yes signed-by=/k] http://m.invalid s main\n",
            "deb [arch=amd64  signed-by=/k] http://m.invalid s main\n",
        ),
        ("deb [allow-insecure=yes] http://m.invalid s main\n", "deb  http://m.invalid s main\n"),
        ("deb http://m.invalid s main\n", "deb http://m.invalid s main\n"),
    ],
)
def test_no_source_is_trusted_without_a_signature(text: str, wanted: str) -> None:
    assert apt.demanding(text, fields=False) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("deb [signed-by=/k] file:///srv/r ./\n", "deb [signed-by=/k] copy:///srv/r ./\n"),
        ("deb mirror+file:/etc/mirrors stable main\n", "deb mirror+file:/etc/mirrors stable main\n"),
        ("deb https://m.invalid/file: s main\n", "deb https://m.invalid/file: s main\n"),
    ],
)
def test_a_local_source_gives_copies(text: str, wanted: str) -> None:
    assert apt.demanding(text, fields=False) == wanted
    assert apt.demanding("URIs: file:/srv/r\n", fields=True) == "URIs: copy:/srv/r\n"


def test_a_manager_that_fills_the_disk_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_FLOOR", 1 << 62)
    job: Any = {"folder": str(tmp_path), "timeout": 60, "proxies": {}, "ca": None}
    begin = time.monotonic()
    with pytest.raises(room.PackagesProblem) as caught:
        room.PackageRoot(job).run(["sleep", "100"])
    assert (caught.value.kind, time.monotonic() - begin < 60) == ("full", True)


def test_of_a_flood_of_a_manager_the_end_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family, "_MOST_SAID", 1000)
    done = family.run(["sh", "-c", "head -c 5000000 /dev/zero; echo end"])
    assert (len(done.output), done.output[-4:]) == (1000, "end\n")


def test_no_source_in_fields_is_trusted_without_a_signature() -> None:
    text = "Types: deb\nTrusted: yes\nallow-insecure: yes\nURIs: http://m.invalid\nSuites: s\n"
    assert apt.demanding(text, fields=True) == "Types: deb\nURIs: http://m.invalid\nSuites: s\n"


@pytest.mark.parametrize(
    ("line", "good"),
    [
        ("/x/demo.rpm: digests signatures OK", True),
        ("/x/demo.rpm: rsa sha1 (md5) pgp md5 OK", True),
        ("/x/demo.rpm: digests OK", False),
        ("/x/demo.rpm: digests SIGNATURES NOT OK", False),
        ("/x/signatures.rpm: digests OK", False),
        ("/x/demo.rpm: RSA sha1 ((MD5) PGP) md5 NOT OK (MISSING KEYS: (MD5) PGP#1)", False),
        ("", False),
    ],
)
def test_an_rpm_counts_as_signed_where_rpm_says_so(line: str, good: bool) -> None:
    assert rpm.signature_ok(line) is good


def test_apks_simulation_tells_what_would_be_installed() -> None:
    said = """fetch https://m.invalid/x86_64/APKINDEX.tar.gz
(1/3) Installing libgcc (14.2.0-r4)
(2/3) Upgrading musl (1.2.5-r8 -> 1.2.5-r10)
(3/3) Installing libgomp (14.2.0-r4)
OK: 9 MiB in 18 packages
"""
    assert apk.to_install(said) == [
        ("libgcc", "14.2.0-r4"),
        ("musl", "1.2.5-r10"),
        ("libgomp", "14.2.0-r4"),
    ]


def test_an_apks_own_words_are_read(tmp_path: Path) -> None:
    text = b"# made\npkgname = libgomp\npkgver = 14.2.0-r4\narch = x86_64\nprovides = so:libgomp.so.1=1\n"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo(".PKGINFO")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text))
    path = tmp_path / "libgomp.apk"
    path.write_bytes(buffer.getvalue())
    told = apk.package_info(str(path))
    assert (told["pkgname"], told["provides"]) == (["libgomp"], ["so:libgomp.so.1=1"])


# --- the lock -------------------------------------------------------------------------------------------


def test_a_lock_reads_back_as_it_was_written(tmp_path: Path) -> None:
    path = SYSTEM_LOCK.path(tmp_path / "pylock.demo.toml")
    assert path.name == "pylock.demo.system.toml"
    assert SYSTEM_LOCK.read(path) is None
    path.write_text(write_system_lock(LOCK))
    assert SYSTEM_LOCK.read(path) == LOCK


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"parity-system/1"', '"parity-system/2"'),
        ('manager = "deb"', 'manager = "pip"'),
        ('file = "libgomp1_10.2.1-6_amd64.deb"', 'file = "../../x.deb"'),
        ('file = "libgomp1_10.2.1-6_amd64.deb"', 'file = "a/b.deb"'),
        ('name = "libgomp1"', 'name = "--force"'),
        ('name = "libgomp1"', 'name = "a\\nb"'),
        ('version = "10.2.1-6"', 'version = "1 2"'),
        (f'sha256 = "{"a" * 64}"', 'sha256 = "a"'),
        ("size = 99912", "size = -1"),
        ("size = 99912", "size = true"),
        ("requested = true", 'requested = "yes"'),
        ("requested = true", "requested = true\nmore = 1"),
        ("[[packages]]", "[packages]"),
        ('unprovided = ["libcuda.so.1"]', "unprovided = [1]"),
        ('file = "x_12.2~rc1.deb"', 'file = "libgomp1_10.2.1-6_amd64.deb"'),
    ],
)
def test_a_lock_that_could_not_have_been_written_is_refused(tmp_path: Path, old: str, new: str) -> None:
    text = write_system_lock(LOCK)
    assert old in text
    (tmp_path / "x.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(LockInvalid, match=r"x\.toml|system packages"):
        SYSTEM_LOCK.read(tmp_path / "x.toml")


def test_what_is_found_for_wheels_holds_for_those_wheels_alone() -> None:
    auto, named = SystemPlan(auto=True), SystemPlan(("libgomp1",))
    other = replace(TARGET, os_version="12")
    assert system_inputs(auto, TARGET, ["a", "b"]) == system_inputs(auto, TARGET, ["b", "a"])
    assert system_inputs(auto, TARGET, ["a"]) != system_inputs(auto, TARGET, ["b"])
    assert system_inputs(named, TARGET, ["a"]) == system_inputs(named, TARGET, ["b"])
    assert system_inputs(named, TARGET, []) != system_inputs(named, other, [])


# --- on the target --------------------------------------------------------------------------------------


EMPTY_DEB = b"!<arch>\ndebian-binary   1700000000  0     0     100644  4         `\n2.0\n"
"""How every deb begins; what comes after is nothing that dpkg would take."""
RPM = b"\xed\xab\xee\xdb\x03\x00\x00\x00" + bytes(88) + b"\x8e\xad\xe8\x01" + bytes(12)


def carrying(folder: Path, *packages: tuple[str, str, str], **more: Any) -> Path:
    """An unpacked bundle for this machine that carries such debs; their bytes are nothing."""
    wheel = make_wheel(folder.parent, "alpha", "1.0", {"alpha.py": b""})
    rows = [
        {"name": name, "version": version, "arch": arch, "path": f"system/{name}.deb", "requested": True}
        for name, version, arch in packages
    ]
    files = {f"system/{name}.deb": EMPTY_DEB + name.encode() for name, _, _ in packages}
    return unpacked(folder, [wheel], system={"manager": "deb", "packages": rows}, files=files, **more)


def seen(bundle: BundleFolder) -> system.Survey:
    found = system.survey(bundle.manifest.document["system"])
    assert found is not None
    return found


def test_what_is_here_in_that_version_or_a_newer_one_is_not_missing(tmp_path: Path) -> None:
    here_now = ARCH[DPKG]
    rows = [("dpkg", here_now, DPKG.arch), ("no-such", "1", "all"), ("bash", "1:99", _arch("bash"))]
    found = seen(open_folder(str(carrying(tmp_path / "b", *rows))))
    assert [each["name"] for each in found.missing] == ["no-such", "bash"]
    older = seen(open_folder(str(carrying(tmp_path / "c", ("dpkg", "0.1", DPKG.arch)))))
    assert (older.missing, len(older.present)) == ([], 1)
    foreign = seen(open_folder(str(carrying(tmp_path / "d", ("dpkg", "0.1", "sh4")))))
    assert len(foreign.missing) == 1


def _arch(name: str) -> str:
    return next(key.arch for key in ARCH if key.name == name)


def test_the_administrator_is_told_names_versions_and_the_command(tmp_path: Path) -> None:
    some = seen(
        open_folder(str(carrying(tmp_path / "a b", ("lib-x", "1", "all"), ("dpkg", "0.1", DPKG.arch))))
    )
    lines = "\n".join(system.listing(some, str(tmp_path / "a b")))
    assert "lib-x 1" in lines
    assert f"dpkg -i '{tmp_path}/a b'/system/lib-x.deb" in lines
    every = seen(open_folder(str(carrying(tmp_path / "c", ("lib-x", "1", "all")))))
    assert f"dpkg -i {tmp_path}/c/system/*.deb" in "\n".join(system.listing(every, str(tmp_path / "c")))
    packed = "\n".join(system.listing(every, "/media/it.parity.tar"))
    assert "tar xf /media/it.parity.tar parity-bundle/system && dpkg -i parity-bundle/system/*.deb" in packed


def test_altered_bytes_are_not_given_to_the_package_manager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    folder = carrying(tmp_path / "b", ("lib-x", "1", "all"))
    bundle = open_folder(str(folder))
    (folder / "system" / "lib-x.deb").write_bytes(b"lib-y")
    (tmp_path / "work").mkdir()
    with pytest.raises(BundleDamaged, match=r"system/lib-x\.deb"):
        system.install(seen(bundle), bundle, str(tmp_path / "work"), lambda line: None)
    assert list((tmp_path / "work").iterdir()) == []


NO_PACKAGES = {
    "a list that rpm would fetch": ("rpm", "x.rpm", b"http://127.0.0.1/evil.rpm\n"),
    "a comment": ("rpm", "x.rpm", b"# not an rpm\nevil.rpm\n"),
    "a source package": ("rpm", "x.rpm", RPM[:7] + b"\x01" + RPM[8:]),
    "an rpm without a header": ("rpm", "x.rpm", RPM[:96] + bytes(16)),
    "a cut rpm": ("rpm", "x.rpm", RPM[:50]),
    "an empty rpm": ("rpm", "x.rpm", b""),
    "a deb as rpm": ("rpm", "x.rpm", EMPTY_DEB),
    "an rpm as deb": ("deb", "x.deb", RPM),
    "an archive of something else": ("deb", "x.deb", b"!<arch>\nfoo.o           " + bytes(60)),
    "a text as deb": ("deb", "x.deb", b"Package: x\n"),
    "a text as apk": ("apk", "x.apk", b"x\n"),
    "another suffix": ("deb", "x.rpm", EMPTY_DEB),
    "an option": ("deb", "--root=x.deb", EMPTY_DEB),
    "a pattern": ("rpm", "*.rpm", RPM),
    "another pattern": ("rpm", "[a-z]{1}.rpm", RPM),
    "an address": ("rpm", "http:x?.rpm", RPM),
    "a space": ("deb", "a b.deb", EMPTY_DEB),
    "a hidden one": ("deb", ".x.deb", EMPTY_DEB),
    "a folder": ("deb", "deep/x.deb", EMPTY_DEB),
    "a command": ("deb", "$(x).deb", EMPTY_DEB),
}


@pytest.mark.parametrize("what", list(NO_PACKAGES))
@pytest.mark.parametrize("with_system", [True, False])
def test_what_is_no_package_is_neither_installed_nor_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, with_system: bool
) -> None:
    manager, name, data = NO_PACKAGES[what]
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(FAMILIES[manager], "installed", dict)
    row = {"name": "x", "version": "1", "arch": "all", "path": f"system/{name}", "requested": True}
    wheel = make_wheel(tmp_path, "alpha", "1.0", {"alpha.py": b""})
    carried = {"manager": manager, "packages": [row]}
    folder = unpacked(tmp_path / "b", [wheel], system=carried, files={f"system/{name}": data})
    lines: list[str] = []
    with pytest.raises(HostileContent, match="is no package"):
        install(Request(str(folder), str(tmp_path / "p"), with_system=with_system), lines.append)
    bundle = open_folder(str(folder))
    (tmp_path / "work").mkdir()
    with pytest.raises(HostileContent, match="is no package"):
        system.install(seen(bundle), bundle, str(tmp_path / "work"), lines.append)
    assert os.listdir(tmp_path / "work") == []
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("manager", "name", "data"),
    [
        ("rpm", "libgomp-11.4.1-3.el9.x86_64.rpm", RPM),
        ("deb", "libgomp1_1%3a10.2.1-6~deb_amd64.deb", EMPTY_DEB),
        ("deb", "x.deb", EMPTY_DEB.replace(b"binary ", b"binary/")),
        ("apk", "libgomp-14.2.0-r4.apk", b"\x1f\x8b\x08\x00"),
    ],
)
def test_packages_are_taken_for_what_they_are(tmp_path: Path, manager: str, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert packagefile.is_file_name(name, manager)
    assert packagefile.is_package(str(tmp_path / name), manager)


def test_what_the_package_manager_says_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    # What is carried is no package at all, so that this machine's own dpkg refuses it.
    folder = carrying(tmp_path / "b", ("lib-x", "1", "all"))
    request = Request(str(folder), str(tmp_path / "p"), with_system=True)
    if os.geteuid() != 0:
        with pytest.raises(NotRoot):
            install(request, lambda line: None)
        return
    with pytest.raises(InstallFailed, match=r"(?s)dpkg would not install.*lib-x\.deb"):
        install(request, lambda line: None)
    assert not (tmp_path / "p").exists()
    assert Key("lib-x", "all") not in FAMILIES["deb"].installed()


def test_only_root_installs_them_and_nothing_is_begun_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    folder = carrying(tmp_path / "b", ("lib-x", "1", "all"))
    with pytest.raises(NotRoot, match="lib-x 1") as caught:
        install(Request(str(folder), str(tmp_path / "p"), with_system=True), lambda line: None)
    assert "as root" in caught.value.remedy
    assert not (tmp_path / "p").exists()
    there = carrying(tmp_path / "c", ("dpkg", "0.1", DPKG.arch))
    document = install(
        Request(str(there), str(tmp_path / "q"), with_system=True, dry_run=True), lambda line: None
    )
    assert document["system"] is not None
    assert [each["name"] for each in document["system"]["present"]] == ["dpkg"]


def test_packages_of_another_release_are_refused_even_where_the_wheels_are_not(tmp_path: Path) -> None:
    aim = {**here(), "os": {"id": "debian", "version": "99"}}
    folder = carrying(tmp_path / "b", ("lib-x", "1", "all"), aim=aim)
    request = Request(str(folder), str(tmp_path / "p"), allow_other_os=True, dry_run=True)
    with pytest.raises(WrongHost, match="system packages are for another OS"):
        install(request._replace(with_system=True), lambda line: None)
    lines: list[str] = []
    document = install(request, lines.append)
    assert document["system"] is None
    assert not [line for line in lines if "dpkg" in line]


def test_a_host_without_that_package_manager_is_refused_only_where_it_is_to_install(tmp_path: Path) -> None:
    row = {"name": "x", "version": "1-r0", "arch": "x86_64", "path": "system/x.apk", "requested": True}
    wheel = make_wheel(tmp_path, "alpha", "1.0", {"alpha.py": b""})
    carried = {"manager": "apk", "packages": [row]}
    folder = unpacked(tmp_path / "b", [wheel], system=carried, files={"system/x.apk": b"\x1f\x8b\x08"})
    request = Request(str(folder), str(tmp_path / "p"), dry_run=True)
    with pytest.raises(WrongHost, match="no apk"):
        install(request._replace(with_system=True), lambda line: None)
    document = install(request, lambda line: None)
    assert document["system"] is None
    assert any("no apk" in line for line in document["warnings"])


# --- in the payload ---------------------------------------------------------------------------------------


def test_the_receiver_is_told_what_is_carried_and_how_it_is_installed() -> None:
    text = system_text(SystemSet("deb", (GOMP,)))
    assert "sh install.sh PREFIX --with-system" in text
    assert "  dpkg -i system/*.deb\n" in text
    assert "  libgomp1 10.2.1-6\n" in text
    assert system_text(None) == system_text(SystemSet("deb", ())) == ""


def test_the_manifest_names_each_package_and_its_file(tmp_path: Path) -> None:
    made = make_bundle(tmp_path, {"system/libgomp1_10.2.1-6_amd64.deb": b"deb"})
    digest = hashlib.sha256(b"deb").hexdigest()
    assert digest in made.files["manifest.json"].decode()


EARLY = (
    "dpkg: regarding /s/systemd-sysv.deb containing systemd-sysv, pre-dependency problem:\n"
    " systemd-sysv pre-depends on systemd\n  systemd is unpacked, but has never been configured.\n\n"
    "dpkg: error processing archive /s/systemd-sysv.deb (--install):\n"
    " pre-dependency problem - not installing systemd-sysv\n"
)
OTHER = "dpkg: error processing archive /s/x.deb (--install):\n conflicting packages - not installing x\n"


def test_only_what_comes_too_early_is_tried_once_more() -> None:
    deb = FAMILIES["deb"]
    assert deb.comes_right(EARLY)
    assert not deb.comes_right(EARLY + OTHER)
    assert not deb.comes_right("dpkg: error: cannot access archive: no such file\n")
    assert not FAMILIES["rpm"].comes_right(EARLY)
