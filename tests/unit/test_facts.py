"""What a machine is, as its Python sees it."""

from __future__ import annotations

import platform
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from packaging import markers, tags

from parity.portable.machine import facts, platformtags


def test_the_tags_are_those_of_packaging_in_its_order() -> None:
    libc = platformtags.measure_libc()
    assert platformtags.wheel_tags(libc) == [str(tag) for tag in tags.sys_tags()]


def test_the_markers_are_complete_and_those_of_packaging() -> None:
    assert facts.markers() == dict(markers.default_environment())


def test_the_facts_of_this_machine() -> None:
    found = facts.measure()
    assert found["format"] == "parity-facts/1"
    assert (found["python"], found["arch"]) == (platform.python_version(), platform.machine())
    assert found["libc"] is not None
    assert found["libc"]["family"] == "glibc"
    assert found["libc"]["text"] == platform.libc_ver()[1]
    assert found["executable"] == sys.executable
    assert found["has_venv"] is True
    command = [sys.executable, "-I", "-c", "import pip; print(pip.__version__)"]
    assert found["pip"] == subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert set(found["pip_tags"] or ["none"]) <= set(found["tags"])


OS_RELEASES = {
    'NAME="Red Hat"\nVERSION="9.4 (Plow)"\nID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.4"\n': ("rhel", "9.4"),
    'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME="Alpine Linux v3.22"\n': (
        "alpine",
        "3.22.1",
    ),
    'NAME="SLES"\nVERSION="15-SP6"\nVERSION_ID="15.6"\nID="sles"\nCPE_NAME="cpe:/o:suse:sles:15:sp6"\n': (
        "sles",
        "15.6",
    ),
    'NAME="Amazon Linux"\nVERSION="2023"\nID="amzn"\nVERSION_ID="2023"\n': ("amzn", "2023"),
    "# a comment\n\nID='debian'\nVERSION_ID=\"13\"\nnot an assignment\n": ("debian", "13"),
    'ID=debian\nPRETTY_NAME="Debian GNU/Linux forky/sid"\n': ("debian", None),
    'ID="we\\"ird\\$"\nVERSION_ID=""\n': ('we"ird$', ""),
}


@pytest.mark.parametrize("text", OS_RELEASES)
def test_os_release_in_every_spelling(text: str) -> None:
    fields = facts.parse_os_release(text)
    assert (fields["ID"], fields.get("VERSION_ID")) == OS_RELEASES[text]


@pytest.mark.parametrize(
    ("banner", "version"),
    [
        ("musl libc (x86_64)\nVersion 1.2.5\nDynamic Program Loader\nUsage: ...\n", "1.2.5"),
        ("musl libc (aarch64)\nVersion 1.1.24_git20200101\n", "1.1.24_git20200101"),
        ("ld.so (Debian GLIBC 2.31) stable\n", ""),
        ("", ""),
    ],
)
def test_musl_is_known_by_its_banner(banner: str, version: str) -> None:
    assert platformtags.musl_version_in(banner) == version


def test_the_loader_of_a_program_is_read_from_its_elf_header(tmp_path: Path) -> None:
    assert Path(platformtags.elf_loader(sys.executable)).name.startswith("ld-linux")
    script = tmp_path / "script"
    for data in (b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\2\1" + bytes(60), b"\x7fELF\2\1" + b"\xff" * 90):
        script.write_bytes(data)
        assert platformtags.elf_loader(str(script)) == ""
    assert platformtags.elf_loader(str(tmp_path / "missing")) == ""


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [32, 64])
def test_elf_headers_of_every_kind(tmp_path: Path, order: str, bits: int) -> None:
    loader = b"/lib/ld-musl-s390x.so.1\0"
    ident = b"\x7fELF" + bytes([2 if bits == 64 else 1, 1 if order == "<" else 2]) + bytes(10)
    if bits == 64:
        header = struct.pack(order + "HHIQQQIHHHHHH", 2, 22, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
        table = struct.pack(order + "IIQQQQQQ", 1, 0, 0, 0, 0, 0, 0, 0)
        table += struct.pack(order + "IIQQQQQQ", 3, 4, 176, 0, 0, len(loader), 0, 1)
    else:
        header = struct.pack(order + "HHIIIIIHHHHHH", 2, 22, 1, 0, 52, 0, 0, 52, 32, 2, 0, 0, 0)
        table = struct.pack(order + "IIIIIIII", 1, 0, 0, 0, 0, 0, 0, 0)
        table += struct.pack(order + "IIIIIIII", 3, 116, 0, 0, len(loader), 0, 4, 1)
    program = tmp_path / "program"
    program.write_bytes(ident + header + table + loader)
    assert platformtags.elf_loader(str(program)) == "/lib/ld-musl-s390x.so.1"


def test_a_musl_machine_has_musllinux_tags_and_no_others() -> None:
    found = platformtags.platform_tags(platformtags.LibcVersion("musl", (1, 2), "1.2.5"))
    arch = platform.machine()
    assert found == [
        f"linux_{arch}",
        f"musllinux_1_2_{arch}",
        f"musllinux_1_1_{arch}",
        f"musllinux_1_0_{arch}",
    ]
