"""What the ELF files of an environment need, read from them, and what the real loader says of it."""

from __future__ import annotations

import importlib.util
import itertools
import platform
import re
import struct
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.elves import MACHINES, shared_library

from parity.guest.environment.modules import distributions
from parity.guest.native import linker
from parity.guest.native.elf import read_elf
from parity.guest.native.linker import judge, locate, system_loader
from parity.portable.machine.platformtags import LibcVersion

NOWHERE = "libnothing-like-this.so.9"


def real_library() -> Path:
    """The compiled module of cffi, which comes with cryptography."""
    found = importlib.util.find_spec("_cffi_backend")
    assert found
    assert found.origin
    return Path(found.origin)


def ours(*needed: str, **more: Any) -> bytes:
    return shared_library(needed, machine=MACHINES[platform.machine()], **more)


def written(path: Path, data: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return str(path)


def installed(
    site: Path, name: str, files: Mapping[str, bytes], platforms: Sequence[str] = ("manylinux_2_17_x86_64",)
) -> None:
    """Lay a distribution out as an installer does."""
    info = f"{name}-1.0.dist-info"
    tags = "".join(f"Tag: py3-none-{each}\n" for each in platforms)
    for path, data in {**files, f"{info}/WHEEL": f"Wheel-Version: 1.0\n{tags}".encode()}.items():
        written(site / path, data)
    (site / info / "RECORD").write_text("".join(f"{path},,\n" for path in [*files, f"{info}/WHEEL"]))


def judged(site: Path) -> Any:
    return judge(str(site), distributions(str(site)))


# --- the file's own words -------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_file_of_any_class_and_byte_order_is_read(tmp_path: Path, bits: int, order: str) -> None:
    needs = {"libc.so.6": ["GLIBC_2.2.5", "GLIBC_2.34"], "libq.so": ["Q_1", "Q_2"]}
    data = shared_library(
        ["libc.so.6", "libq.so"],
        needs,
        soname="libdemo.so.3",
        defined=["DEMO_1", "DEMO_2"],
        weak=["Q_2"],
        bits=bits,
        order=order,
        machine=MACHINES["s390x"],
    )
    read = read_elf(written(tmp_path / "demo.so", data))
    assert read
    assert read.kind == (bits // 32, 1 if order == "<" else 2, MACHINES["s390x"])
    assert (read.soname, read.needed) == ("libdemo.so.3", ["libc.so.6", "libq.so"])
    assert read.versions == [("libc.so.6", "GLIBC_2.2.5"), ("libc.so.6", "GLIBC_2.34"), ("libq.so", "Q_1")]
    assert read.defined == ["DEMO_1", "DEMO_2"]


def told_by_the_loader(path: str) -> set[tuple[str, str]]:
    """The (library, symbol version) needs of a file as `ldd -v` prints them."""
    environment = {"LD_TRACE_LOADED_OBJECTS": "1", "LD_VERBOSE": "1", "LC_ALL": "C"}
    done = subprocess.run(
        [system_loader(), path], stdout=subprocess.PIPE, check=True, text=True, env=environment
    )
    own = done.stdout.partition("Version information:\n")[2].partition(f"\t{path}:\n")[2]
    lines = [re.fullmatch(r"\t\t(\S+) \((\S+)\) => .*", line) for line in own.splitlines()]
    return {(line[1], line[2]) for line in itertools.takewhile(bool, lines) if line}


def test_real_files_are_read_as_the_loader_reads_them() -> None:
    places = locate(system_loader(), ["libm.so.6", "libgcc_s.so.1", "libz.so.1", "libstdc++.so.6"])
    assert len(places) >= 3
    needed = 0
    for name, path in places.items():
        read = read_elf(path)
        assert read
        assert read.soname == name.rpartition("/")[2]
        assert set(read.versions) == told_by_the_loader(path)
        needed += len(read.versions)
    assert needed > 10
    read = read_elf(places["libstdc++.so.6"])
    assert read
    assert {"GLIBCXX_3.4", "CXXABI_1.3"} < set(read.defined)


def test_what_is_no_elf_file_has_no_needs(tmp_path: Path) -> None:
    assert read_elf(written(tmp_path / "script.so", b"GROUP ( libc.so.6 )\n")) is None
    assert read_elf(written(tmp_path / "empty.so", b"")) is None
    assert read_elf(written(tmp_path / "magic.so", b"\x7fELF")) is None


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spoiled") / "spoiled.so"


SMALL = shared_library(["liba.so.1"], {"liba.so.1": ["A_1", "A_2"]}, soname="libb.so", defined=["B_1"])
WORDS = st.sampled_from([0, 1, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF])


@given(
    st.lists(st.tuples(st.integers(4, len(SMALL) - 8), WORDS | st.integers(0, 2**64 - 1)), max_size=6),
    st.integers(5, len(SMALL)),
)
def test_a_spoiled_file_never_stops_the_reader(
    spoiled: Path, changes: list[tuple[int, int]], length: int
) -> None:
    data = bytearray(SMALL)
    for at, word in changes:
        struct.pack_into("<Q", data, at, word)
    read = read_elf(written(spoiled, bytes(data[:length])))
    assert read is None or len(read.needed) + len(read.versions) < 10_000


@given(st.binary(max_size=600))
def test_noise_behind_the_magic_never_stops_the_reader(spoiled: Path, noise: bytes) -> None:
    read_elf(written(spoiled, b"\x7fELF" + noise))


# --- the loader's word ----------------------------------------------------------------------------


def test_every_missing_library_is_named_at_once_with_its_owner(tmp_path: Path) -> None:
    data = real_library().read_bytes()
    broken = data.replace(b"libc.", b"libq.").replace(b"libpthread.", b"libpthraed.")
    installed(tmp_path, "pkg", {"pkg/fine.so": data, "pkg/broken.so.1": broken, "pkg/text.so": b"GROUP ()"})
    installed(tmp_path, "tool", {"../bin/tool": ours(NOWHERE)})
    found = judged(tmp_path)["missing_libraries"]
    assert {"package": "tool", "file": "bin/tool", "library": NOWHERE} in found
    mine = [each for each in found if each["package"] == "pkg"]
    assert {each["file"] for each in mine} == {"pkg/broken.so.1"}
    command = [system_loader(), str(tmp_path / "pkg" / "broken.so.1")]
    told = subprocess.run(
        command, env={"LD_TRACE_LOADED_OBJECTS": "1"}, capture_output=True, text=True, check=False
    )
    assert {each["library"] for each in mine} == set(re.findall(r"(\S+) => not found", told.stdout))
    assert "libq.so.6" in told.stdout


def test_what_another_wheel_provides_is_not_missing(tmp_path: Path) -> None:
    needs = {"libother-1a2b.so.1": ["OTHER_2"], "libnamed.so.4": ["NAMED_1"]}
    installed(tmp_path, "user", {"user.so": ours("libother-1a2b.so.1", "libnamed.so.4", versions=needs)})
    assert {each["library"] for each in judged(tmp_path)["missing_libraries"]} == set(needs)
    installed(tmp_path, "other", {"other.libs/libother-1a2b.so.1": ours()})
    installed(tmp_path, "named", {"named/lib/anything.so": ours(soname="libnamed.so.4")})
    found = judged(tmp_path)
    assert (found["missing_libraries"], found["missing_versions"]) == ([], [])


def test_a_library_of_a_library_is_missing_once_where_it_is_needed(tmp_path: Path) -> None:
    inner = ours(NOWHERE, soname="libinner.so")
    installed(tmp_path, "pkg", {"pkg/outer.so": ours("libinner.so"), "pkg/libinner.so": inner})
    assert [each["file"] for each in judged(tmp_path)["missing_libraries"]] == ["pkg/libinner.so"]


def test_a_symbol_version_that_the_system_lacks_is_named_by_the_loader(tmp_path: Path) -> None:
    needs = {"libc.so.6": ["GLIBC_2.17", "GLIBC_9.99"], "libm.so.6": ["GLIBC_8.8"]}
    installed(tmp_path, "new", {"new.so": ours("libc.so.6", "libm.so.6", versions=needs, weak=["GLIBC_8.8"])})
    found = judged(tmp_path)
    row = {"package": "new", "file": "new.so", "library": "libc.so.6", "version": "GLIBC_9.99"}
    assert (found["missing_versions"], found["missing_libraries"]) == ([row], [])


@pytest.mark.parametrize(("version", "works"), [("1.2.3", False), ("1.2.4", True), ("1.2.5_git20", True)])
def test_packed_relocations_need_a_musl_that_knows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, *, works: bool
) -> None:
    installed(tmp_path, "new", {"new.so": ours(packed=True), "old.so": ours()})
    assert judged(tmp_path)["missing_versions"] == []  # glibc says it by a symbol version
    monkeypatch.setattr(linker, "system_loader", lambda: "/lib/ld-musl-x86_64.so.1")
    monkeypatch.setattr(linker, "locate", lambda _loader, _names: {})
    monkeypatch.setattr(linker, "measure_libc", lambda: LibcVersion("musl", (1, 2), version))
    row = {
        "package": "new",
        "file": "new.so",
        "library": "ld-musl-x86_64.so.1",
        "version": "musl 1.2.4 (DT_RELR)",
    }
    assert judged(tmp_path)["missing_versions"] == ([] if works else [row])


def test_files_for_other_machines_are_left_alone(tmp_path: Path) -> None:
    foreign = shared_library([NOWHERE], machine=MACHINES["i386"], bits=32)
    installed(tmp_path, "many", {"many/x86.so": foreign}, ["any"])
    assert judged(tmp_path) == {"missing_libraries": [], "missing_versions": [], "natives": []}


def test_the_loader_never_opens_a_file_of_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it opens can take it over: an audit library runs, a segment covers the loader's own code."""
    asked: list[str] = []
    run = subprocess.run

    def recorded(command: Sequence[str], *, env: Mapping[str, str], **more: Any) -> Any:
        asked.extend([*command, *env.values()])
        return run(command, env=env, **more)

    monkeypatch.setattr(subprocess, "run", recorded)
    site = tmp_path / "site"
    needs = {"libc.so.6": ["GLIBC_9.99"]}
    files = {"a.so": ours(NOWHERE, "libc.so.6", versions=needs), "b.so": b"\x7fELF damaged"}
    installed(site, "pkg", {**files, "c.so": ours(str(site / "a.so"))})
    found = judged(site)
    assert {each["library"] for each in found["missing_libraries"]} == {NOWHERE}
    assert {each["version"] for each in found["missing_versions"]} == {"GLIBC_9.99"}
    assert asked
    assert not [word for word in asked if str(site) in word]


def test_a_library_in_a_folder_of_the_system_that_the_file_names_is_there(tmp_path: Path) -> None:
    written(tmp_path / "system" / "libodd.so.3", ours())
    installed(tmp_path / "site", "pkg", {"a.so": ours("libodd.so.3", paths=f"$ORIGIN/x:{tmp_path}/system")})
    installed(tmp_path / "site", "other", {"b.so": ours("libodd.so.3")})
    assert [each["package"] for each in judged(tmp_path / "site")["missing_libraries"]] == ["other"]


def test_a_name_that_the_loader_would_take_apart_is_not_put_to_it(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    odd = "libc.so.6:libm.so.6"
    installed(tmp_path, "odd", {"odd.so": ours(odd, "libc.so.6 x")})
    assert locate(system_loader(), [odd]).keys() == locate(system_loader(), []).keys()
    assert {each["library"] for each in judged(tmp_path)["missing_libraries"]} >= {odd}


# --- what wheels need -----------------------------------------------------------------------------


def needs_of(site: Path) -> dict[str, list[tuple[str, str, str, bool]]]:
    return {
        each["package"]: [(n["family"], n["version"], n["file"], n["module"]) for n in each["needs"]]
        for each in judged(site)["natives"]
    }


def test_the_highest_versions_of_a_package_are_told_with_its_tags(tmp_path: Path) -> None:
    files = {
        "a.so": ours("libc.so.6", versions={"libc.so.6": ["GLIBC_2.2.5", "GLIBC_2.9", "GLIBC_PRIVATE"]}),
        "b.so": ours(versions={"libc.so.6": ["GLIBC_2.14"], "libstdc++.so.6": ["GLIBCXX_3.4.21"]}),
        "c.so": ours(versions={"libc.so.6": ["GLIBC_ABI_DT_RELR"]}),
    }
    installed(
        tmp_path, "pkg", dict(list(files.items())[:2]), ["manylinux_2_17_x86_64", "manylinux2014_x86_64"]
    )
    assert judged(tmp_path)["natives"][0]["platforms"] == ["manylinux2014_x86_64", "manylinux_2_17_x86_64"]
    assert needs_of(tmp_path) == {
        "pkg": [("GLIBC", "2.14", "b.so", True), ("GLIBCXX", "3.4.21", "b.so", True)]
    }
    installed(tmp_path, "pkg", files)  # packed relocations need a glibc that knows them
    assert ("GLIBC", "2.36", "c.so", True) in needs_of(tmp_path)["pkg"]


def test_what_a_carried_library_defines_is_no_need_of_the_system(tmp_path: Path) -> None:
    user = ours("libstdc++.so.6", versions={"libstdc++.so.6": ["GLIBCXX_3.4.99"]})
    installed(tmp_path, "user", {"user.so": user})
    installed(tmp_path, "carrier", {"carrier.libs/libstdc++.so.6": ours()})
    assert needs_of(tmp_path) == {"carrier": [], "user": []}


def test_without_a_platform_only_extension_modules_bind(tmp_path: Path) -> None:
    needs = {"libc.so.6": ["GLIBC_2.34"]}
    extra, module = ours(versions=needs), ours(versions=needs) + b"\0PyInit_demo\0"
    installed(tmp_path, "extras", {"extras/attach.so": extra}, ["any"])
    installed(tmp_path, "module", {"demo.so": module}, ["any"])
    assert needs_of(tmp_path) == {
        "extras": [("GLIBC", "2.34", "extras/attach.so", False)],
        "module": [("GLIBC", "2.34", "demo.so", True)],
    }
